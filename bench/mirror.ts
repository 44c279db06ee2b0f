import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { MIRROR_FLAGS } from '../src/io/mirror/open-mirrors.ts';
import { findProgram } from '../src/lab/programs.ts';
import { makeCorpus } from './mirror-corpus.ts';
import { PORTS, serve } from './mirror-servers.ts';
import { machineLine, median, table, writeSection } from './results.ts';
import { encloseBench, env } from './segment.ts';

/**
 * npm run bench:mirror: the mirror engine beside rsync and `dnf reposync`, in turns, from nginx and an rsync daemon on the
 * loopback of a namespace. Needs nginx and rsync, and dnf to compare with.
 *
 *     npm run bench:mirror -- --runs 1 --only cold --no-write                  a quick look; RESULTS.md stays as it is
 *     npm run bench:mirror -- --runs 1 --only cold --peer rackready --no-write \
 *       --node-option=--cpu-prof --node-option=--cpu-prof-dir=/tmp/profile     a profile of the engine
 */
const root = join(import.meta.dirname, '..');
const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    files: { type: 'string', default: '3000' },
    megabytes: { type: 'string', default: '1000' },
    'round-trip': { type: 'string', default: '20' },
    only: { type: 'string', multiple: true },
    peer: { type: 'string', multiple: true },
    'node-option': { type: 'string', multiple: true, default: [] },
    write: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const RUNS = Number(options.runs);
const PACKAGES = 30_000;
const PUBLISHED = 50_000;

interface Taken {
  readonly seconds: number;
  /** Of the processors; `systemSeconds` of that in the kernel. */
  readonly cpuSeconds: number;
  readonly systemSeconds: number;
  readonly text: string;
}

function take(argv: readonly string[]): Taken {
  const timed = 'TIMEFORMAT="timed %R %U %S"; time "$@"';
  const ran = spawnSync('bash', ['-c', timed, 'bash', ...argv], { encoding: 'utf8', env: { ...env, LC_ALL: 'C' } });
  if (ran.status !== 0) throw new Error(`${argv.join(' ')}\n${ran.stdout}${ran.stderr}`);
  const [, real, user, system] = /^timed (\S+) (\S+) (\S+)$/m.exec(ran.stderr) ?? [];
  return {
    seconds: Number(real),
    cpuSeconds: Number(user) + Number(system),
    systemSeconds: Number(system),
    text: ran.stdout,
  };
}

/** How much of the processors others use, in per cent, while nothing of this runs. */
async function othersBusy(): Promise<number> {
  const read = () => {
    const fields = /^cpu +(.*)/.exec(readFileSync('/proc/stat', 'utf8'))?.[1]?.split(' ').map(Number) ?? [];
    return { idle: (fields[3] ?? 0) + (fields[4] ?? 0), all: fields.slice(0, 8).reduce((sum, one) => sum + one, 0) };
  };
  const before = read();
  await sleep(1000);
  const after = read();
  return 100 * (1 - (after.idle - before.idle) / (after.all - before.all));
}

/**
 * A folder of a file system of its own, where root may make one: ext4 does not take an inode for a minute after it was
 * deleted, so that whoever comes after a deletion of thousands of files pays for the search of others. As on a disk, what
 * is written to it is not kept in memory a second time, and nothing is left for the kernel to set up meanwhile.
 */
function freshFolder(): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(scratch, 'to-'));
  const image = `${folder}.img`;
  const commands = [
    `fallocate -l 4G ${image}`,
    `mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 ${image}`,
    `device=$(losetup --find --show --direct-io=on ${image})`,
    // Detached while it is in use, it is gone with the last use.
    `{ mount $device ${folder}; isMounted=$?; losetup --detach $device; [ $isMounted = 0 ]; }`,
  ];
  const made = spawnSync('sh', ['-c', commands.join(' && ')], { env });
  const isOwn = made.status === 0;
  const remove = () => {
    if (isOwn) execFileSync('umount', [folder], { env });
    rmSync(folder, { recursive: true });
    rmSync(image, { force: true });
  };
  return { folder: join(folder, 'x'), remove };
}

interface Place {
  readonly http: number;
  readonly rsync: number;
}
const NEAR: Place = { http: PORTS.http, rsync: PORTS.rsync };
const FAR: Place = { http: PORTS.farHttp, rsync: PORTS.farRsync };

const child = (...words: readonly string[]) => [
  process.execPath,
  // As the launcher starts it.
  ...[...MIRROR_FLAGS, ...options['node-option']],
  ...[join(import.meta.dirname, 'mirror-child.ts'), ...words],
];

interface Synced extends Taken {
  readonly event: string;
  readonly ms: number;
  readonly rssMb: number;
}

function ours(place: Place, name: string, to: string): Synced {
  const taken = take(child('sync', `http://127.0.0.1:${place.http}/${name}/`, to));
  const told = JSON.parse(taken.text) as Omit<Synced, keyof Taken>;
  return { ...taken, ...told };
}

function cold(place: Place, to: string): Taken {
  const synced = ours(place, 'tree', to);
  if (synced.event !== 'mirror.published') throw new Error(`not published: ${synced.text}`);
  return synced;
}

function reposync(place: Place, to: string): Taken {
  const config = join(scratch, 'dnf.conf');
  const url = `http://127.0.0.1:${place.http}/tree/`;
  const main = `[main]\ncachedir=${to}/cache\nlogdir=${scratch}\nreposdir=/none\nzchunk=0\nplugins=1\n`;
  writeFileSync(config, `${main}[tree]\nname=tree\nbaseurl=${url}\ngpgcheck=0\nmax_parallel_downloads=10\n`);
  const words = ['--releasever=9', '--disableplugin=local', '--repoid=tree', '--download-metadata', '-p', to];
  return take(['dnf', '-q', '-c', config, 'reposync', ...words]);
}

interface Peer {
  readonly name: string;
  readonly program: string;
  readonly run: (place: Place, to: string) => Taken;
}

const peers: readonly Peer[] = [
  { name: 'rackready', program: 'node', run: cold },
  {
    name: 'rsync',
    program: 'rsync',
    run: ({ rsync }, to) => take(['rsync', '-aH', '--delay-updates', `rsync://127.0.0.1:${rsync}/tree/`, `${to}/`]),
  },
  {
    name: 'rsync, then sync',
    program: 'rsync',
    run: ({ rsync }, to) => {
      const copy = `rsync -aH --delay-updates rsync://127.0.0.1:${rsync}/tree/ ${to}/ && sync -f ${to}`;
      return take(['sh', '-c', copy]);
    },
  },
  {
    // What is to be had with the tools of the system: as much is checked, and as much is on the disk.
    name: 'floor: rsync, then SHA-256 (openssl) and sync',
    program: 'rsync',
    run: ({ rsync }, to) => {
      const check = `find ${to} -type f -print0 | xargs -0 -P2 -n200 openssl dgst -sha256 >/dev/null`;
      const copy = `rsync -aH --delay-updates rsync://127.0.0.1:${rsync}/tree/ ${to}/ && { sync -f ${to} & ${check}; wait; }`;
      return take(['sh', '-c', copy]);
    },
  },
  { name: 'dnf reposync', program: 'dnf', run: reposync },
];

interface Round {
  readonly busy: number;
  readonly taken: ReadonlyMap<string, Taken & { readonly serverSeconds: number }>;
}

/** Every peer once, each time another one first. */
async function round(place: Place, index: number): Promise<Round> {
  const taken = new Map<string, Taken & { readonly serverSeconds: number }>();
  const busy: number[] = [];
  const present = peers.filter(
    ({ name, program }) =>
      (options.peer?.includes(name) ?? true) && (program === 'node' || findProgram(program) !== undefined),
  );
  const turn = index % present.length;
  for (const peer of [...present.slice(turn), ...present.slice(0, turn)]) {
    const { folder, remove } = freshFolder();
    execFileSync('sync');
    busy.push(await othersBusy());
    const before = served.seconds();
    const one = { ...peer.run(place, folder), serverSeconds: served.seconds() - before };
    taken.set(peer.name, one);
    console.log(
      `${peer.name}: ${one.seconds.toFixed(2)} s, ${one.cpuSeconds.toFixed(2)} s of processor time, ${one.systemSeconds.toFixed(2)} s of it in the kernel, ${one.serverSeconds.toFixed(2)} s more of its server`,
    );
    remove();
  }
  return { busy: median(busy), taken };
}

async function compare(place: Place): Promise<Round[]> {
  const rounds: Round[] = [];
  for (let index = 0; index < RUNS; index++) rounds.push(await round(place, index));
  return rounds;
}

const HEAD = ['', 's', 'of processor time', 'and of its server', 'rackready / it'];

/** The ratio is the median of those of the rounds: what disturbs a round disturbs all who are in it. */
function rowsOf(rounds: readonly Round[]): string[][] {
  return peers.flatMap(({ name }) => {
    const all = rounds.flatMap(({ taken }) => taken.get(name) ?? []);
    if (all.length === 0) return [];
    const ratios = rounds.map(({ taken }) => (taken.get('rackready')?.seconds ?? 0) / (taken.get(name)?.seconds ?? 0));
    const seconds = all.map((one) => one.seconds);
    const spread = `${median(seconds).toFixed(2)} (${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)})`;
    return [
      [
        name,
        spread,
        median(all.map((one) => one.cpuSeconds)).toFixed(2),
        median(all.map((one) => one.serverSeconds)).toFixed(2),
        median(ratios).toFixed(2),
      ],
    ];
  });
}

function ratioOf(rounds: readonly Round[], name: string): number {
  return Number(rowsOf(rounds).find(([one]) => one === name)?.[4]);
}

const verdict = (value: number, most: number) => (value <= most ? 'reached' : 'not reached');

function goal(rounds: readonly Round[], name: string, most: number): string {
  const ratio = ratioOf(rounds, name);
  return `* At most ${most} times ${name}: ${ratio.toFixed(2)}, ${verdict(ratio, most)}.`;
}

function busyLine(rounds: readonly Round[]): string {
  return `Others used ${median(rounds.map(({ busy }) => busy)).toFixed(0)} % of the processors before the runs (median).`;
}

async function coldSection(): Promise<string[]> {
  const rounds = await compare(NEAR);
  return [
    `### Filled for the first time: ${options.files} files, ${options.megabytes} MB`,
    '',
    `Seconds from the start of the program to its end, median of ${RUNS} (and extremes), in turns. rackready checks every byte against the`,
    'metadata, and has all on the disk (syncfs) when it ends; of the others only reposync checks, and none waits for the disk.',
    '',
    table(HEAD, rowsOf(rounds)),
    '',
    goal(rounds, 'rsync', 1.1),
    goal(rounds, 'dnf reposync', 0.6),
    '',
    busyLine(rounds),
    '',
  ];
}

async function farSection(): Promise<string[]> {
  const rounds = await compare(FAR);
  return [
    `### The same with round trips of ${options['round-trip']} ms`,
    '',
    'Through a proxy that delays what comes (bench/mirror-delay.ts), where the kernel has no netem; it shares the processors.',
    '',
    table(HEAD, rowsOf(rounds)),
    '',
    goal(rounds, 'rsync', 1.2),
    '',
    busyLine(rounds),
    '',
  ];
}

async function nothingNewSection(): Promise<string[]> {
  const to = join(scratch, 'nothing-new');
  ours(NEAR, 'tree', to);
  const runs: { ms: number; seconds: number; asked: number }[] = [];
  for (let run = 0; run < RUNS; run++) {
    const before = served.asked();
    const { event, ms, seconds } = ours(NEAR, 'tree', to);
    if (event !== 'mirror.unchanged') throw new Error(`not unchanged but ${event}`);
    // nginx writes its line after the answer.
    await sleep(200);
    runs.push({ ms, seconds, asked: served.asked() - before });
  }
  const [most, ms] = [Math.max(...runs.map((run) => run.asked)), median(runs.map((run) => run.ms))];
  const seconds = median(runs.map((run) => run.seconds));
  return [
    '### Nothing new',
    '',
    `* At most 2 questions to the upstream: ${most}, ${verdict(most, 2)}.`,
    `* At most 0.3 s: ${(ms / 1000).toFixed(3)} s, ${verdict(ms, 300)}; ${seconds.toFixed(2)} s with the start of Node.js, which is once.`,
    '',
  ];
}

function memorySection(): string[] {
  const measure = (name: string) => {
    const all = Array.from({ length: Math.min(3, RUNS) }, () => {
      const { folder, remove } = freshFolder();
      const synced = ours(NEAR, name, folder);
      if (synced.event !== 'mirror.published') throw new Error(`not published: ${synced.text}`);
      remove();
      return synced.rssMb;
    });
    return median(all);
  };
  const [many, fat] = [measure('many'), measure('fat')];
  return [
    '### Memory',
    '',
    `Largest resident set of a run that fetches ${PACKAGES} packages; then with a primary.xml that is 900 MB long for the same packages.`,
    '',
    `* At most 150 MB: ${many.toFixed(0)} MB, ${verdict(many, 150)}.`,
    `* No more with 900 MB of metadata: ${fat.toFixed(0)} MB, ${verdict(fat, many * 1.1)} (10 % are noise).`,
    '',
  ];
}

function publishSection(): string[] {
  const runs = Array.from({ length: RUNS }, () => {
    const { folder, remove } = freshFolder();
    const { text } = take(child('publish', `${PUBLISHED}`, folder));
    remove();
    return (JSON.parse(text) as { times: { ms: number; cpuMs: number }[] }).times;
  });
  const of = (index: number, pick: 'ms' | 'cpuMs') =>
    median(runs.map((times) => (times[index]?.[pick] ?? Number.NaN) / 1000));
  const [first, second] = [0, 1].map((index) => [of(index, 'ms'), of(index, 'cpuMs')] as const);
  const shown = ([seconds, cpu]: readonly [number, number] = [Number.NaN, Number.NaN]) =>
    `${seconds.toFixed(2)} s, of which ${cpu.toFixed(2)} s of processor time`;
  return [
    '### Publishing',
    '',
    `* ${PUBLISHED} files within 1 s: ${shown(first)}, ${verdict(first?.[0] ?? Number.NaN, 1)}; the next state, of which 1 in 100 is new: ${shown(second)}.`,
    '',
  ];
}

encloseBench('bench:mirror');
for (const program of ['nginx', 'rsync']) {
  if (findProgram(program) === undefined) {
    console.error(`bench:mirror needs ${program}`);
    process.exit(1);
  }
}
// Not in the temp folder, which is memory here.
const cache = join(root, 'node_modules', '.cache', 'bench-mirror');
mkdirSync(cache, { recursive: true });
for (const left of readdirSync(cache)) if (left.startsWith('run-')) rmSync(join(cache, left), { recursive: true });
const scratch = mkdtempSync(join(cache, 'run-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
const sections = [
  ['cold', coldSection],
  ['far', farSection],
  ['nothing-new', nothingNewSection],
  ['memory', memorySection],
  ['publish', publishSection],
] as const;
const chosen = sections.filter(([name]) => options.only?.includes(name) ?? true);
const is = (name: string) => chosen.some(([one]) => one === name);
const tree = await makeCorpus(cache, 'tree', {
  files: Number(options.files),
  bytes: Number(options.megabytes) * 1e6,
  formatBytes: 500,
});
const folders: Record<string, string> = { tree };
if (is('memory')) {
  folders.many = await makeCorpus(cache, 'many', { files: PACKAGES, bytes: PACKAGES * 1000, formatBytes: 500 });
  const fat = { files: PACKAGES, bytes: PACKAGES * 1000, formatBytes: 29_500, packagesOf: folders.many };
  folders.fat = await makeCorpus(cache, 'fat', fat);
}
// Once, so that all read it from memory.
execFileSync('sh', [
  '-c',
  `cat ${Object.values(folders)
    .map((one) => `${one}/*/*.* ${one}/*/*/*`)
    .join(' ')} >/dev/null 2>&1 || true`,
]);
const served = await serve({ scratch, env, roundTrip: options['round-trip'], folders });
const parts: string[] = [];
for (const [, section] of chosen) parts.push(...(await section()));
const report = ['## Filling a mirror', '', ...parts, machineLine()].join('\n');
console.log(report);
if (options.write && options.only === undefined && options.peer === undefined) writeSection('mirror-engine', report);
process.exit(0);
