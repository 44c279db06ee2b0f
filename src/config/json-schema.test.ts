import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { renderJsonSchema } from './json-schema.ts';

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
}

/** Every key that the schema names, at any depth. */
function keysOf(node: Node | boolean | undefined): string[] {
  if (node === undefined || typeof node === 'boolean') return [];
  const own = Object.entries(node.properties ?? {}).flatMap(([key, value]) => [key, ...keysOf(value)]);
  return [...own, ...keysOf(node.additionalProperties), ...keysOf(node.items)];
}

test('schema/rackready.schema.json is what tools/write-schema.ts writes', () => {
  const written = readFileSync(new URL('../../schema/rackready.schema.json', import.meta.url), 'utf8');
  assert.equal(written, renderJsonSchema(), 'stale: run tools/run.sh tools/write-schema.ts');
});

test('docs/configuration.md tells every key', () => {
  const docs = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  const keys = keysOf(JSON.parse(renderJsonSchema()));
  assert.ok(keys.length > 60);
  const missing = keys.filter((key) => !docs.includes(`\`${key}\``) && !docs.includes(`.${key}\``));
  assert.deepEqual([...new Set(missing)], []);
});
