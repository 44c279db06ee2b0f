import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { machineLine, table, writeSection } from './results.ts';
import { encloseBench, env, ip, makeCable } from './segment.ts';

/**
 * npm run bench:story: what it costs DHCP and TFTP that somebody follows the machines. 1,000 machines boot, again and again,
 * all against one server. In each run, in turns: nobody follows; ten pages are open; nobody (these two show the noise); and the
 * control: as many readers get as many bytes from another server, which shows what readers on these processors cost.
 *
 *     npm run bench:story -- --machines 200 --seconds 4 --runs 1 --no-write       a quick look; RESULTS.md stays as it is
 *     npm run bench:story -- --memory      the data folder in memory: without the noise of a disk that others use
 *     npm run bench:story -- --readers events       who follows: pages (as above), streams of stories only, or of events
 *     npm run bench:story -- --ahead       before all other programs of this machine, and before the readers (needs root)
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
    ahead: { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
    readers: { type: 'string', default: 'pages' },
  },
  allowNegative: true,
});

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
machines:
${Array.from({ length: Number(options.machines) }, (_, index) => `  n${index}: { mac: "${macOf(index)}" }`).join('\n')}
`,
  );
  return path;
}

/** As in story-load.ts. */
function macOf(index: number): string {
  const hex = (value: number) => value.toString(16).padStart(2, '0');
  return `02:00:00:00:${hex(index >> 8)}:${hex(index & 255)}`;
}

async function startServer(folder: string): Promise<ChildProcess> {
  const words = ['up', '--config', configuration(folder), '--data', join(folder, 'data')];
  const argv = ['netns', 'exec', 'srv', join(root, 'rackready'), ...words];
  const child = spawn('ip', argv, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const socket = join(folder, 'data', 'rackready.sock');
  for (let tries = 0; !existsSync(socket); tries++) {
    if (tries === 600 || child.exitCode !== null) throw new Error('the server does not come up');
    await sleep(100);
  }
  return child;
}

interface Readers {
  /** Resolves with how many bytes they got. */
  close(): Promise<number>;
}

/** Starts a program of this folder in a session of its own, and waits until it is ready. */
async function startProgram(file: string, ...words: readonly string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, file), ...words], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (child.stdout) await once(child.stdout, 'data');
  if (options.ahead) setPolicy('--all-tasks', '--other', '--pid', '0', String(child.pid));
  return child;
}

async function openReaders(socketPath: string, kind: string): Promise<Readers> {
  const child = await startProgram('story-readers.ts', socketPath, String(READERS), kind);
  return {
    close: async () => {
      let text = '';
      child.stdout?.on('data', (chunk) => {
        text += chunk;
      });
      child.stdin?.end();
      await once(child, 'close');
      return Number(text);
    },
  };
}

interface Times {
  readonly dhcp: readonly number[];
  readonly tftp: readonly number[];
  readonly lost: number;
  /** Processor time of the server's main thread, and of all its threads and processes, ms. */
  readonly mainMs: number;
  readonly allMs: number;
}

function runMs(path: string): number {
  return Number(readFileSync(path, 'utf8').split(' ')[0]) / 1e6;
}

function mainMs(pid: number): number {
  return runMs(`/proc/${pid}/task/${pid}/schedstat`);
}

function allMs(): number {
  const tasks = [server.pid, storyProcess].flatMap((pid) =>
    readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}/schedstat`),
  );
  return tasks.reduce((sum, path) => sum + runMs(path), 0);
}

/** The server's only child: without mirrors it has no other. */
async function findStoryProcess(pid: number): Promise<number> {
  for (let tries = 0; tries < 600; tries++) {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    if (child !== undefined) return Number(child);
    await sleep(100);
  }
  throw new Error('the server has not started the process of the stories');
}

async function boot(): Promise<Times> {
  const words = [SERVER, RELAY, FILE, options.machines, options.seconds, String(round++)];
  const argv = ['netns', 'exec', 'cli', process.execPath, join(import.meta.dirname, 'story-load.ts'), ...words];
  const pid = server.pid ?? 0;
  const before = { main: mainMs(pid), all: allMs() };
  const child = spawn('ip', argv, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`the load ended with ${code}`);
  return { ...JSON.parse(text), mainMs: mainMs(pid) - before.main, allMs: allMs() - before.all };
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
}

/** Medians of rounds, and of p99 the range of its middle half. */
function row(name: string, rounds: readonly Times[]): string[] {
  const of = (pick: (times: Times) => number, digits = 1, share = 0.5) =>
    percentile(rounds.map(pick), share).toFixed(digits);
  const spread = (pick: (times: Times) => number) =>
    rounds.length < 4 ? of(pick) : `${of(pick)} (${of(pick, 1, 0.25)}-${of(pick, 1, 0.75)})`;
  return [
    name,
    of(({ dhcp }) => percentile(dhcp, 0.5), 2),
    spread(({ dhcp }) => percentile(dhcp, 0.99)),
    of(({ tftp }) => percentile(tftp, 0.5), 2),
    spread(({ tftp }) => percentile(tftp, 0.99)),
    String(rounds.reduce((sum, { lost }) => sum + lost, 0)),
    of((times) => times.mainMs, 0),
    of((times) => times.allMs, 0),
  ];
}

encloseBench('bench:story');
// Real-time for this process and all that it starts; those whose place is behind step back below.
const setPolicy = (...words: readonly string[]) => execFileSync('chrt', words, { env });
if (options.ahead) setPolicy('--all-tasks', '--rr', '--pid', '1', String(process.pid));
// Not in the temp folder, which is memory on some.
const cache = options.memory ? '/dev/shm' : join(root, 'node_modules', '.cache');
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, 'bench-story-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
makeCable({ server: `${SERVER}/16`, client: `${RELAY}/16` });
// Every address of the pool belongs to the relay, too.
ip('-n cli route add local 172.22.16.0/20 dev lo');
const server = await startServer(folder);
const storyProcess = await findStoryProcess(server.pid ?? 0);
if (options.ahead) {
  // Before the load, which is other computers; stories behind both, and before what else runs here.
  setPolicy('--all-tasks', '--rr', '--pid', '2', String(server.pid));
  setPolicy('--all-tasks', '--other', '--pid', '0', String(storyProcess));
  setPriority(storyProcess, -15);
}
const HEADING = ['', 'DHCP ms', 'DHCP p99', 'TFTP ms', 'TFTP p99', 'lost', 'main ms', 'all ms'];
const socket = join(folder, 'data', 'rackready.sock');
let round = 0;
let pageBytes = 0;
const rounds = { nobody: [] as Times[], again: [] as Times[], pages: [] as Times[], control: [] as Times[] };
const kinds = {
  nobody: boot,
  again: boot,
  pages: async () => {
    const readers = await openReaders(socket, options.readers);
    const times = await boot();
    pageBytes += await readers.close();
    return times;
  },
  control: async () => {
    const perSecond = pageBytes / rounds.pages.length / READERS / Number(options.seconds);
    const own = join(folder, 'control.sock');
    const control = await startProgram('story-control.ts', own, String(Math.round(perSecond)));
    const readers = await openReaders(own, 'streams');
    const times = await boot();
    await readers.close();
    control.kill();
    await once(control, 'close');
    rmSync(own, { force: true });
    return times;
  },
};
// For the caches and the compiler.
await boot();
await boot();
for (let run = 0; run < Number(options.runs); run++) {
  // Whatever changes with time shall not always meet the same one.
  const order = ['nobody', 'pages', 'again', 'control'] as const;
  for (let index = 0; index < order.length; index++) {
    const kind = order[(index + (run % 2 === 0 ? 0 : 2)) % order.length] ?? 'nobody';
    const times = await kinds[kind]();
    rounds[kind].push(times);
    console.log(row(`${run + 1} ${kind}`, [times]).join('  '));
  }
}
server.kill('SIGTERM');
await once(server, 'close');

const report = [
  '## Following machines',
  '',
  `${options.machines} machines boot within ${options.seconds} s: DISCOVER to ACK through a relay, then ${FILE_BYTES / 1000} kB by TFTP (blksize 1428). In turns, on one`,
  `server; medians of ${options.runs} rounds each, and of p99 the middle half of the rounds. "Main": processor time of the thread that answers.`,
  '',
  table(HEADING, [
    row('nobody', rounds.nobody),
    row('nobody, again', rounds.again),
    row(`${READERS} readers (${options.readers})`, rounds.pages),
    row(`control: ${READERS} readers of another server`, rounds.control),
  ]),
  '',
  `The readers got ${(pageBytes / 1e6 / Number(options.runs)).toFixed(1)} MB a round. ${machineLine()}`,
].join('\n');
console.log(report);
if (options.write) writeSection('story', report);
