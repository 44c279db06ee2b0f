import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { fitsGlob } from './glob.ts';
import { judgeCandidate } from './guard.ts';
import { learnedKeys, packageKey } from './learned.ts';
import { formatManifest, type Manifest, type ManifestEntry, measureManifest, parseManifest } from './manifest.ts';
import { whyNoSnapshot } from './next-step.ts';
import { choosePruned, uniteLive } from './prune.ts';
import { planPublish } from './publish-plan.ts';
import { emptyState, findSnapshot, liveOrder, type MirrorState, type SnapshotRecord, snapshotId } from './state.ts';

const hash = (digit: string) => digit.repeat(64);

function entry(path: string, digit: string, more: Partial<ManifestEntry> = {}): ManifestEntry {
  return { path, bytes: 10, sha256: hash(digit), role: 'package', isVerified: true, ...more };
}

function manifest(...entries: readonly ManifestEntry[]): Manifest {
  return new Map(entries.map((one) => [one.path, one]));
}

const size = { files: 100, bytes: 1000, packages: 90, unverified: 0 };

function snapshot(id: string, at = 0): SnapshotRecord {
  return { id, at, revision: '', size, entries: [], boot: {}, remarks: [] };
}

describe('manifests', () => {
  test('are read as they were written, in the order of their paths', () => {
    const one = manifest(entry('b', '1'), entry('a/ü+~.rpm', '2', { isVerified: false, aliasOf: 'b' }));
    const text = formatManifest(one);
    assert.ok(text.indexOf('a/ü') < text.indexOf('"b"'));
    assert.deepEqual(parseManifest(text), { manifest: one });
  });

  for (const [name, text] of [
    ['half a line', formatManifest(manifest(entry('a', '1'))).slice(0, -1)],
    ['another text', 'hello\n'],
    ['a path that leads out', `${JSON.stringify(entry('../a', '1'))}\n`],
    ['a checksum that is none', `${JSON.stringify({ ...entry('a', '1'), sha256: '../../x' })}\n`],
    ['a size that is none', `${JSON.stringify({ ...entry('a', '1'), bytes: '10' })}\n`],
    ['null', 'null\n'],
  ] as const)
    test(`with ${name} are refused`, () => assert.ok('problem' in parseManifest(text)));

  test('are measured without metadata and further names', () => {
    const tree = manifest(
      entry('a.rpm', '1'),
      entry('repomd.xml', '2', { role: 'metadata' }),
      entry('x', '3', { role: 'other', isVerified: false }),
      entry('y', '3', { role: 'other', aliasOf: 'x' }),
    );
    assert.deepEqual(measureManifest(tree), { files: 2, bytes: 20, packages: 1, unverified: 1 });
  });
});

describe('judgeCandidate()', () => {
  const old = { size, revision: '=100' };
  const judge = (next: object, revision = '=200') =>
    judgeCandidate(old, { size: { ...size, ...next }, revision }, 1_000_000);
  test('what is as large, or larger, is published', () => {
    assert.deepEqual(judge({}), []);
    assert.deepEqual(judge({ files: 500, bytes: 9000 }), []);
    assert.deepEqual(judgeCandidate(undefined, { size, revision: '' }, 0), []);
  });
  test('a fifth of the files may go, not more', () => {
    assert.deepEqual(judge({ files: 80 }), []);
    assert.match(judge({ files: 79 }).join(), /21 of 100 files would be gone/);
  });
  test('half of the bytes may go, not more', () => {
    assert.deepEqual(judge({ files: 99, bytes: 500 }), []);
    assert.match(judge({ files: 99, bytes: 499 }).join(), /501 B of 1\.0 kB would be gone/);
  });
  test('a few files of a small tree may go', () => {
    const small = { size: { ...size, files: 6 }, revision: '' };
    assert.deepEqual(judgeCandidate(small, { size: { ...size, files: 2 }, revision: '' }, 0), []);
  });
  test('nothing at all, no packages, an older state, and one that has expired are held', () => {
    assert.match(judgeCandidate(undefined, { size: { ...size, files: 0 }, revision: '' }, 0).join(), /is empty/);
    assert.match(judge({ packages: 0 }).join(), /none of its 90 packages/);
    assert.match(judge({}, '=99').join(), /goes back from revision =100 to =99/);
    const doubtful = { size, revision: '=200', doubts: ['it is another suite'] };
    assert.deepEqual(judgeCandidate(undefined, doubtful, 0), doubtful.doubts);
    assert.deepEqual(judgeCandidate(old, doubtful, 0), doubtful.doubts);
    assert.deepEqual(judgeCandidate({ ...old, doubts: doubtful.doubts }, doubtful, 0), []);
    const expired = judgeCandidate(old, { size, revision: '=200', validUntil: 1 }, 2);
    assert.match(expired.join(), /valid until 1970-01-01T00:00:00.001Z only/);
  });
});

describe('planPublish()', () => {
  test('new names first, changed ones then, entry files last and in their order', () => {
    const next = manifest(
      entry('repodata/repomd.xml', '1'),
      entry('repodata/repomd.xml.asc', '2'),
      entry('.treeinfo', '3'),
      entry('a.rpm', '4'),
      entry('comps.xml', '5'),
      entry('same.rpm', '6'),
    );
    const live = manifest(
      entry('comps.xml', '0'),
      entry('same.rpm', '6'),
      entry('repodata/repomd.xml', '0'),
      entry('gone.rpm', '0'),
    );
    const plan = planPublish(live, next, ['repodata/repomd.xml.asc', 'repodata/repomd.xml']);
    const paths = (entries: readonly ManifestEntry[]) => entries.map(({ path }) => path);
    assert.deepEqual(paths(plan.add), ['a.rpm']);
    assert.deepEqual(paths(plan.replace), ['comps.xml']);
    assert.deepEqual(paths(plan.switch), ['.treeinfo', 'repodata/repomd.xml.asc', 'repodata/repomd.xml']);
  });

  test('what was fetched by request only is put in its place when all of it is fetched', () => {
    const lazy = manifest(entry('a.rpm', '1', { isLazy: true }), entry('b.rpm', '2', { isLazy: true }));
    const next = manifest(entry('a.rpm', '1'), entry('b.rpm', '2', { isLazy: true }));
    assert.deepEqual(
      planPublish(lazy, next, []).replace.map(({ path }) => path),
      ['a.rpm'],
    );
  });

  test('ended after any step, every name that is new to the last entry file is there', () => {
    const digits = fc.constantFrom('1', '2', '3');
    const trees = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'index'), digits, { minKeys: 1 });
    fc.assert(
      fc.property(trees, trees, (before, after) => {
        const live = new Map(Object.entries(before).map(([path, digit]) => [path, entry(path, digit)]));
        const next = manifest(...Object.entries(after).map(([path, digit]) => entry(path, digit)));
        const plan = planPublish(live, next, ['index']);
        for (const one of [...plan.add, ...plan.replace]) live.set(one.path, one);
        const others = [...next.values()].filter(({ path }) => path !== 'index');
        for (const { path, sha256 } of others) if (path !== '.treeinfo') assert.equal(live.get(path)?.sha256, sha256);
        for (const one of plan.switch) live.set(one.path, one);
        for (const { path, sha256 } of next.values()) assert.equal(live.get(path)?.sha256, sha256);
      }),
    );
  });
});

describe('old states', () => {
  const DAY = 86_400_000;
  const state: MirrorState = {
    ...emptyState,
    current: 'e',
    snapshots: ['a', 'b', 'c', 'd', 'e'].map((id, index) => snapshot(id, index * DAY)),
    tags: { prod: 'b' },
  };
  const keep = { snapshots: 2, days: 0 };
  test('go, but not the newest, tagged, leased and young ones', () => {
    assert.deepEqual(choosePruned(state, keep, ['c'], 100 * DAY), ['a']);
    assert.deepEqual(choosePruned(state, keep, [], 100 * DAY), ['a', 'c']);
    assert.deepEqual(choosePruned(state, { snapshots: 2, days: 99 }, [], 100 * DAY), ['a']);
    assert.deepEqual(choosePruned(state, { snapshots: 9, days: 0 }, [], 100 * DAY), []);
    assert.deepEqual(choosePruned({ ...state, current: 'a' }, keep, [], 100 * DAY), ['c']);
  });
  test('are served behind the current one', () => {
    assert.deepEqual(liveOrder(state), ['e', 'd', 'c', 'b', 'a']);
    assert.deepEqual(liveOrder({ ...state, current: 'b' }), ['b', 'e', 'd', 'c', 'a']);
    assert.deepEqual(liveOrder(emptyState), []);
    const trees: Record<string, Manifest> = {
      e: manifest(entry('x', '1')),
      d: manifest(entry('x', '2'), entry('y', '3')),
    };
    const live = uniteLive(state, (id) => trees[id]);
    assert.deepEqual([...live.values()], [entry('x', '1'), entry('y', '3')]);
  });
  test('are found by id, tag, and the beginning of one id', () => {
    const two = {
      ...state,
      snapshots: [snapshot('20261126T01'), snapshot('20261127T01')],
      tags: { prod: '20261126T01' },
    };
    assert.equal(findSnapshot(two, 'prod')?.id, '20261126T01');
    assert.equal(findSnapshot(two, '20261127')?.id, '20261127T01');
    assert.equal(findSnapshot(two, '2026112'), undefined);
    assert.equal(findSnapshot(two, '202'), undefined);
    assert.equal(findSnapshot(two, 'constructor'), undefined);
    const both = '2026112 is the beginning of 2 snapshots: 20261127T01, 20261126T01';
    assert.equal(whyNoSnapshot(two.snapshots, '2026112'), both);
    assert.equal(whyNoSnapshot(two.snapshots, '202'), '202 is too short to name a snapshot');
    assert.equal(whyNoSnapshot(two.snapshots, '2025'), 'there is no snapshot 2025');
    assert.equal(whyNoSnapshot(two.snapshots, ''), 'there is no snapshot ');
  });
  test('are named by time and content', () =>
    assert.equal(snapshotId(Date.parse('2026-11-26T01:30:00.500Z'), hash('a')), '20261126T013000-aaaaaa'));
});

test('fitsGlob() compares the last part, or the whole path where the pattern has a slash', () => {
  assert.ok(fitsGlob('Packages/a.drpm', ['*.drpm']));
  assert.ok(!fitsGlob('Packages/a.rpm', ['*.drpm']));
  assert.ok(fitsGlob('images/boot.iso', ['images/boot.iso']));
  assert.ok(fitsGlob('images/boot.iso', ['/images/*']));
  assert.ok(!fitsGlob('x/images/boot.iso', ['images/*']));
  assert.ok(fitsGlob('x/images/boot.iso', ['**/images/*']));
  assert.ok(!fitsGlob('abc', ['a.c']));
});

test('packageKey() is the same for all versions of a package', () => {
  assert.equal(packageKey('Packages/b/bash-completion-2.11-5.el9.noarch.rpm'), 'bash-completion.noarch');
  assert.equal(packageKey('Packages/kernel-core-5.14.0-503.el9.x86_64.rpm'), 'kernel-core.x86_64');
  assert.equal(packageKey('pool/main/g/g++-12/g++-12_12.2.0-14+deb12u1_amd64.deb'), 'g++-12_amd64');
  assert.equal(packageKey('pool/main/b/base/base-files_1%3a12_all.udeb'), 'base-files_all');
  assert.equal(packageKey('images/install.img'), undefined);
});

test('learnedKeys() are those of packages that are here', () => {
  const tree = manifest(
    entry('a-1-1.noarch.rpm', '1'),
    entry('b-1-1.noarch.rpm', '2'),
    entry('c-1-1.noarch.rpm', '1', { role: 'other' }),
  );
  assert.deepEqual([...learnedKeys(tree, (sha256) => sha256 === hash('1'))], ['a.noarch']);
});
