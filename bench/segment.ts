import { execFileSync, spawnSync } from 'node:child_process';
import { isEnclosed, probeEnclosure, systemPath } from '../src/lab/enclose.ts';

/** For the programs that are measured: those of an administrator are found, too. */
export const env = { ...process.env, PATH: systemPath() };

/** Runs the rest of the program inside namespaces of its own, which end with it. `name` is that of the npm script. */
export function encloseBench(name: string): void {
  if (isEnclosed()) return;
  const enclosure = probeEnclosure();
  if (enclosure.kind === 'impossible') {
    console.error(`${name} needs namespaces: ${enclosure.reason}`);
    process.exit(1);
  }
  const [command = '', ...args] = [...enclosure.prefix, process.execPath, ...process.argv.slice(1)];
  process.exit(spawnSync(command, args, { stdio: 'inherit', env }).status ?? 1);
}

/** `ip` with its words in one string. */
export function ip(words: string): void {
  execFileSync('ip', words.split(' '), { env });
}

export interface CableEnds {
  /** Addresses with their prefix lengths. */
  readonly server: string;
  readonly client: string;
  readonly mtu?: number;
}

/** A cable from `br0` in the network namespace `srv` (so the interface is called in configurations) to `c0` in `cli`. */
export function makeCable({ server, client, mtu = 1500 }: CableEnds): void {
  for (const name of ['srv', 'cli']) ip(`netns add ${name}`);
  ip(`link add br0 mtu ${mtu} netns srv type veth peer name c0 mtu ${mtu} netns cli`);
  ip(`-n srv addr add ${server} dev br0`);
  ip(`-n cli addr add ${client} dev c0`);
  for (const words of ['srv link set lo up', 'srv link set br0 up', 'cli link set lo up', 'cli link set c0 up']) {
    ip(`-n ${words}`);
  }
}
