import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProvisionError } from '../net/provision-error.ts';
import { type Accelerator, probeAccelerator, translation } from './accel.ts';
import { isEnclosed, tapProblem } from './enclose.ts';
import { findFirmware } from './firmware.ts';
import { ip } from './ip.ts';
import { type LabMachine, type MachineOptions, openMachine } from './machine.ts';

export interface RackOptions {
  /** The host's own address on the rack's network, with prefix length. Default: 172.22.10.2/24. */
  readonly address?: string;
  /** Name of the bridge that stands for the switch. Default: br0. */
  readonly bridge?: string;
  /** The bridge's own MAC address. Without one it would take a port's, and change when ports come. */
  readonly bridgeMac?: string;
  /** How machines are run. Default: tried out when the first machine is switched on, which takes some seconds. */
  readonly accelerator?: Accelerator;
}

/** A host on the rack's network that is no machine: a network namespace of its own, for programs to run in. */
export interface RackClient {
  readonly namespace: string;
  /** Its network card. No address is set, the link is up. */
  readonly interfaceName: string;
  /** Goes before a command line that is to run there. */
  readonly prefix: readonly string[];
}

/** A virtual rack: a bridge for a switch, virtual machines and plain clients on its ports. */
export interface Rack {
  readonly bridge: string;
  readonly folder: string;
  readonly machines: readonly LabMachine[];
  /** A new tap device on the bridge, up. Returns its name. */
  addTap(): Promise<string>;
  addClient(name: string, options?: { readonly mac?: string }): Promise<RackClient>;
  /** Takes a host away, with its card and what still runs there. */
  removeClient(client: RackClient): Promise<void>;
  /** Puts a machine in and switches it on. */
  powerOn(options: MachineOptions): Promise<LabMachine>;
  /** How machines of the host's architecture are run here; tried on the first call. */
  accelerator(): Promise<Accelerator>;
  /** Switches everything off and takes the network away. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Builds a rack in the namespaces of this process. Refuses to do so on the host itself: see `probeEnclosure` and `runEnclosed`.
 * Throws ProvisionError when a device cannot be made.
 */
export async function openRack(options: RackOptions = {}): Promise<Rack> {
  if (!isEnclosed()) throw new Error('A rack is opened inside private namespaces only (see enclose.ts)');
  const bridge = options.bridge ?? 'br0';
  await ip(
    'link',
    'add',
    bridge,
    'address',
    options.bridgeMac ?? '02:00:ac:16:0a:02',
    'type',
    'bridge',
    'stp_state',
    '0',
    'forward_delay',
    '0',
  );
  await ip('address', 'add', options.address ?? '172.22.10.2/24', 'dev', bridge);
  await ip('link', 'set', bridge, 'up');
  return createRack(bridge, mkdtempSync(join(tmpdir(), 'rackready-rack-')), options.accelerator);
}

function createRack(bridge: string, folder: string, given: Accelerator | undefined): Rack {
  const machines: LabMachine[] = [];
  const taps: string[] = [];
  /** The bridge's port of each, by namespace. */
  const clients = new Map<string, string>();
  let ports = 0;
  let accelerator = given && Promise.resolve(given);
  let closing: Promise<void> | undefined;
  const rack: Rack = {
    bridge,
    folder,
    machines,
    async addTap() {
      const problem = tapProblem();
      if (problem)
        throw new ProvisionError('not-permitted', `Cannot make a network card for a virtual machine: ${problem}`);
      const tap = `tap${taps.length}`;
      taps.push(tap);
      await ip('tuntap', 'add', tap, 'mode', 'tap');
      await ip('link', 'set', tap, 'master', bridge, 'up');
      return tap;
    },
    async addClient(name, { mac } = {}) {
      ports += 1;
      const port = `${bridge}-c${ports}`;
      clients.set(name, port);
      return addClient(bridge, name, port, mac);
    },
    async removeClient({ namespace }) {
      const port = clients.get(namespace);
      clients.delete(namespace);
      if (port !== undefined) await deleteClient(namespace, port);
    },
    async powerOn(order) {
      const tap = await rack.addTap();
      const machine = await openMachine(order, { tap, folder, accelerator: await rack.accelerator() });
      machines.push(machine);
      return machine;
    },
    accelerator() {
      accelerator ??= findAccelerator();
      return accelerator;
    },
    close() {
      closing ??= closeRack(bridge, folder, machines, taps, clients);
      return closing;
    },
  };
  return rack;
}

async function findAccelerator(): Promise<Accelerator> {
  const firmware = findFirmware('bios');
  if (firmware.kind === 'found') return probeAccelerator(firmware.qemu);
  return { ...translation, reason: `${firmware.what} is missing, so KVM was not tried` };
}

/** A namespace with a card on a port of the bridge. All of it goes with the namespace. */
export async function addClient(bridge: string, namespace: string, port: string, mac?: string): Promise<RackClient> {
  const interfaceName = 'eth0';
  const address = mac === undefined ? [] : ['address', mac];
  await ip('netns', 'add', namespace);
  await ip('link', 'add', port, 'type', 'veth', 'peer', 'name', interfaceName, ...address, 'netns', namespace);
  await ip('link', 'set', port, 'master', bridge, 'up');
  await ip('-n', namespace, 'link', 'set', 'lo', 'up');
  await ip('-n', namespace, 'link', 'set', interfaceName, 'up');
  return { namespace, interfaceName, prefix: ['ip', 'netns', 'exec', namespace] };
}

/** The kernel takes a namespace's devices away some time later; the port's name must be free at once. */
async function deleteClient(namespace: string, port: string): Promise<void> {
  await ip('link', 'delete', port).catch(() => {
    // Somebody took the cable out already.
  });
  await ip('netns', 'delete', namespace);
}

async function closeRack(
  bridge: string,
  folder: string,
  machines: readonly LabMachine[],
  taps: readonly string[],
  clients: ReadonlyMap<string, string>,
): Promise<void> {
  await Promise.all(machines.map((machine) => machine.stop()));
  for (const [namespace, port] of clients) await deleteClient(namespace, port);
  for (const tap of taps) await ip('link', 'delete', tap);
  await ip('link', 'delete', bridge);
  rmSync(folder, { recursive: true, force: true });
}
