import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { needs } from '../../../test/needs.ts';
import { hexOf } from '../../../test/support/mirror-reader.ts';
import { openTestMirror, type RunChoice, type TestMirror } from '../../../test/support/mirror-run.ts';
import { serveFolder } from '../../../test/support/planned-mirror.ts';
import { runProgram } from '../../../test/support/segment.ts';
import { newFolder } from '../../../test/support/server.ts';
import type { Plan, PlannedFile } from '../../mirror/plan.ts';
import { createFolderSource } from './folder-source.ts';
import { createIsoSource } from './iso-source.ts';

const content = Buffer.alloc(200_000, 'kernel');
const sha256 = hexOf('sha256', content);

/** `.treeinfo` and SHA256SUMS name files so: by a checksum, without a size. */
const planned: PlannedFile = {
  path: 'images/vmlinuz',
  digests: [{ algorithm: 'sha256', hex: sha256 }],
  role: 'boot',
  isOptional: false,
};
const plan: Plan = { files: [planned], entries: [], contents: new Map(), revision: '=1', remarks: [] };

function makeUpstream(): string {
  const folder = newFolder('upstream');
  mkdirSync(join(folder, 'images'));
  writeFileSync(join(folder, planned.path), content);
  return folder;
}

/** As a power cut leaves what had been renamed, and was not on the disk yet. */
function tear({ pool }: TestMirror, bytes: number): void {
  const file = pool.pathOf(sha256);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  truncateSync(file, bytes);
  chmodSync(file, 0o444);
}

async function checkRun(mirror: TestMirror, choice: RunChoice): Promise<void> {
  const { result, reason, snapshot } = await mirror.run({ ...choice, planTree: async () => plan });
  assert.equal(result, 'published', reason);
  assert.ok(readFileSync(mirror.pool.pathOf(sha256)).equals(content), 'what is in the pool');
  assert.equal(mirror.files.readManifest(snapshot?.id ?? '').get(planned.path)?.bytes, content.length);
  assert.equal(hexOf('sha256', readFileSync(join(mirror.files.live, planned.path))), sha256);
}

describe('what a power cut has left of a content that was never published is not taken for it', () => {
  for (const bytes of [0, 4096]) {
    test(`from HTTP, ${bytes} bytes of it`, async (t) => {
      const mirror = openTestMirror((await serveFolder(t, makeUpstream())).url);
      tear(mirror, bytes);
      await checkRun(mirror, {});
    });

    for (const isOwn of [false, true])
      test(`from ${isOwn ? 'the copy of rsync' : 'a folder'}, ${bytes} bytes of it`, async () => {
        const upstream = makeUpstream();
        const mirror = openTestMirror('');
        tear(mirror, bytes);
        await checkRun(mirror, { source: (deps) => createFolderSource(deps, upstream, { isOwn }) });
        assert.ok(readFileSync(join(upstream, planned.path)).equals(content), 'what is in the folder');
      });
  }

  test('from an ISO', async (t) => {
    if (!needs(t, 'xorriso')) return;
    const iso = join(newFolder('iso'), 'x.iso');
    assert.equal((await runProgram(['xorriso', '-as', 'mkisofs', '-quiet', '-R', '-o', iso, makeUpstream()])).code, 0);
    const mirror = openTestMirror('');
    tear(mirror, 4096);
    await checkRun(mirror, { source: (deps) => createIsoSource(deps, iso) });
  });
});

test('a content that is whole is not fetched again, though nobody says how long it is', async (t) => {
  const upstream = await serveFolder(t, makeUpstream());
  const mirror = openTestMirror(upstream.url);
  tear(mirror, content.length);
  await checkRun(mirror, {});
  assert.deepEqual(upstream.asked, []);
});
