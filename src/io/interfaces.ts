import { readdir, readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { type Ipv4, ipv4 } from '../net/ipv4.ts';
import { type Mac, macAt, parseMac } from '../net/mac.ts';
import { searchMac } from '../serve/dhcp/strangers.ts';
import { loadNative, type Native } from './native/native.ts';
import { dumpLinks, watchLinks } from './native/netlink.ts';
import { HARDWARE_ETHERNET } from './native/socket.ts';

export interface InterfaceAddress {
  readonly address: Ipv4;
  readonly prefix: number;
}

/** A network interface of this computer, as it is now. */
export interface NetworkInterface {
  readonly name: string;
  /** Changes when the interface is taken away and made again: sockets that were tied to the old one are deaf then. */
  readonly index: number;
  /** undefined: has none (loopback, tunnels). */
  readonly mac: Mac | undefined;
  readonly addresses: readonly InterfaceAddress[];
  readonly mtu: number;
  /** Switched on by the administrator. */
  readonly isUp: boolean;
  /** Something is at the other end of the cable. */
  readonly hasCarrier: boolean;
  readonly isEthernet: boolean;
}

/** Asking for less: `native: false` uses /sys and getifaddrs(3) only, which show no addresses of an interface that is down. */
export interface NativeOption {
  readonly native?: boolean | undefined;
}

/** All interfaces, by index. Throws when neither the kernel nor /sys can be asked. */
export async function listInterfaces(options: NativeOption = {}): Promise<readonly NetworkInterface[]> {
  const native = await loadNative(options);
  return native ? listFromKernel(native) : listFromSys();
}

/**
 * The hardware addresses of this computer, and those that it looks for other servers with: requests from these are our own.
 * They come in where two interfaces are on one segment.
 */
export function ownMacs(interfaces: readonly NetworkInterface[]): ReadonlySet<Mac> {
  return new Set(interfaces.flatMap(({ mac }) => (mac ? [mac, macAt(searchMac(mac), 0, 6)] : [])));
}

function listFromKernel(native: Native): readonly NetworkInterface[] {
  const { links, addresses } = dumpLinks(native);
  return links.map(({ hardware, ...link }) => ({
    ...link,
    isEthernet: hardware === HARDWARE_ETHERNET,
    addresses: addresses
      .filter(({ index }) => index === link.index)
      .map(({ address, prefix }) => ({ address, prefix })),
  }));
}

async function listFromSys(): Promise<readonly NetworkInterface[]> {
  const addresses = networkInterfaces();
  const found: NetworkInterface[] = [];
  for (const name of await readdir('/sys/class/net')) {
    const read = async (file: string) => (await readFile(`/sys/class/net/${name}/${file}`, 'utf8')).trim();
    try {
      const flags = Number(await read('flags'));
      found.push({
        name,
        index: Number(await read('ifindex')),
        mac: parseMac(await read('address')),
        mtu: Number(await read('mtu')),
        isUp: (flags & 1) !== 0,
        hasCarrier: (flags & 1) !== 0 && (await read('carrier')) === '1',
        isEthernet: Number(await read('type')) === HARDWARE_ETHERNET,
        addresses: (addresses[name] ?? [])
          .filter(({ family }) => family === 'IPv4')
          .map(({ address, cidr }) => ({ address: ipv4(address), prefix: Number(cidr?.split('/')[1] ?? 32) })),
      });
    } catch (error) {
      // It went away between the listing and the reading, or is no interface (bonding_masters): both mean "not there".
      if (!isOneOf(error, ['ENOENT', 'ENOTDIR', 'ENODEV', 'EINVAL'])) throw error;
    }
  }
  return found.sort((a, b) => a.index - b.index);
}

function isOneOf(error: unknown, codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/**
 * What happened to a watched interface. `gone`: no such interface (told at the start too, for those that are not there).
 * `re-created`: gone and back between two looks; its sockets must be opened anew, as after `back`. `addresses` and `link`
 * are for an interface that stayed: sockets live on.
 */
export type InterfaceChange =
  | { readonly kind: 'gone'; readonly name: string }
  | { readonly kind: 'back'; readonly name: string; readonly now: NetworkInterface }
  | { readonly kind: 're-created'; readonly name: string; readonly now: NetworkInterface }
  | {
      readonly kind: 'addresses';
      readonly name: string;
      readonly now: NetworkInterface;
      readonly added: readonly InterfaceAddress[];
      readonly removed: readonly InterfaceAddress[];
    }
  | { readonly kind: 'link'; readonly name: string; readonly now: NetworkInterface };

/** What changed of the named interfaces between two looks. */
export function compareInterfaces(
  names: readonly string[],
  before: readonly NetworkInterface[],
  after: readonly NetworkInterface[],
): readonly InterfaceChange[] {
  return names.flatMap((name): readonly InterfaceChange[] => {
    const was = before.find((one) => one.name === name);
    const now = after.find((one) => one.name === name);
    if (!now) return was ? [{ kind: 'gone', name }] : [];
    if (!was) return [{ kind: 'back', name, now }];
    if (was.index !== now.index) return [{ kind: 're-created', name, now }];
    const changes: InterfaceChange[] = [];
    if (was.isUp !== now.isUp || was.hasCarrier !== now.hasCarrier) changes.push({ kind: 'link', name, now });
    const added = now.addresses.filter((one) => !hasAddress(was, one));
    const removed = was.addresses.filter((one) => !hasAddress(now, one));
    if (added.length > 0 || removed.length > 0) changes.push({ kind: 'addresses', name, now, added, removed });
    return changes;
  });
}

function hasAddress(one: NetworkInterface, { address, prefix }: InterfaceAddress): boolean {
  return one.addresses.some((other) => other.address === address && other.prefix === prefix);
}

/**
 * Watches interfaces by name until closed. `callback` hears `gone` at once for those that are not there. With koffi the
 * kernel tells of changes (and a look every `everyMs` makes sure); without, the look is all there is. Resolves after the
 * first look.
 */
export async function watchInterfaces(
  names: readonly string[],
  callback: (change: InterfaceChange) => void,
  options: NativeOption & { readonly everyMs?: number | undefined } = {},
): Promise<{ close(): void }> {
  const native = await loadNative(options);
  let known = await listInterfaces(options);
  let isClosed = false;
  let isLooking = false;
  let isAskedAgain = false;
  const look = async () => {
    isAskedAgain = true;
    if (isLooking) return;
    isLooking = true;
    while (isAskedAgain && !isClosed) {
      isAskedAgain = false;
      // No descriptor or memory left: the next look tries again, and nothing is told that we do not know.
      const now = await listInterfaces(options).catch(() => known);
      const changes = compareInterfaces(names, known, now);
      known = now;
      for (const change of changes) if (!isClosed) callback(change);
    }
    isLooking = false;
  };
  const timer = setInterval(() => void look(), options.everyMs ?? (native ? 5_000 : 1_000)).unref();
  const kernel = native ? watchLinks(native, () => void look()) : undefined;
  for (const name of names) if (!known.some((one) => one.name === name)) callback({ kind: 'gone', name });
  void look();
  return {
    close: () => {
      isClosed = true;
      clearInterval(timer);
      kernel?.close();
    },
  };
}
