import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { describeCatalogue } from './describe-catalogue.ts';
import { catalogue } from './event.ts';

test('docs/messages.md is what tools/write-messages.ts writes', () => {
  const written = readFileSync(new URL('../../docs/messages.md', import.meta.url), 'utf8');
  assert.equal(written, describeCatalogue(), 'stale: run tools/run.sh tools/write-messages.ts');
});

test('every event has a paragraph, that ends as a sentence does, and a section with a name', () => {
  const text = describeCatalogue();
  for (const [id, { help }] of Object.entries(catalogue)) {
    assert.match(help, /[.:]$/, id);
    assert.ok(text.includes(`### \`${id}\`\n\n*`), id);
  }
  for (const [, title] of text.matchAll(/^## (.*)$/gm)) assert.match(title ?? '', /^[A-Z]/, 'add its area to AREAS');
});
