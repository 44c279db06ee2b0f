import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { newFolder } from '../../test/support/server.ts';
import { pruneFiles, writeFiles } from './bundle-files.ts';

const sha256 = createHash('sha256').update('text').digest('hex');
const file = { name: 'answerFile-x', section: 'profiles', entry: 'p', key: 'answerFile', sha256, bytes: 4 } as const;

function openHost(t: TestContext, umask: number) {
  const before = process.umask(umask);
  t.after(() => process.umask(before));
  const folder = newFolder('config');
  const configuration = join(folder, 'rackready.yaml');
  writeFileSync(configuration, '');
  const source = join(newFolder('source'), 'content');
  writeFileSync(source, 'text');
  const plan = { folder: join(folder, 'bundles/p-00000000'), edits: [], bringsLoaders: false, changes: [], doubts: [] };
  return {
    folder,
    configuration,
    plan,
    write: () => writeFiles({ plan, configuration, files: [file], source: () => source }),
  };
}

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

test('files of an archive may be read by whoever may read the configuration, whatever the umask is', async (t) => {
  for (const umask of [0, 0o022, 0o077]) {
    for (const [mode, folderMode] of [
      [0o644, '755'],
      [0o640, '750'],
      [0o600, '700'],
    ] as const) {
      const { folder, configuration, write } = openHost(t, umask);
      chmodSync(configuration, mode);
      const written = await write();
      assert.equal(written.length, 1);
      for (const path of ['bundles', 'bundles/p-00000000'])
        assert.equal(modeOf(join(folder, path)), folderMode, `umask ${umask.toString(8)}, ${path}`);
      assert.equal(modeOf(written[0] ?? ''), mode.toString(8), `umask ${umask.toString(8)}`);
      assert.deepEqual(await write(), [], 'what is right is left alone');
    }
  }
});

test('they belong to the owner of the configuration', async (t) => {
  if (process.geteuid?.() !== 0) return t.skip('only root can give files away');
  const { folder, configuration, write } = openHost(t, 0o022);
  const { uid } = statSync(configuration);
  try {
    chownSync(configuration, 1, 1);
  } catch {
    return t.skip('this namespace has one account only');
  }
  assert.notEqual(uid, 1);
  const [written = ''] = await write();
  for (const path of [join(folder, 'bundles'), join(folder, 'bundles/p-00000000'), written])
    assert.deepEqual([statSync(path).uid, statSync(path).gid], [1, 1], path);
});

test('a link in the place of a folder is not followed', async (t) => {
  const { folder, write } = openHost(t, 0o022);
  const victim = newFolder('victim');
  symlinkSync(victim, join(folder, 'bundles'));
  await assert.rejects(write(), { code: 'cannot-write', message: /bundles is no folder/ });
  assert.deepEqual(readdirSync(victim), []);
});

test('of older archives stay the newest, the young and what the configuration names', (t) => {
  const { folder, plan } = openHost(t, 0o022);
  const now = Date.now();
  const make = (name: string, days: number) => {
    const path = join(folder, 'bundles', name);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'x'), '');
    const at = (now - days * 86_400_000) / 1000;
    utimesSync(path, at, at);
  };
  make('p-00000000', 0);
  make('p-00000001', 1);
  make('p-00000002', 10);
  make('p-00000003', 20);
  make('p-00000004', 30);
  make('p-00000005', 40);
  for (const other of ['p-q-00000001', 'q-00000001', 'p-old', 'p-0000000g']) make(other, 100);
  symlinkSync(folder, join(folder, 'bundles/p-0000000a'));
  const gone = pruneFiles(plan, ['answerFile: bundles/p-00000004/x\n'], { snapshots: 2, days: 15 }, now);
  assert.deepEqual(gone.map((path) => path.slice(-10)).sort(), ['p-00000003', 'p-00000005']);
  const left = readdirSync(join(folder, 'bundles'));
  assert.deepEqual(left.sort(), [
    ...['p-00000000', 'p-00000001', 'p-00000002', 'p-00000004', 'p-0000000a', 'p-0000000g', 'p-old', 'p-q-00000001'],
    'q-00000001',
  ]);
  assert.ok(existsSync(join(folder, 'rackready.yaml')));
});

test('what cannot be written to its end leaves nothing beside the configuration', async (t) => {
  const { folder, configuration, plan } = openHost(t, 0o022);
  const source = join(newFolder('source'), 'content');
  writeFileSync(source, 'text');
  const files = [file, { ...file, name: 'kernel-x', sha256: '0'.repeat(64) }];
  await assert.rejects(writeFiles({ plan, configuration, files, source: () => source }), { code: 'store-failed' });
  assert.deepEqual(readdirSync(folder), ['rackready.yaml']);
});
