import { type Ipv4, ipv4At, ipv4Bytes } from '../../net/ipv4.ts';
import { check, type Native } from './native.ts';

/** Numbers of Linux' socket interface (asm-generic, the same on x64, arm64, riscv64 and loong64). */
export const AF = { INET: 2, NETLINK: 16, PACKET: 17 } as const;
export const SOCK = { DGRAM: 2, RAW: 3, NONBLOCK: 0o4000, CLOEXEC: 0o2000000 } as const;
export const SOL = { SOCKET: 1, PACKET: 263 } as const;
export const SO = {
  REUSEADDR: 2,
  BROADCAST: 6,
  SNDBUF: 7,
  RCVBUF: 8,
  BINDTODEVICE: 25,
  ATTACH_FILTER: 26,
  SNDBUFFORCE: 32,
  RCVBUFFORCE: 33,
} as const;
export const PACKET_IGNORE_OUTGOING = 23;
export const MSG_DONTWAIT = 0x40;
export const ETHERTYPE = { IPV4: 0x0800, ARP: 0x0806 } as const;

/** Ethernet, Wi-Fi, bridges, bonds, VLANs, veth (ARPHRD_ETHER). */
export const HARDWARE_ETHERNET = 1;

/** Opens a non-blocking socket that child processes do not inherit. Throws SystemCallError. */
export function openSocket(native: Native, domain: number, type: number, protocol = 0): number {
  return check(native, 'socket()', native.libc.socket(domain, type | SOCK.NONBLOCK | SOCK.CLOEXEC, protocol));
}

/** Sets an option whose value is an int. Throws SystemCallError. */
export function setIntOption(
  native: Native,
  fd: number,
  level: number,
  option: number,
  value: number,
  call: string,
): void {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  check(native, call, native.libc.setsockopt(fd, level, option, bytes, 4));
}

/** Ties the socket to one interface. Throws SystemCallError, ENODEV when there is none of that name. */
export function bindToDevice(native: Native, fd: number, name: string): void {
  const bytes = new TextEncoder().encode(`${name}\0`);
  check(native, 'SO_BINDTODEVICE', native.libc.setsockopt(fd, SOL.SOCKET, SO.BINDTODEVICE, bytes, bytes.length));
}

/** The interface that a socket is tied to; undefined: none. */
export function boundDevice(native: Native, fd: number): string | undefined {
  const name = new Uint8Array(16);
  const length = Uint8Array.of(16, 0, 0, 0);
  check(native, 'SO_BINDTODEVICE', native.libc.getsockopt(fd, SOL.SOCKET, SO.BINDTODEVICE, name, length));
  const end = name.indexOf(0);
  return new TextDecoder().decode(name.subarray(0, end === -1 ? 16 : end)) || undefined;
}

/**
 * Makes room for bursts: a whole room of machines that is switched on, or TFTP windows. The FORCE form goes above the
 * system's limit and needs CAP_NET_ADMIN; without it the system's limit is what we get, which is not an error.
 */
export function growBuffers(native: Native, fd: number, bytes: number): void {
  const value = new Uint8Array(4);
  new DataView(value.buffer).setInt32(0, bytes, true);
  const pairs = [
    [SO.RCVBUFFORCE, SO.RCVBUF],
    [SO.SNDBUFFORCE, SO.SNDBUF],
  ] as const;
  for (const [force, plain] of pairs) {
    if (native.libc.setsockopt(fd, SOL.SOCKET, force, value, 4) === -1) {
      native.libc.setsockopt(fd, SOL.SOCKET, plain, value, 4);
    }
  }
}

/** struct sockaddr_in: family, port, address; 16 bytes. */
export function socketAddress(address: Ipv4, port: number): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes[0] = AF.INET;
  bytes[2] = port >>> 8;
  bytes[3] = port & 255;
  bytes.set(ipv4Bytes(address), 4);
  return bytes;
}

/** The port that a socket is bound to. */
export function boundTo(native: Native, fd: number): { readonly address: Ipv4; readonly port: number } {
  const bytes = new Uint8Array(16);
  check(native, 'getsockname()', native.libc.getsockname(fd, bytes, Uint8Array.of(16, 0, 0, 0)));
  return { address: ipv4At(bytes, 4), port: ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0) };
}

/** struct sockaddr_ll: family, protocol (network order), interface index, hardware type, packet type, address; 20 bytes. */
export function linkAddress(index: number, etherType: number, mac: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF.PACKET, true);
  view.setUint16(2, etherType, false);
  view.setInt32(4, index, true);
  bytes[11] = mac.length;
  bytes.set(mac, 12);
  return bytes;
}

/** One instruction of a classic BPF program: code, jump when true, jump when false, constant. */
export type FilterStep = readonly [code: number, whenTrue: number, whenFalse: number, constant: number];

/** Lets only those packets through for which the program returns more than 0. Throws SystemCallError. */
export function attachFilter(native: Native, fd: number, steps: readonly FilterStep[]): void {
  const program = Buffer.allocUnsafeSlow(steps.length * 8);
  steps.forEach(([code, whenTrue, whenFalse, constant], index) => {
    program.writeUInt16LE(code, index * 8);
    program[index * 8 + 2] = whenTrue;
    program[index * 8 + 3] = whenFalse;
    program.writeUInt32LE(constant >>> 0, index * 8 + 4);
  });
  const header = Buffer.alloc(16);
  header.writeUInt16LE(steps.length, 0);
  header.writeBigUInt64LE(native.addressOf(program), 8);
  check(native, 'SO_ATTACH_FILTER', native.libc.setsockopt(fd, SOL.SOCKET, SO.ATTACH_FILTER, header, 16));
}
