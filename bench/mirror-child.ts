import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openMirrorEngine } from '../src/io/mirror/engine.ts';
import { openMirrorFiles } from '../src/io/mirror/mirror-files.ts';
import { openPool } from '../src/io/mirror/pool.ts';
import { publish } from '../src/io/mirror/publish.ts';
import { syncFolder } from '../src/io/mirror/sync-folder.ts';
import type { MirrorConfig } from '../src/mirror/mirror-config.ts';
import type { Manifest, ManifestEntry } from '../src/mirror/run/manifest.ts';
import { emptyState, type SnapshotRecord } from '../src/mirror/run/state.ts';
import { mirrorConfig } from '../test/support/mirror-config.ts';

/*
 * One measured run in a process of its own, for bench/mirror.ts; prints what it came to as JSON.
 *
 *     mirror-child.ts sync URL FOLDER       one run of a mirror of a yum repository
 *     mirror-child.ts publish COUNT FOLDER  a state of so many files is published, then one that differs in a hundredth
 */

const [, , what = '', of = '', folder = ''] = process.argv;

function config(from: string): MirrorConfig {
  const options = { repositories: [''], architectures: [], withIso: false, withVariants: true, optionalFiles: [] };
  return mirrorConfig(from, { name: 'bench', layout: { kind: 'yum', options }, connections: 16 });
}

async function sync(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<{ event: string; data: unknown }>();
  const engine = openMirrorEngine({
    root: folder,
    emit: (event, _subject, data) => {
      if (/published|unchanged|failed|held/.test(event)) resolve({ event, data });
    },
    now: Date.now,
    onChange: () => {},
  });
  await engine.configure([config(of)]);
  const startedAt = performance.now();
  await engine.command({ kind: 'sync', name: 'bench', isForced: false });
  const ended = await promise;
  const ms = performance.now() - startedAt;
  await engine.close();
  tell({ ...ended, ms });
}

const hexOf = (index: number) => index.toString(16).padStart(8, '0').repeat(8);

function manifestOf(count: number, shift: number): Manifest {
  const entries = Array.from({ length: count }, (_, index): [string, ManifestEntry] => {
    const path = `Packages/${(index + shift) % 26}/bench${String(index + shift).padStart(6, '0')}-1.0-1.noarch.rpm`;
    return [path, { path, bytes: 1, sha256: hexOf(index + shift), role: 'package', isVerified: true }];
  });
  return new Map(entries);
}

async function publishing(): Promise<void> {
  const count = Number(of);
  const pool = openPool(join(folder, 'pool'));
  const files = openMirrorFiles(join(folder, 'repos', 'bench'));
  const change = Math.round(count / 100);
  mkdirSync(folder, { recursive: true });
  for (let index = 0; index < count + change; index++) {
    const file = join(folder, 'part');
    writeFileSync(file, '1');
    pool.adopt(file, hexOf(index));
  }
  // In a run they come one after the other, and are on the disk by now.
  await syncFolder(folder);
  const times: { readonly ms: number; readonly cpuMs: number }[] = [];
  let state = emptyState;
  for (const [index, shift] of [0, change].entries()) {
    const manifest = manifestOf(count, shift);
    const size = { files: count, bytes: count, packages: count, unverified: 0 };
    const snapshot: SnapshotRecord = {
      id: `s${index}`,
      at: index,
      revision: '',
      size,
      entries: [],
      boot: {},
      remarks: [],
    };
    files.writeManifest(snapshot.id, manifest);
    const [startedAt, cpu] = [performance.now(), process.cpuUsage()];
    state = await publish({ files, pool }, state, snapshot, manifest);
    const { user, system } = process.cpuUsage(cpu);
    times.push({ ms: performance.now() - startedAt, cpuMs: (user + system) / 1000 });
  }
  tell({ times });
}

function tell(result: object): void {
  const rssMb = process.resourceUsage().maxRSS / 1024;
  process.stdout.write(`${JSON.stringify({ ...result, rssMb })}\n`);
}

if (what === 'sync') await sync();
else await publishing();
// Whatever is still open, the run is over.
if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
process.exit(0);
