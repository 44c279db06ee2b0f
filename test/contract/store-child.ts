import { execFileSync } from 'node:child_process';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProvisionError } from '../../src/net/provision-error.ts';
import { openStore } from '../../src/store/sqlite/open-store.ts';
import { eventAt, leaseAt, put } from './store-samples.ts';

/*
 * What the store's tests run in a process of its own: store-child.ts SCENARIO FOLDER [NUMBER]. Each scenario prints
 * lines of JSON; the test decides whether they are right.
 */

/** Resolves when the line has left the process. */
function tell(value: unknown): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(`${JSON.stringify(value)}\n`, () => resolve());
  });
}

const asFailure = (error: unknown) =>
  error instanceof ProvisionError
    ? { code: error.code, message: `${error.message}. ${error.hint}` }
    : { unexpected: String(error) };

/** Opens the folder and says what came of it. */
async function open(folder: string): Promise<void> {
  try {
    const store = await openStore({ folder });
    await tell({ opened: (await store.leases.load()).length, mode: ((await stat(folder)).mode & 0o777).toString(8) });
    await store.close();
  } catch (error) {
    await tell(asFailure(error));
  }
}

/** Opens and holds the folder until it is killed. */
async function hold(folder: string): Promise<void> {
  await openStore({ folder });
  await tell({ holding: process.pid });
}

/** Commits leases from `first` on with many writers, and tells the number of each that was acknowledged. */
async function commit(folder: string, first: number): Promise<void> {
  const store = await openStore({ folder });
  let next = first;
  const writer = async () => {
    for (;;) {
      const index = next++;
      await store.leases.commit([put(leaseAt(index))]);
      await tell(index);
      store.events.append([eventAt(index + 1)]);
      if (index % 16 === 0) {
        await store.lives.saveLife({ machine: `node${index}`, state: 'ready', onceUsed: true });
        await tell(`node${index}`);
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, writer));
}

/** Writes a file until nothing more fits. */
async function fill(path: string): Promise<void> {
  for (const sizeBytes of [65_536, 4096, 512]) {
    for (let part = 0; ; part++) {
      try {
        await writeFile(`${path}.${sizeBytes}.${part}`, new Uint8Array(sizeBytes));
      } catch {
        break;
      }
    }
  }
}

/** On a small file system: fills it while the store is in use, frees it, and counts what is there in the end. */
async function fullDisk(mount: string): Promise<void> {
  const folder = join(mount, 'data');
  const filler = join(mount, 'filler');
  const told: string[] = [];
  const recovered = Promise.withResolvers<void>();
  const store = await openStore({
    folder,
    probeEveryMs: 50,
    emit: (id) => {
      told.push(id);
      if (id === 'store.recovered') recovered.resolve();
    },
  });
  await mkdir(filler);
  await store.leases.commit([put(leaseAt(0))]);
  await fill(join(filler, 'part'));
  // The log's file may have room for some commits yet; sooner or later there is none.
  const acknowledged = [0];
  let failure: unknown;
  for (let index = 1; failure === undefined && index < 20_000; index++) {
    const batch = Array.from({ length: 10 }, (_, n) => leaseAt(index * 100 + n));
    await store.leases.commit(batch.map((lease) => put(lease))).then(
      () => acknowledged.push(...batch.map((lease) => lease.address - leaseAt(0).address)),
      (error) => {
        failure = error;
      },
    );
  }
  store.events.append([eventAt(1), eventAt(2)]);
  await tell({ ...asFailure(failure), health: store.health().kind });
  const whileFull = (await store.leases.load()).map((lease) => lease.address - leaseAt(0).address);
  await tell({ acknowledged, whileFull, events: (await store.events.list({ limit: 10 })).length });
  for (const name of await readdir(filler)) await rm(join(filler, name));
  await recovered.promise;
  await store.leases.commit([put(leaseAt(1_000_000))]);
  await tell({ told, health: store.health().kind });
  await store.close();
  const again = await openStore({ folder });
  const after = (await again.leases.load()).map((lease) => lease.address - leaseAt(0).address);
  await tell({ after, events: (await again.events.list({ limit: 10 })).map((event) => event.seq) });
  await again.close();
  await fill(join(filler, 'part'));
  await open(folder);
}

/** Lets every write fail by forbidding this process to write files (RLIMIT_FSIZE), and then allows it again. */
async function ioError(folder: string): Promise<void> {
  // The signal comes with the error; without a listener it ends the process.
  process.on('SIGXFSZ', () => {});
  const limit = (fileSize: string) => execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${fileSize}:`]);
  const told: string[] = [];
  const recovered = Promise.withResolvers<void>();
  const store = await openStore({
    folder,
    probeEveryMs: 50,
    emit: (id) => {
      told.push(id);
      if (id === 'store.recovered') recovered.resolve();
    },
  });
  await store.leases.commit([put(leaseAt(0))]);
  limit('0');
  await store.leases.commit([put(leaseAt(1))]).then(
    () => tell({ unexpected: 'written' }),
    (error) => tell(asFailure(error)),
  );
  limit('unlimited');
  await recovered.promise;
  await store.leases.commit([put(leaseAt(2))]);
  await tell({ told, health: store.health().kind });
  const addresses = (await store.leases.load()).map((lease) => lease.address - leaseAt(0).address);
  await tell({ addresses });
  await store.close();
}

const [scenario, folder = '', number = '0'] = process.argv.slice(2);
switch (scenario) {
  case 'open':
    await open(folder);
    break;
  case 'open-as-nobody':
    process.setgid?.(65_534);
    process.setuid?.(65_534);
    await open(folder);
    break;
  case 'hold':
    await hold(folder);
    break;
  case 'commit':
    await commit(folder, Number(number));
    break;
  case 'io-error':
    await ioError(folder);
    break;
  case 'full-disk':
    await fullDisk(folder);
    break;
  default:
    throw new Error(`no scenario "${scenario}"`);
}
