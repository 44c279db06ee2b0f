import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { digestOf } from '../src/io/mirror/digest-of.ts';
import { openMirrorFiles } from '../src/io/mirror/mirror-files.ts';
import { openPool } from '../src/io/mirror/pool.ts';
import { publish } from '../src/io/mirror/publish.ts';
import { type ManifestEntry, measureManifest } from '../src/mirror/run/manifest.ts';
import { machineLine, median, table, writeSection } from './results.ts';
import { encloseBench, env } from './segment.ts';

/**
 * npm run bench:mirror-serve: one mirror served by rackready, and its plain tree by nginx, in turns, over loopback, from the page cache.
 *
 *     npm run bench:mirror-serve -- --repeats 1 --no-write     a quick look; RESULTS.md stays as it is
 */
const MEGABYTE = 1_000_000;
const PORTS = { rackready: 18_080, nginx: 18_081 } as const;
type Peer = keyof typeof PORTS;
const PEERS: readonly Peer[] = ['rackready', 'nginx'];
const SMALL_FILES = 500;
const SMALL_ROUNDS = 4;
/** The median of the packages of a distribution is some 100 KB. */
const SMALL_BYTES = 100_000;
const BIG_BYTES = 500 * MEGABYTE;
const AIM = 0.5;

const { values: options } = parseArgs({
  options: { repeats: { type: 'string', default: '5' }, write: { type: 'boolean', default: true } },
  allowNegative: true,
});

interface Case {
  readonly name: string;
  /** How many connections at a time, and what each of them asks for, one after the other. */
  readonly connections: number;
  readonly paths: readonly string[];
  readonly bytes: number;
}
const smallPaths = Array.from({ length: SMALL_FILES }, (_, index) => `Packages/small${index}.rpm`);
const cases: readonly Case[] = [
  { name: '1 connection, 500 MB', connections: 1, paths: ['images/big.img'], bytes: BIG_BYTES },
  {
    name: `1 connection, ${SMALL_ROUNDS} times ${SMALL_FILES} packages of 100 KB`,
    connections: 1,
    paths: Array.from({ length: SMALL_ROUNDS }, () => smallPaths).flat(),
    bytes: SMALL_ROUNDS * SMALL_FILES * SMALL_BYTES,
  },
  { name: '10 connections, 500 MB each', connections: 10, paths: ['images/big.img'], bytes: 10 * BIG_BYTES },
];

async function makeMirror(folder: string): Promise<string> {
  const files = openMirrorFiles(join(folder, 'repos/m'));
  const pool = openPool(join(folder, 'pool'));
  const add = (path: string, bytes: Buffer): [string, ManifestEntry] => {
    const sha256 = digestOf('sha256', bytes).hex;
    writeFileSync(join(folder, 'new'), bytes);
    pool.adopt(join(folder, 'new'), sha256);
    return [path, { path, bytes: bytes.length, sha256, role: 'package', isVerified: true }];
  };
  const small = smallPaths.map((path, index) => add(path, Buffer.alloc(SMALL_BYTES, `${index} `)));
  const manifest = new Map([...small, add('images/big.img', Buffer.alloc(BIG_BYTES, 'rackready'))]);
  const id = 'bench';
  files.writeManifest(id, manifest);
  const snapshot = { id, at: 0, revision: '', size: measureManifest(manifest), entries: [], boot: {}, remarks: [] };
  await publish({ files, pool }, files.readState(), snapshot);
  return files.live;
}

function writeNginxConfig(folder: string, live: string): string {
  const file = join(folder, 'nginx.conf');
  const temps = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/nginx-${name};`,
  );
  writeFileSync(
    file,
    `daemon off; pid ${folder}/nginx.pid; user root; worker_processes auto; error_log stderr warn;
events { worker_connections 512; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000; ${temps.join(' ')}
  server { listen 127.0.0.1:${PORTS.nginx}; location / { root ${live}; } }
}
`,
  );
  return file;
}

async function start(peer: Peer, argv: readonly string[]): Promise<ChildProcess> {
  const [command = '', ...args] = argv;
  const child = spawn(command, args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
  const ask = ['-sS', '-m', '5', '--fail', '-o', '/dev/null', `http://127.0.0.1:${PORTS[peer]}/${smallPaths[0]}`];
  for (let tries = 0; spawnSync('curl', ask, { env, stdio: 'ignore' }).status !== 0; tries++) {
    if (tries === 100 || child.exitCode !== null) throw new Error(`${peer} does not answer`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return child;
}

interface Measured {
  readonly megabytesPerSecond: number;
  /** Of the server's processes: milliseconds of processor time for a megabyte. */
  readonly cpu: number;
}

async function measure(folder: string, peer: Peer, server: ChildProcess, each: Case): Promise<Measured> {
  const list = join(folder, 'urls');
  const urls = each.paths.map((path) => `url = "http://127.0.0.1:${PORTS[peer]}/${path}"\noutput = "/dev/null"\n`);
  writeFileSync(list, urls.join(''));
  const cpuBefore = cpuOf(server.pid ?? 0);
  const start = performance.now();
  const clients = Array.from({ length: each.connections }, async () => {
    const args = ['-sS', '--fail', '--write-out', '%{size_download}\n', '--config', list];
    const child = spawn('curl', args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    await once(child, 'close');
    return text
      .trim()
      .split('\n')
      .reduce((sum, line) => sum + Number(line), 0);
  });
  const bytes = (await Promise.all(clients)).reduce((sum, one) => sum + one, 0);
  const seconds = (performance.now() - start) / 1000;
  if (bytes !== each.bytes) throw new Error(`${peer}, ${each.name}: ${bytes} of ${each.bytes} bytes came`);
  const cpu = (cpuOf(server.pid ?? 0) - cpuBefore) / (bytes / MEGABYTE);
  return { megabytesPerSecond: bytes / MEGABYTE / seconds, cpu };
}

/** Milliseconds of processor time of a process and its children (nginx has a master and its workers). */
function cpuOf(pid: number): number {
  const script = 'for p in $0 $(cat /proc/$0/task/$0/children); do cut -d" " -f14,15 /proc/$p/stat; done';
  const ticks = spawnSync('sh', ['-c', script, String(pid)], { encoding: 'utf8' })
    .stdout.trim()
    .split(/\s+/);
  return ticks.reduce((sum, one) => sum + Number(one) * 10, 0);
}

encloseBench('bench:mirror-serve');
const loadBefore = loadavg()
  .map((one) => one.toFixed(1))
  .join(' ');
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const mirrors = join(folder, 'mirrors');
mkdirSync(mirrors);
const live = await makeMirror(mirrors);
const commands: Readonly<Record<Peer, readonly string[]>> = {
  rackready: [process.execPath, join(import.meta.dirname, 'mirror-server.ts'), String(PORTS.rackready), mirrors],
  nginx: ['nginx', '-e', 'stderr', '-c', writeNginxConfig(folder, live)],
};
const results = new Map<Case, Record<Peer, Measured[]>>(cases.map((each) => [each, { rackready: [], nginx: [] }]));
const servers = {
  rackready: await start('rackready', commands.rackready),
  nginx: await start('nginx', commands.nginx),
};
try {
  // In turns, so that what else the machine does meanwhile hits both.
  for (let run = 0; run < Number(options.repeats); run++) {
    for (const each of cases) {
      for (const peer of run % 2 === 0 ? PEERS : PEERS.toReversed()) {
        const measured = await measure(folder, peer, servers[peer], each);
        results.get(each)?.[peer].push(measured);
        console.log(`${peer}: ${each.name}: ${measured.megabytesPerSecond.toFixed(0)} MB/s`);
      }
    }
  }
} finally {
  for (const server of Object.values(servers)) server.kill('SIGTERM');
  rmSync(folder, { recursive: true });
}

const of = (each: Case, peer: Peer, what: keyof Measured) =>
  median((results.get(each)?.[peer] ?? []).map((one) => one[what]));
const ratioOf = (each: Case) => of(each, 'rackready', 'megabytesPerSecond') / of(each, 'nginx', 'megabytesPerSecond');
const rows = cases.map((each) => [
  each.name,
  ...PEERS.map((peer) => of(each, peer, 'megabytesPerSecond').toFixed(0)),
  ratioOf(each).toFixed(2),
  ...PEERS.map((peer) => of(each, peer, 'cpu').toFixed(2)),
]);
const report = [
  '## Serving a mirror',
  '',
  `MB/s, median of ${options.repeats}, taken in turns; curl over loopback on the same processors, files in memory. nginx serves the plain`,
  'tree with sendfile. "CPU": milliseconds of processor time of the server for a megabyte.',
  '',
  table(['', ...PEERS, 'rackready / nginx', ...PEERS.map((peer) => `${peer}, CPU`)], rows),
  '',
  `Aimed at on one connection: ${AIM} of nginx. ${cases
    .filter(({ connections }) => connections === 1)
    .map((each) => `${each.name}: ${ratioOf(each) >= AIM ? 'reached' : 'not reached'}`)
    .join('; ')}.`,
  '',
  'A package of 100 KB costs some 0.6 ms of processor time, most of it for waking threads: a file is opened, read and closed in the',
  'pool, so that a cold disk holds up nobody else. Where that is too slow, nginx sends the files (docs/mirrors.md).',
  '',
  `Load average before: ${loadBefore}. ${machineLine()}`,
].join('\n');
console.log(report);
if (options.write) writeSection('mirror-serve', report);
