import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machineLine, median, table, writeSection } from './results.ts';
import { encloseBench, env, makeCable } from './segment.ts';

/**
 * npm run bench:tftp: rackready, tftpd-hpa and dnsmasq, in turns, in one run on the same link: two network
 * namespaces joined by a veth pair with an MTU of 9000, files in memory.
 *
 *     npm run bench:tftp -- --repeats 1 --no-write      a quick look; RESULTS.md stays as it is
 */
const SERVER = '10.69.0.1';
const MTU = 9000;
const MEGABYTE = 1_000_000;
const { values: options } = parseArgs({
  options: {
    repeats: { type: 'string', default: '3' },
    write: { type: 'boolean', default: true },
    only: { type: 'string', multiple: true },
  },
  allowNegative: true,
});

interface Peer {
  readonly name: string;
  readonly hasWindows: boolean;
  readonly command: (folder: string) => string[];
}
const peers: readonly Peer[] = [
  {
    name: 'rackready',
    hasWindows: true,
    command: (folder) => [process.execPath, join(import.meta.dirname, 'tftp-server.ts'), SERVER, folder, String(MTU)],
  },
  {
    name: 'tftpd-hpa',
    hasWindows: false,
    command: (folder) => ['in.tftpd', '-L', '-4', '-u', 'root', '-a', `${SERVER}:69`, '-s', folder],
  },
  {
    name: 'dnsmasq',
    hasWindows: false,
    command: (folder) => [
      ...['dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null', '--pid-file', '--user=root', '--port=0'],
      ...[
        '--enable-tftp',
        `--tftp-root=${folder}`,
        `--listen-address=${SERVER}`,
        '--bind-interfaces',
        '--tftp-max=200',
      ],
    ],
  },
];

interface Case {
  readonly name: string;
  readonly needsWindows: boolean;
  readonly bytes: number;
  /** Runs in the client's namespace and prints the number of bytes that came, one number a line. */
  readonly script: string;
}
const one = (blockSize: number): Case => ({
  name: `1 curl, 100 MB, blksize ${blockSize}`,
  needsWindows: false,
  bytes: 100 * MEGABYTE,
  script: curl(blockSize, '100'),
});
const windows = (window: number): Case => ({
  name: `1 client, 100 MB, blksize 1428, windowsize ${window}`,
  needsWindows: true,
  bytes: 100 * MEGABYTE,
  script: `'${process.execPath}' '${join(import.meta.dirname, 'tftp-load.ts')}' ${SERVER} 100 1 1428 ${window}`,
});
const cases: readonly Case[] = [
  one(512),
  one(1428),
  one(8192),
  {
    name: '100 curls at once, 10 MB each, blksize 1428',
    needsWindows: false,
    bytes: 1000 * MEGABYTE,
    script: `for i in $(seq 100); do ${curl(1428, '10')} & done; wait`,
  },
  windows(1),
  windows(4),
  windows(16),
];

function curl(blockSize: number, file: string): string {
  return `curl -sS --tftp-blksize ${blockSize} -o /dev/null -w '%{size_download}\\n' tftp://${SERVER}/${file}`;
}

async function startPeer(peer: Peer, folder: string): Promise<ChildProcess> {
  const child = spawn('ip', ['netns', 'exec', 'srv', ...peer.command(folder)], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  // A TFTP server says nothing when it is ready: ask until it answers.
  const ask = ['netns', 'exec', 'cli', 'curl', '-sS', '-m', '1', '-o', '/dev/null', `tftp://${SERVER}/small`];
  for (let tries = 0; spawnSync('ip', ask, { env }).status !== 0; tries++) {
    if (tries === 20 || child.exitCode !== null) throw new Error(`${peer.name} does not answer`);
  }
  return child;
}

/** Megabytes a second. */
async function measure(each: Case): Promise<number> {
  const start = performance.now();
  const child = spawn('ip', ['netns', 'exec', 'cli', 'sh', '-c', each.script], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  await once(child, 'close');
  let seconds = (performance.now() - start) / 1000;
  let bytes = 0;
  for (const line of output.trim().split('\n')) {
    if (line.startsWith('{')) ({ seconds, bytes } = JSON.parse(line));
    else bytes += Number(line);
  }
  if (bytes !== each.bytes) throw new Error(`${each.name}: ${bytes} of ${each.bytes} bytes came`);
  return bytes / MEGABYTE / seconds;
}

/** One run of all cases against one server; adds to `results`. */
async function measurePeer(peer: Peer, folder: string, results: Map<Case, number[]>): Promise<void> {
  const child = await startPeer(peer, folder);
  try {
    for (const each of cases) {
      if (each.needsWindows && !peer.hasWindows) continue;
      if (options.only && !options.only.some((word) => each.name.includes(word))) continue;
      const speed = await measure(each);
      results.set(each, [...(results.get(each) ?? []), speed]);
      console.log(`${peer.name}: ${each.name}: ${speed.toFixed(1)} MB/s`);
    }
  } finally {
    child.kill('SIGTERM');
    await once(child, 'close');
  }
}

encloseBench('bench:tftp');
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
mkdirSync(folder, { recursive: true });
for (const [name, bytes] of [
  ['small', 1000],
  ['10', 10 * MEGABYTE],
  ['100', 100 * MEGABYTE],
] as const) {
  writeFileSync(join(folder, name), Buffer.alloc(bytes, 'rackready'));
}
makeCable({ server: `${SERVER}/24`, client: '10.69.0.2/24', mtu: MTU });
const measured = new Map(peers.map(({ name }) => [name, new Map<Case, number[]>()]));
// In turns, so that what else the machine does meanwhile hits all of them.
for (let run = 0; run < Number(options.repeats); run++) {
  for (const peer of peers) await measurePeer(peer, folder, measured.get(peer.name) ?? new Map());
}
rmSync(folder, { recursive: true });

const speedOf = (name: string, each: Case): number | undefined => {
  const runs = measured.get(name)?.get(each);
  return runs && median(runs);
};
const shown = (value: number | undefined, digits = 1) => (value === undefined ? '–' : value.toFixed(digits));
const rows = cases
  .filter((each) => speedOf('rackready', each) !== undefined)
  .map((each) => {
    const [a, b] = [speedOf('rackready', each), speedOf('tftpd-hpa', each)];
    const ratio = a !== undefined && b !== undefined ? a / b : undefined;
    return [each.name, ...peers.map((peer) => shown(speedOf(peer.name, each))), shown(ratio, 2)];
  });
const report = [
  '## TFTP',
  '',
  `MB/s, median of ${options.repeats}, taken in turns; client and server in two network namespaces joined by veth (MTU ${MTU}), on the same`,
  'processors. Rows with a window use the client in bench/tftp-load.ts: curl has none; the other servers ignore the option.',
  '',
  table(['', ...peers.map(({ name }) => name), 'rackready / tftpd-hpa'], rows),
  '',
  'What costs: one curl is a chain of round trips, block by block, and each wake-up of the server goes through epoll, koffi and',
  'setImmediate: 5.5 us in JavaScript and native code around it, 2 us when a batch shares it. Large blocks pay for reading: a',
  'chunk of 256 KiB costs about 0.3 ms (new memory, a read and a stat in another thread), and the next is read ahead. Where client and server sit on',
  'different processors the wake-up of an idle one costs more than both programs, and all three servers swing by a factor of',
  'two and more from run to run. With 100 clients the acknowledgements of many transfers are taken and answered together:',
  'rackready needed 7.5-8.5 us of processor time a block (2 us in JavaScript), tftpd-hpa 10.1 us, in one process a client. But',
  'it is one thread: on processors shared with 100 clients, or with other programs, it gets one share, tftpd-hpa one hundred.',
  '',
  machineLine(),
].join('\n');
console.log(report);
if (options.write) writeSection('tftp', report);
