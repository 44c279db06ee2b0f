import { type BindOptions, createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { ANY, BROADCAST, formatIpv4, type Ipv4 } from '../../net/ipv4.ts';
import { ProvisionError } from '../../net/provision-error.ts';
import { listInterfaces } from '../interfaces.ts';
import { check, loadNative, type Native } from '../native/native.ts';
import {
  AF,
  bindToDevice,
  boundDevice,
  growBuffers,
  openSocket,
  SO,
  SOCK,
  SOL,
  setIntOption,
  socketAddress,
} from '../native/socket.ts';
import { type InheritedSocket, isNamed } from './inherited.ts';
import { createNativePort } from './native-port.ts';
import { createPlainPort } from './plain-port.ts';
import { findPortHolders, udpEntryOf } from './port-holder.ts';
import type { UdpKind, UdpPort } from './udp-port.ts';

export interface UdpOptions {
  readonly interface: string;
  readonly port: number;
  /** Address to bind to. Default: everything that comes in by the interface (plain: the interface's first address). */
  readonly address?: Ipv4 | undefined;
  /** Sends to and hears 255.255.255.255. */
  readonly broadcast?: boolean | undefined;
  /**
   * SO_REUSEADDR. Off by default: sockets that are tied to different interfaces share a port without it, and with it a
   * second DHCP server on the port would not be noticed. Both sockets need it when one of them is tied to no interface.
   */
  readonly reuse?: boolean | undefined;
  readonly inherited?: readonly InheritedSocket[] | undefined;
  /** false: as if koffi were missing. */
  readonly native?: boolean | undefined;
  /** Room for what comes in faster than we read, in octets. */
  readonly bufferBytes?: number | undefined;
}

const DEFAULT_BUFFER_BYTES = 8 << 20;

/**
 * Opens a UDP port on one interface: inherited from systemd, else tied to the interface through koffi, else plain Node.
 * Throws ProvisionError `port-in-use` (names the program that holds it), `not-permitted` or `no-interface`; nothing stays
 * open then.
 */
export async function openUdp(options: UdpOptions): Promise<UdpPort> {
  const native = await loadNative(options);
  const inherited = await findInherited(options, native);
  if (native) {
    if (inherited !== undefined) return createNativePort(native, inherited, 'inherited');
    return createNativePort(native, await openNative(native, options), 'native');
  }
  if (inherited !== undefined) return createPlainPort([await adopt(inherited, options)], 'inherited', undefined);
  return openPlain(options);
}

/** The same as one of Node's own sockets, for what wants one (a TFTP transfer). The caller closes it. */
export async function openUdpSocket(options: UdpOptions): Promise<{ readonly socket: Socket; readonly kind: UdpKind }> {
  const native = await loadNative(options);
  const inherited = await findInherited(options, native);
  if (inherited !== undefined) return { socket: await adopt(inherited, options), kind: 'inherited' };
  if (native) return { socket: await adopt(await openNative(native, options), options), kind: 'native' };
  return { socket: await bindPlain(options, await addressOf(options)), kind: 'plain' };
}

async function findInherited(options: UdpOptions, native: Native | undefined): Promise<number | undefined> {
  for (const { fd, name } of options.inherited ?? []) {
    if (!isNamed(name, options.interface, options.port)) continue;
    if ((await udpEntryOf(fd))?.port !== options.port) continue;
    const device = native ? boundDevice(native, fd) : options.interface;
    if (device === options.interface) return fd;
    throw new ProvisionError(
      'no-interface',
      `Cannot use the inherited socket "${name}" (descriptor ${fd}): it is ${device ? `tied to "${device}"` : 'tied to no interface'}; its .socket unit needs BindToDevice=${options.interface}`,
    );
  }
  return undefined;
}

/** Opens, sets and binds, each step checked: a socket whose SO_BINDTODEVICE failed would hear every interface. */
async function openNative(native: Native, options: UdpOptions): Promise<number> {
  const address = options.address ?? ANY;
  const fd = openSocket(native, AF.INET, SOCK.DGRAM);
  try {
    if (options.reuse) setIntOption(native, fd, SOL.SOCKET, SO.REUSEADDR, 1, 'SO_REUSEADDR');
    if (options.broadcast) setIntOption(native, fd, SOL.SOCKET, SO.BROADCAST, 1, 'SO_BROADCAST');
    bindToDevice(native, fd, options.interface);
    growBuffers(native, fd, options.bufferBytes ?? DEFAULT_BUFFER_BYTES);
    check(native, 'bind()', native.libc.bind(fd, socketAddress(address, options.port), 16));
    return fd;
  } catch (error) {
    native.libc.close(fd);
    throw await explain(error, options);
  }
}

async function adopt(fd: number, options: UdpOptions): Promise<Socket> {
  const socket = createSocket('udp4');
  return bind(socket, { fd }, options);
}

const PLAIN_LIMITS =
  'koffi is not installed, so the socket is not tied to its interface: a broadcast that comes in by any interface is heard by every served network, machines without an address are answered by broadcast only, and the answer to a broadcast leaves by the interface whose address is used. One served interface works fully; for several run npm ci with optional packages, or let systemd open the sockets';

/** One socket on the interface's address sends and hears unicast; broadcasts reach only a socket on 255.255.255.255. */
async function openPlain(options: UdpOptions): Promise<UdpPort> {
  const address = await addressOf(options);
  const socket = await bindPlain(options, address);
  if (!options.broadcast) return createPlainPort([socket], 'plain', PLAIN_LIMITS);
  try {
    socket.setBroadcast(true);
    const { port } = socket.address();
    // Each served interface has one of these, and each gets its copy of a broadcast: hence reuse.
    const ears = await bindPlain({ ...options, port, reuse: true }, BROADCAST);
    return createPlainPort([socket, ears], 'plain', PLAIN_LIMITS);
  } catch (error) {
    socket.close();
    throw error;
  }
}

async function bindPlain(options: UdpOptions, address: Ipv4): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: options.reuse ?? false });
  const bound = await bind(socket, { address: formatIpv4(address), port: options.port, exclusive: true }, options);
  // Node has no FORCE form; what the system's limit does not allow is cut off by the kernel without an error.
  bound.setRecvBufferSize(options.bufferBytes ?? DEFAULT_BUFFER_BYTES);
  bound.setSendBufferSize(options.bufferBytes ?? DEFAULT_BUFFER_BYTES);
  return bound;
}

async function bind(socket: Socket, how: BindOptions, options: UdpOptions): Promise<Socket> {
  try {
    // A descriptor is bound already: Node tells "listening" before bind() returns.
    const listening = once(socket, 'listening');
    socket.bind(how);
    await listening;
    return socket;
  } catch (error) {
    socket.close();
    throw await explain(error, options);
  }
}

async function addressOf(options: UdpOptions): Promise<Ipv4> {
  if (options.address !== undefined && options.address !== ANY) return options.address;
  const found = (await listInterfaces(options)).find(({ name }) => name === options.interface);
  const [first] = found?.addresses ?? [];
  if (first) return first.address;
  throw new ProvisionError(
    'no-interface',
    found
      ? `Cannot open UDP port ${options.port} on "${options.interface}": the interface has no IPv4 address (ip address add ADDRESS/PREFIX dev ${options.interface})`
      : `Cannot open UDP port ${options.port} on "${options.interface}": there is no such interface`,
  );
}

/** The system's error in the operator's words; anything without words of its own stays what it is. */
async function explain(error: unknown, options: UdpOptions): Promise<unknown> {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const what = `Cannot open UDP port ${options.port} on "${options.interface}"`;
  if (code === 'EADDRINUSE') {
    const holders = await findPortHolders(options.port).catch(() => undefined);
    const text = `${what}: ${holders ? `it is held by ${holders}; stop that program or take the interface out of its configuration` : 'another program holds it'}`;
    return new ProvisionError('port-in-use', text, { cause: error });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new ProvisionError('not-permitted', `${what}: this account may not (${code})`, { cause: error });
  }
  if (code === 'ENODEV') {
    return new ProvisionError('no-interface', `${what}: there is no such interface`, { cause: error });
  }
  if (code === 'EADDRNOTAVAIL') {
    const address = options.address === undefined ? 'its address' : formatIpv4(options.address);
    return new ProvisionError('no-interface', `${what}: ${address} is not an address of this computer now`, {
      cause: error,
    });
  }
  return error;
}
