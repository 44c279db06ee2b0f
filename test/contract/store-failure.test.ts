import assert from 'node:assert/strict';
import { mkdir, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { LeaseState } from '../../src/lease/lease.ts';
import { ProvisionError, type ProvisionErrorCode } from '../../src/net/provision-error.ts';
import { openStore } from '../../src/store/sqlite/open-store.ts';
import { needs } from '../needs.ts';
import { runScenario, startScenario, temporaryFolder } from './store-process.ts';
import { addressAt, clientAt, eventAt, leaseAt, put } from './store-samples.ts';

/** Mounts need root; a user who runs the tests is told what was left out. */
function canMount(t: TestContext): boolean {
  if (!needs(t, 'unshare', 'mount')) return false;
  if (process.getuid?.() === 0) return true;
  t.skip('needs root, for mounts');
  return false;
}

const refuses =
  (code: ProvisionErrorCode, ...texts: RegExp[]) =>
  (error: unknown) => {
    assert.ok(error instanceof ProvisionError, String(error));
    assert.equal(error.code, code, error.message);
    for (const text of texts) assert.match(`${error.message}. ${error.hint}`, text);
    return true;
  };

async function filledFolder(t: TestContext, count: number): Promise<string> {
  const folder = await temporaryFolder(t);
  const store = await openStore({ folder, version: '7.8.9' });
  await store.leases.commit(Array.from({ length: count }, (_, n) => put(leaseAt(n))));
  await store.close();
  return folder;
}

test('a full disk: refused clearly, nothing half done, and recovered by itself', async (t) => {
  if (!canMount(t)) return;
  const mount = await temporaryFolder(t);
  const lines = await runScenario(t, ['full-disk', mount], `mount -t tmpfs -o size=1m none ${mount}`);
  const [refused, whileFull, recovered, after, restarted] = lines as Record<string, unknown>[];
  const acknowledged = whileFull?.acknowledged as number[];
  assert.equal(refused?.code, 'store-failed');
  assert.match(String(refused?.message), /the disk is full .* Free some space; look with: df -h /);
  assert.equal(refused?.health, 'failing');
  assert.deepEqual(whileFull?.whileFull, acknowledged);
  assert.deepEqual(recovered, { told: ['store.failed', 'store.recovered'], health: 'writing' });
  assert.deepEqual(after?.after, [...acknowledged, 1_000_000]);
  assert.deepEqual(after?.events, [1, 2], 'events of the time when the disk was full are kept');
  assert.equal(restarted?.code, 'store-failed');
  assert.match(String(restarted?.message), /the disk is full/);
});

test('an input/output error: refused clearly, and the database is opened again by itself', async (t) => {
  if (!needs(t, 'prlimit')) return;
  const folder = await temporaryFolder(t);
  const [failed, recovered, after] = (await runScenario(t, ['io-error', folder])) as Record<string, unknown>[];
  assert.equal(failed?.code, 'store-failed');
  assert.match(String(failed?.message), /input\/output error .*dmesg/);
  assert.deepEqual(recovered, { told: ['store.failed', 'store.recovered'], health: 'writing' });
  assert.deepEqual(after, { addresses: [0, 2] });
});

test('a read-only file system is named, with the command that shows it', async (t) => {
  if (!canMount(t)) return;
  const folder = await filledFolder(t, 3);
  const bind = `mount --bind ${folder} ${folder}; mount -o remount,bind,ro ${folder}`;
  const [existing] = (await runScenario(t, ['open', folder], bind)) as Record<string, string>[];
  assert.equal(existing?.code, 'store-failed');
  assert.match(existing?.message ?? '', /its file system is mounted read-only. Look with: findmnt -T /);
  const [missing] = (await runScenario(t, ['open', join(folder, 'new', 'data')], bind)) as Record<string, string>[];
  assert.match(missing?.message ?? '', /mounted read-only/);
});

test('a folder of somebody else is refused with the reason', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('needs root, to become somebody else');
  const folder = await filledFolder(t, 3);
  const [line] = (await runScenario(t, ['open-as-nobody', folder])) as Record<string, string>[];
  assert.equal(line?.code, 'store-failed');
  assert.match(line?.message ?? '', /no permission to write there. Look with: ls -ld/);
});

test('a missing folder is made, for its owner and group only', async (t) => {
  const folder = join(await temporaryFolder(t), 'a', 'b');
  assert.deepEqual(await runScenario(t, ['open', folder]), [{ opened: 0, mode: '750' }]);
  assert.equal((await stat(folder)).isDirectory(), true);
});

test('a file in place of the folder is refused', async (t) => {
  const path = join(await temporaryFolder(t), 'data');
  await writeFile(path, '');
  await assert.rejects(openStore({ folder: path }), refuses('store-failed', /a file where a folder should be/));
});

test('a folder with other things in it is refused, and nothing is put into it', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'lost+found'));
  const store = await openStore({ folder });
  await store.close();
  const used = await openStore({ folder });
  await used.close();
  const others = await temporaryFolder(t);
  await writeFile(join(others, 'passwd'), '');
  const refused = refuses('store-failed', /not empty \(passwd\)/, /--data .*\/rackready\./);
  await assert.rejects(openStore({ folder: others }), refused);
  assert.deepEqual(await readdir(others), ['passwd']);
});

test('a folder whose database is gone is refused: what was installed would be installed again', async (t) => {
  const folder = await filledFolder(t, 3);
  await writeFile(join(folder, 'admin.token'), '');
  for (const name of await readdir(folder)) if (name.startsWith('rackready.db')) await rm(join(folder, name));
  const refused = refuses('store-failed', /its database rackready\.db is gone/, /install: once.*mv .* /);
  await assert.rejects(openStore({ folder }), refused);
  assert.ok(!(await readdir(folder)).includes('rackready.db'));
  // Of a first start that failed there is nothing to lose.
  await rm(join(folder, 'admin.token'));
  await (await openStore({ folder })).close();
});

test('other accounts cannot read the database: it holds the tokens of answer files', async (t) => {
  const folder = await filledFolder(t, 3);
  const store = await openStore({ folder });
  t.after(() => store.close());
  for (const name of ['rackready.db', 'rackready.db-wal', 'rackready.db-shm']) {
    assert.equal((await stat(join(folder, name))).mode & 0o007, 0, name);
  }
});

test('a second server on the folder is refused and hears who has it; SIGKILL leaves nothing behind', async (t) => {
  const folder = await temporaryFolder(t);
  const first = startScenario(t, ['hold', folder]);
  await first.lines[Symbol.asyncIterator]().next();
  const busy = refuses('store-busy', new RegExp(`another rackready \\(process ${first.process.pid}\\) uses it`));
  await assert.rejects(openStore({ folder }), busy);
  first.process.kill('SIGKILL');
  await first.exited;
  const store = await openStore({ folder });
  t.after(() => store.close());
  // Within one process as well, and the refused attempt must not undo the lock that is held.
  await assert.rejects(openStore({ folder }), refuses('store-busy', new RegExp(`process ${process.pid}`)));
  const [other] = (await runScenario(t, ['open', folder])) as Record<string, string>[];
  assert.equal(other?.code, 'store-busy');
  await store.close();
  assert.deepEqual(await runScenario(t, ['open', folder]), [{ opened: 0, mode: '700' }]);
  assert.deepEqual((await readdir(folder)).sort(), ['rackready.db', 'rackready.lock']);
});

test('a database of a newer version is refused, names that version, and is not touched', async (t) => {
  const folder = await filledFolder(t, 1);
  const database = new DatabaseSync(join(folder, 'rackready.db'));
  database.exec('PRAGMA user_version = 99');
  database.close();
  const newer = refuses('store-newer', /written by rackready 7\.8\.9 \(schema 99\); this is rackready 1\.0\.0/);
  await assert.rejects(openStore({ folder, version: '1.0.0' }), newer);
  // The refusal let go of the folder.
  await assert.rejects(openStore({ folder, version: '1.0.0' }), newer);
});

for (const [what, offset, sizeBytes] of [
  ['the first page', 0, 4096],
  ['the pages behind it', 8192, 60_000],
] as const) {
  test(`a damaged database (${what}) is refused and kept as it is`, async (t) => {
    const folder = await filledFolder(t, 2000);
    const file = await open(join(folder, 'rackready.db'), 'r+');
    await file.write(new Uint8Array(sizeBytes).fill(0x5a), 0, sizeBytes, offset);
    await file.close();
    const { size } = await stat(join(folder, 'rackready.db'));
    await assert.rejects(
      openStore({ folder }),
      refuses('store-corrupt', /damaged/, /Nothing was changed. Keep a copy/),
    );
    assert.equal((await stat(join(folder, 'rackready.db'))).size, size);
  });
}

test('a worker that dies is started again; what was on the way is written, or refused, and never lost', async (t) => {
  const folder = await temporaryFolder(t);
  const workers: Worker[] = [];
  const told: string[] = [];
  const workerUrl = new URL('../../src/store/sqlite/worker.ts', import.meta.url);
  const store = await openStore({
    folder,
    emit: (id) => told.push(id),
    startWorker: (setup) => {
      const worker = new Worker(workerUrl, { workerData: setup });
      workers.push(worker);
      return worker;
    },
  });
  t.after(() => store.close());
  const acknowledged: number[] = [];
  let next = 0;
  const writer = async () => {
    while (next < 6000) {
      const index = next++;
      if (index === 2000 || index === 2001) void workers.at(-1)?.terminate();
      try {
        await store.leases.commit([put(leaseAt(index))]);
        acknowledged.push(index);
      } catch (error) {
        assert.ok(error instanceof ProvisionError && error.code === 'store-failed', String(error));
      }
    }
  };
  store.events.append([eventAt(1)]);
  await Promise.all(Array.from({ length: 32 }, writer));
  assert.ok(told.includes('worker.died'), told.join());
  assert.ok(workers.length > 1);
  const found = new Set((await store.leases.load()).map((lease) => lease.address));
  const lost = acknowledged.filter((index) => !found.has(addressAt(index)));
  assert.deepEqual(lost, []);
  assert.ok(acknowledged.length > 2000);
  assert.deepEqual(await store.events.list({ limit: 5 }), [eventAt(1)]);
});

test('one bad value is refused alone; the others of its batch are written', async (t) => {
  const folder = await temporaryFolder(t);
  const store = await openStore({ folder });
  t.after(() => store.close());
  const bad = leaseAt(2, { state: 'nonsense' as LeaseState });
  const outcomes = await Promise.allSettled([
    store.leases.commit([put(leaseAt(1))]),
    store.leases.commit([put(leaseAt(4)), put(bad)]),
    store.leases.commit([put(leaseAt(3))]),
  ]);
  assert.deepEqual(
    outcomes.map((outcome) => outcome.status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  // Address 4 came with the bad one, and all of a call is written or nothing.
  assert.deepEqual(await store.leases.load(), [leaseAt(1), leaseAt(3)]);
  assert.equal(store.health().kind, 'writing');
});

test('close() writes what is pending, and what comes later is refused', async (t) => {
  const folder = await temporaryFolder(t);
  const store = await openStore({ folder });
  const pending = store.leases.commit([put(leaseAt(1))]);
  store.events.append([eventAt(1)]);
  await store.close();
  assert.deepEqual(await pending, [{ kind: 'written' }]);
  await assert.rejects(store.leases.commit([put(leaseAt(2))]), refuses('store-failed', /the store is closed/));
  await store.close();
  const again = await openStore({ folder });
  assert.equal((await again.leases.load())[0]?.client, clientAt(1));
  assert.equal(again.events.lastSeq(), 1);
  await again.close();
});
