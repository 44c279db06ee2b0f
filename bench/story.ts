import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientRequest, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { isEnclosed, probeEnclosure, systemPath } from '../src/lab/enclose.ts';
import { machineLine, median, table, writeSection } from './results.ts';

/**
 * npm run bench:story: what it costs DHCP and TFTP that somebody follows the machines. 1,000 machines boot, in turns with
 * nobody and with ten readers of /stories/stream, all against one server.
 *
 *     npm run bench:story -- --machines 200 --seconds 4 --runs 1 --no-write       a quick look; RESULTS.md stays as it is
 */
const SERVER = '172.22.10.2';
const RELAY = '172.22.10.3';
const READERS = 10;
const FILE = 'boot.bin';
const FILE_BYTES = 100_000;
const root = join(import.meta.dirname, '..');
const { values: options } = parseArgs({
  options: {
    machines: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '10' },
    runs: { type: 'string', default: '5' },
    write: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const env = { ...process.env, PATH: systemPath() };

/** Runs the rest of the program inside namespaces of its own and ends with it. */
function enclose(): never {
  const enclosure = probeEnclosure();
  if (enclosure.kind === 'impossible') {
    console.error(`bench:story needs namespaces: ${enclosure.reason}`);
    process.exit(1);
  }
  const [command = '', ...args] = [...enclosure.prefix, process.execPath, ...process.argv.slice(1)];
  process.exit(spawnSync(command, args, { stdio: 'inherit', env }).status ?? 1);
}

/** The server in one namespace; in the other a relay, to which every address of the pool belongs, too. */
function makeLink(): void {
  const ip = (line: string) => execFileSync('ip', line.split(' '), { env });
  for (const name of ['srv', 'cli']) ip(`netns add ${name}`);
  ip('link add br0 netns srv type veth peer name c0 netns cli');
  ip(`-n srv addr add ${SERVER}/16 dev br0`);
  ip(`-n cli addr add ${RELAY}/16 dev c0`);
  for (const words of ['srv link set lo up', 'srv link set br0 up', 'cli link set lo up', 'cli link set c0 up']) {
    ip(`-n ${words}`);
  }
  ip('-n cli route add local 172.22.16.0/20 dev lo');
}

function configuration(folder: string): string {
  mkdirSync(join(folder, 'boot'));
  writeFileSync(join(folder, 'boot', FILE), Buffer.alloc(FILE_BYTES, 1));
  const path = join(folder, 'rackready.yaml');
  writeFileSync(
    path,
    `server: { bootFolder: ${folder}/boot }
networks:
  big:
    interface: br0
    subnet: 172.22.0.0/16
    address: ${SERVER}
    dhcp: { mode: authoritative, conflictProbe: false, pools: [{ range: 172.22.16.0-172.22.31.255 }] }
`,
  );
  return path;
}

async function startServer(folder: string): Promise<ChildProcess> {
  const words = ['up', '--config', configuration(folder), '--data', join(folder, 'data')];
  const argv = ['netns', 'exec', 'srv', process.execPath, join(root, 'src', 'cli', 'main.ts'), ...words];
  const child = spawn('ip', argv, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const socket = join(folder, 'data', 'rackready.sock');
  for (let tries = 0; !existsSync(socket); tries++) {
    if (tries === 600 || child.exitCode !== null) throw new Error('the server does not come up');
    await sleep(100);
  }
  return child;
}

interface Readers {
  bytes(): number;
  close(): void;
}

async function openReaders(socketPath: string): Promise<Readers> {
  let bytes = 0;
  const asked: ClientRequest[] = [];
  for (let index = 0; index < READERS; index++) {
    const one = request({ socketPath, path: '/api/v1/stories/stream' }).end();
    // They are cut at the end of the run.
    one.on('error', () => {});
    const [response] = await once(one, 'response');
    response.on('error', () => {});
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    asked.push(one);
  }
  return { bytes: () => bytes, close: () => asked.forEach((one) => void one.destroy()) };
}

interface Times {
  readonly dhcp: readonly number[];
  readonly tftp: readonly number[];
  readonly lost: number;
  /** Processor time of the server, ms. */
  readonly cpuMs: number;
}

/** Of all its threads, in clock ticks of 10 ms. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function boot(round: number): Promise<Times> {
  const words = [SERVER, RELAY, FILE, options.machines, options.seconds, String(round)];
  const argv = ['netns', 'exec', 'cli', process.execPath, join(import.meta.dirname, 'story-load.ts'), ...words];
  const child = spawn('ip', argv, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const before = cpuMs(server.pid ?? 0);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`the load ended with ${code}`);
  return { ...(JSON.parse(text) as Omit<Times, 'cpuMs'>), cpuMs: cpuMs(server.pid ?? 0) - before };
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
}

function row(name: string, runs: readonly Times[]): string[] {
  const of = (pick: (times: Times) => readonly number[], share: number) =>
    median(runs.map((run) => percentile(pick(run), share))).toFixed(1);
  const lost = runs.reduce((sum, run) => sum + run.lost, 0);
  return [
    name,
    ...[0.5, 0.99].map((share) => of(({ dhcp }) => dhcp, share)),
    ...[0.5, 0.99].map((share) => of(({ tftp }) => tftp, share)),
    String(lost),
    String(median(runs.map((run) => run.cpuMs))),
  ];
}

if (!isEnclosed()) enclose();
// Not in the temp folder, which is memory here.
const cache = join(root, 'node_modules', '.cache');
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, 'bench-story-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
makeLink();
const server = await startServer(folder);
const without: Times[] = [];
const followed: Times[] = [];
let readBytes = 0;
// Once for the caches and the compiler.
await boot(0);
for (let run = 1; run <= Number(options.runs); run++) {
  without.push(await boot(run * 2));
  const readers = await openReaders(join(folder, 'data', 'rackready.sock'));
  followed.push(await boot(run * 2 + 1));
  readBytes += readers.bytes();
  readers.close();
  console.log(
    table(heading(), [row(`${run}, nobody`, without.slice(-1)), row(`${run}, followed`, followed.slice(-1))]),
  );
}
server.kill('SIGTERM');
await once(server, 'close');

function heading(): string[] {
  return ['', 'DHCP ms', 'DHCP p99', 'TFTP ms', 'TFTP p99', 'lost', 'CPU ms'];
}

const report = [
  '## Following machines',
  '',
  `${options.machines} machines boot within ${options.seconds} s: DISCOVER to ACK through a relay, then ${FILE_BYTES / 1000} kB by TFTP (blksize 1428). In turns, on one`,
  `server: with nobody who follows them, and with ${READERS} readers of /stories/stream. Medians of ${options.runs} runs.`,
  '',
  table(heading(), [row('nobody', without), row(`${READERS} readers`, followed)]),
  '',
  `The readers got ${(readBytes / 1e6 / Number(options.runs)).toFixed(1)} MB a run. ${machineLine()}`,
].join('\n');
console.log(report);
if (options.write) writeSection('story', report);
