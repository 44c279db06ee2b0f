import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { formatIpv4, type Ipv4 } from '../../net/ipv4.ts';
import { ProvisionError } from '../../net/provision-error.ts';
import { systemPath } from '../enclose.ts';
import { ip } from '../ip.ts';
import type { RackClient } from '../rack.ts';

/** Another server on the rack's network: it offers images, or gives out an address, or both. */
export interface ForeignOrder {
  readonly address: Ipv4;
  /** The one address that it gives to whoever asks, as a router's DHCP server would. Undefined: it gives out none. */
  readonly gives?: { readonly address: Ipv4; readonly prefix: number } | undefined;
  readonly priority: number;
  /** What it offers; its default image is the first. None: it does not answer to BSDP. */
  readonly images: readonly { readonly index: number; readonly name: string }[];
  /** What it names as boot file, on its own address. */
  readonly file: string;
}

export interface ForeignServer {
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts one on a client of the rack, which gets the address, and waits until it listens. */
export async function startForeignServer(
  client: RackClient,
  prefix: number,
  order: ForeignOrder,
): Promise<ForeignServer> {
  const env = { ...process.env, PATH: systemPath() };
  const [command = '', ...args] = client.prefix;
  const address = `${formatIpv4(order.address)}/${prefix}`;
  await ip('-n', client.namespace, 'address', 'add', address, 'dev', client.interfaceName);
  const script = join(import.meta.dirname, 'foreign-child.ts');
  const child = spawn(command, [...args, process.execPath, script, JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  });
  const gone = once(child, 'close');
  const lines = createInterface({ input: child.stdout });
  await Promise.race([
    once(lines, 'line'),
    gone.then(() => Promise.reject(new ProvisionError('not-permitted', 'The other server ended at its start'))),
  ]);
  return {
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
