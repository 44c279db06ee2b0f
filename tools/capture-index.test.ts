import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readFixtures } from './capture/read-fixtures.ts';
import { isCaptured, reasonOf, renderIndex } from './capture/render-index.ts';
import { scenes } from './capture/scenes.ts';

const fixtures = readFixtures();

test('every fixture is captured, or says why it cannot be', () => {
  const silent = fixtures.filter((one) => !isCaptured(one) && reasonOf(one) === undefined);
  assert.deepEqual(
    silent.map(({ name, from }) => `${name}: ${from}`),
    [],
  );
});

test('every scene has been played, and its fixture says what the scene says', () => {
  const told = scenes.flatMap((scene) => [scene, ...(scene.parts ?? [])]);
  for (const { name, what, how, expect } of told) {
    const fixture = fixtures.find((one) => one.name === name);
    assert.ok(fixture && isCaptured(fixture), `${name}: run tools/run.sh tools/capture-trouble.ts ${name}`);
    assert.deepEqual([fixture.what, fixture.expect], [what, expect], name);
    assert.ok(fixture.from.startsWith(`captured: ${how} (`), `${name}: ${fixture.from}`);
  }
});

test('docs/records/failures.md is what tools/capture-trouble.ts --index writes', () => {
  const written = readFileSync(new URL('../docs/records/failures.md', import.meta.url), 'utf8');
  assert.equal(written, renderIndex(fixtures), 'stale: run tools/run.sh tools/capture-trouble.ts --index');
});
