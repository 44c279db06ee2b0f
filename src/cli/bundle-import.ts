import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { checkSources, readSources } from '../config/load.ts';
import { mirrorName } from '../config/operating-systems.ts';
import type { MirrorJson } from '../http/api/mirror-json.ts';
import { asOwner } from '../io/bundle/as-owner.ts';
import type { BundleHead } from '../io/bundle/bundle-head.ts';
import { storeLoaders, sweepLoaders } from '../io/bundle/import-loaders.ts';
import { publishImported } from '../io/bundle/import-mirror.ts';
import { type ImportStore, openImportStore } from '../io/bundle/import-store.ts';
import { openBundle, type ReadBundle, readBundle } from '../io/bundle/read-bundle.ts';
import { IMPORTED_FOLDER, requireIndex } from '../io/loaders/imported-loaders.ts';
import { takeLock } from '../io/mirror/lock.ts';
import { openPool, type Pool } from '../io/mirror/pool.ts';
import { watchSpace } from '../io/mirror/space.ts';
import type { Keep } from '../mirror/run/prune.ts';
import { formatBytes } from '../net/amounts.ts';
import { isDataFolder } from '../store/sqlite/folder.ts';
import { pruneFiles, removeFiles, writeFiles } from './bundle-files.ts';
import { type ImportPlan, planImport } from './bundle-import-plan.ts';
import { followWork, type Work } from './bundle-work.ts';
import { type ApiClient, ApiFailure, dataFolderOf, withClientOptions } from './client.ts';
import {
  checkEdit,
  type EditOptions,
  type EditReport,
  type OpenConfiguration,
  openConfiguration,
  writeEdit,
} from './config-edit.ts';

interface Options extends EditOptions {
  readonly dryRun?: true;
  readonly replace?: true;
}

/** How long a running server may take to see what was published. */
const SEEN_MS = 30_000;
/** What stays of a profile without a mirror; as the default of `keep`. */
const FEW: Keep = { snapshots: 3, days: 7 };

export function importCommand(): Command {
  return withClientOptions(new Command('import'))
    .description('Take what `rackready bundle` wrote: the mirror, the profile and its template.')
    .argument('<FILE>', 'the archive')
    .option('--dry-run', 'check the whole archive and say what would change; change nothing')
    .option('--replace', 'let the archive win where the profile, the mirror or a file is different here')
    .option('--config <PATH>', 'file or folder (default: that of the running server, else the one `up` finds)')
    .addHelpText(
      'after',
      `
The archive is compared with its checksums to the last byte before anybody sees any of it. What is interrupted is finished by
running the same again. A server may be running, and needs no network.

Examples:
  sudo ./rackready bundle import /media/usb/debian-12.tar --dry-run
  sudo ./rackready bundle import /media/usb/debian-12.tar`,
    )
    .action((file: string, _own: Options, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      return followWork(options, 'reading', (work) => importBundle(resolve(file), options, work));
    });
}

async function importBundle(file: string, options: Options, work: Work): Promise<void> {
  // What is made in the data folder is as the server makes it, whatever root's shell says.
  process.umask(0o022);
  const opened = await openConfiguration(options);
  const data = resolve(dataFolderOf(options));
  const root = join(data, 'mirrors');
  // Opened as whoever runs this; the server's account may not be able to read it.
  const archive = await openBundle(file);
  let plan: ImportPlan | undefined;
  const onPlan = async (bundle: ReadBundle) => {
    plan = await planImport({ opened, data, bundle, isReplacing: options.replace === true });
    const bytes = [...bundle.required.values()].reduce((sum, one) => sum + one, 0);
    work.expect(bundle.required.size + bundle.manifests.size, bytes);
  };
  const how = { onPlan, signal: work.signal, onBytes: work.onBytes, onFile: work.onFile };
  if (options.dryRun) {
    const bundle = await readBundle(archive, how);
    work.end();
    return tell(options, bundle, plan, undefined);
  }
  if (!isDataFolder(data)) {
    const hint =
      'Start a server with it once (sudo ./rackready up), or name the right one with --data DIR. Nothing was changed.';
    throw new ApiFailure({ code: 'no-data', message: `${data} holds no data of rackready yet`, hint });
  }
  const { pool, store, release } = await asOwner(data, async () => openStore(root));
  try {
    const bundle = await asOwner(data, () =>
      readBundle(archive, { ...how, store, onPlan: (known) => onPlan(known).then(() => makeRoom(root, store, known)) }),
    );
    const report = await settle({ opened, data, root, pool, store, bundle, plan });
    work.end();
    tell(options, bundle, plan, report);
  } finally {
    await asOwner(data, async () => {
      store.clear();
      release();
    });
  }
}

function openStore(root: string): { readonly pool: Pool; readonly store: ImportStore; readonly release: () => void } {
  const pool = openPool(join(root, 'pool'));
  const release = takeLock(join(root, 'import.lock'));
  return { pool, store: openImportStore(join(root, 'import'), pool, watchSpace(root)), release };
}

function makeRoom(root: string, store: ImportStore, { required }: ReadBundle): void {
  store.retain(required);
  const missing = [...required].filter(([sha256, bytes]) => !store.has(sha256, bytes));
  watchSpace(root).require(
    missing.reduce((sum, [, bytes]) => sum + bytes, 0),
    missing.length,
  );
}

interface Settling {
  readonly opened: OpenConfiguration;
  readonly data: string;
  readonly root: string;
  readonly pool: Pool;
  readonly store: ImportStore;
  readonly bundle: ReadBundle;
  readonly plan: ImportPlan | undefined;
}

/** Everything is here and right. First the configuration is checked as it will be, then what was imported becomes visible. */
async function settle({ opened, data, root, pool, store, bundle, plan }: Settling): Promise<EditReport> {
  if (plan === undefined) throw new Error('an archive was read without its head');
  const { head, manifests } = bundle;
  const source = store.pathOf;
  const loaders = join(data, IMPORTED_FOLDER);
  await asOwner(data, async () => requireIndex(loaders));
  const written = await writeFiles({ plan, configuration: opened.path, files: head.files, source });
  const checked = await checkEdit(opened, plan.edits).catch((error: unknown) => {
    removeFiles(plan, written);
    throw error;
  });
  await asOwner(data, async () => {
    if (plan.bringsLoaders) await storeLoaders(loaders, head.loaders, source);
    for (const mirror of head.mirrors) {
      const manifest = manifests.get(mirror.name);
      if (manifest === undefined) continue;
      store.release([...manifest.values()].map(({ sha256 }) => sha256));
      await publishImported(root, pool, mirror, manifest, Date.now());
    }
  });
  const report = await writeEdit(opened, checked);
  if (opened.client) {
    // It has read nothing yet where the configuration is the same.
    if (plan.bringsLoaders && report.server === null) await opened.client.send('POST', '/reload');
    for (const { name, snapshot } of head.mirrors) await waitUntilSeen(opened.client, name, snapshot.id);
  }
  // Where the server refused it, what it goes on with is not all in the configuration and the index any more.
  if (report.server?.kind === 'refused') return report;
  await asOwner(data, async () => sweepLoaders(loaders));
  await forgetOld(opened, plan, head);
  return report;
}

/** Old states go by the `keep` of their mirror. Which of them are installed from now, only a running server knows. */
async function forgetOld({ path, client }: OpenConfiguration, plan: ImportPlan, { profile, mirrors }: BundleHead) {
  const read = await readSources(path);
  const loaded = 'texts' in read ? checkSources(read.texts) : undefined;
  if (!('texts' in read) || loaded?.kind !== 'settings') return;
  const known = loaded.settings.mirrors;
  const own = known.get(mirrorName(loaded.settings.profiles.get(profile.name)?.source) ?? '');
  const texts = read.texts.map(({ text }) => text);
  pruneFiles(plan, texts, own?.keep ?? FEW, Date.now());
  for (const { name } of client ? mirrors : []) {
    // What cannot be done now, as a run is in progress, is done after the next import.
    await client?.send('POST', `/mirrors/${encodeURIComponent(name)}/prune`, {}).catch(() => undefined);
  }
}

async function waitUntilSeen(client: ApiClient, mirror: string, id: string): Promise<void> {
  const until = Date.now() + SEEN_MS;
  while (Date.now() < until) {
    const seen = await client
      .get<{ mirror: MirrorJson }>(`/mirrors/${encodeURIComponent(mirror)}`)
      .catch(() => undefined);
    if (seen?.mirror.current === id) return;
    await sleep(200);
  }
  const message = `everything is imported, and the server has not said within ${SEEN_MS / 1000} s that it serves ${mirror}@${id}`;
  throw new ApiFailure({
    code: 'not-reloaded',
    message,
    hint: 'Look with: rackready events, and rackready mirror list',
  });
}

function tell(
  options: Options,
  { head }: ReadBundle,
  plan: ImportPlan | undefined,
  report: EditReport | undefined,
): void {
  const mirrors = head.mirrors.map(({ name, snapshot }) => `${name}@${snapshot.id}`);
  const isDone = report !== undefined;
  if (report?.server?.kind === 'refused') process.exitCode = 1;
  if (options.json) {
    const { changes = [], doubts = [] } = plan ?? {};
    const { files = [], server = null } = report ?? {};
    process.stdout.write(
      `${JSON.stringify({ isDone, profile: head.profile.name, mirrors, changes, doubts, files, server })}\n`,
    );
    return;
  }
  const size = head.mirrors.reduce((sum, { snapshot }) => sum + snapshot.size.bytes, 0);
  const lines = [
    isDone
      ? `the profile ${head.profile.name} is imported${mirrors.map((one) => `, with ${one}`).join('')}`
      : `the archive is whole: the profile ${head.profile.name}${mirrors.map((one) => `, with ${one}`).join('')} (${formatBytes(size)}). Nothing was changed. It would:`,
    ...(plan?.changes ?? []).map((one) => `  ${one}`),
    ...(plan?.doubts ?? []).map((one) => `  in spite of: ${one}`),
    ...head.leftOut.map((one) => `not in it: ${one}`),
  ];
  if (report?.server?.kind === 'loaded') lines.push(`the server has read it: ${report.server.machines} machines`);
  if (report?.server?.kind === 'refused')
    lines.push('THE SERVER REFUSED IT and keeps the old one:', ...report.server.problems);
  process.stdout.write(`${lines.join('\n')}\n`);
}
