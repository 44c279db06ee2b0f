import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startUpstream, status } from '../../../test/support/hostile-upstream.ts';
import { hexOf } from '../../../test/support/mirror-reader.ts';
import { openTestMirror } from '../../../test/support/mirror-run.ts';
import { serveFolder } from '../../../test/support/planned-mirror.ts';
import { newFolder } from '../../../test/support/server.ts';
import type { Digest, PlannedFile } from '../../mirror/plan.ts';

test('the same content under two names comes once, though one of them has more checksums', async (t) => {
  const upstream = newFolder('upstream');
  const content = Buffer.alloc(3_000_000, 'q');
  mkdirSync(join(upstream, 'pool'));
  for (const name of ['a', 'b']) writeFileSync(join(upstream, 'pool', name), content);
  const { url, asked } = await serveFolder(t, upstream);
  const digest = (algorithm: Digest['algorithm']): Digest => ({ algorithm, hex: hexOf(algorithm, content) });
  const file = (path: string, digests: readonly Digest[]): PlannedFile => ({
    path,
    bytes: content.length,
    digests,
    role: 'package',
    isOptional: false,
  });
  const files = [file('pool/a', [digest('sha256')]), file('pool/b', [digest('md5'), digest('sha256')])];
  const mirror = openTestMirror(url);
  const { result, reason } = await mirror.run({
    planTree: async () => ({ files, entries: [], contents: new Map(), revision: '=1', remarks: [] }),
  });
  assert.equal(result, 'published', reason);
  assert.equal(asked.length, 1, asked.join());
  const live = mirror.live();
  assert.deepEqual([...live.keys()], ['pool/a', 'pool/b']);
  for (const text of live.values()) assert.equal(hexOf('sha256', text), digest('sha256').hex);
});

type Named = readonly [path: string, content: string, isOptional?: boolean | undefined];

/** A mirror whose metadata name files of these contents; `there`: what of them the upstream has, by path. */
async function openTree(t: TestContext, names: readonly Named[], there: readonly string[]) {
  const contents = Object.fromEntries(names.map(([path, content]) => [path, content]));
  const upstream = await startUpstream(t, Object.fromEntries(there.map((path) => [path, contents[path] ?? ''])));
  const files = names.map(([path, content, isOptional = false]): PlannedFile => {
    const digests = [{ algorithm: 'sha256', hex: hexOf('sha256', Buffer.from(content)) }] as const;
    return { path, bytes: content.length, digests, role: 'package', isOptional };
  });
  const mirror = openTestMirror(upstream.url);
  const planTree = async () => ({ files, entries: [], contents: new Map(), revision: '=1', remarks: [] });
  return {
    upstream,
    refused: mirror.refused,
    paths: () => [...mirror.live().keys()],
    run: (allowMissing: readonly string[] = []) => mirror.run({ planTree, allowMissing }),
  };
}

const firsts: readonly (readonly [string, { isOptional?: boolean; allowMissing?: readonly string[] }])[] = [
  ['is optional', { isOptional: true }],
  ['may be missing', { allowMissing: ['a'] }],
  ['is required', {}],
];

for (const [what, { isOptional, allowMissing }] of firsts) {
  const names: readonly Named[] = [
    ['a', 'same', isOptional],
    ['b', 'same'],
    ['c', 'other'],
  ];

  test(`a content that the upstream has by its second name only is there, where the first ${what}`, async (t) => {
    const tree = await openTree(t, names, ['b', 'c']);
    const { result, reason } = await tree.run(allowMissing);
    assert.equal(result, 'published', reason);
    assert.deepEqual(tree.paths(), ['a', 'b', 'c']);
    assert.deepEqual(tree.refused, []);
  });

  test(`a content that the upstream has by no name fails the run for its second one, where the first ${what}`, async (t) => {
    const tree = await openTree(t, names, ['c']);
    const { result, reason } = await tree.run(allowMissing);
    assert.equal(result, 'failed', reason);
    assert.ok(tree.refused.includes('b: the upstream has no b'), tree.refused.join());
  });
}

test('a content that need not be there by any of its names is left out', async (t) => {
  const names: readonly Named[] = [
    ['a', 'same', true],
    ['b', 'same'],
    ['c', 'other'],
  ];
  const tree = await openTree(t, names, ['c']);
  const { result, reason } = await tree.run(['b']);
  assert.equal(result, 'published', reason);
  assert.deepEqual(tree.paths(), ['c']);
  assert.deepEqual(tree.refused, ['b: the upstream has no b']);
  // What is not there may be asked for twice, as an answer in a row is not believed.
  assert.deepEqual(new Set(tree.upstream.asked), new Set(['GET a', 'GET b', 'GET c']));
});

/** The largest is asked for first: what comes after them is small. */
const many = Array.from({ length: 400 }, (_, index): Named => [`many-${index}`, `a content, ${index} of many`]);

test('files that may be missing are no reason to give up, however many they are', async (t) => {
  const tree = await openTree(t, [...many, ['a', 'small']], ['a']);
  const { result, reason } = await tree.run(['many-*']);
  assert.equal(result, 'published', reason);
  assert.deepEqual(tree.paths(), ['a']);
  assert.equal(tree.refused.length, many.length);
});

test('an upstream that refuses everything is given up, and publishes nothing, also where all may be missing', async (t) => {
  const tree = await openTree(t, [...many, ['a', 'small']], ['a']);
  for (const [path] of many) tree.upstream.faults.set(path, status(403));
  const { result, reason } = await tree.run(['**']);
  assert.equal(result, 'failed', reason);
  assert.ok(tree.refused.length < many.length, `${tree.refused.length}`);
  assert.deepEqual(tree.paths(), []);
});
