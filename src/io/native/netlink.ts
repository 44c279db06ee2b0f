import { type Ipv4, ipv4At } from '../../net/ipv4.ts';
import { type Mac, macAt } from '../../net/mac.ts';
import { check, type Native, SystemCallError } from './native.ts';
import { AF, MSG_DONTWAIT, openSocket, SOCK } from './socket.ts';

/*
 * rtnetlink (man 7 rtnetlink), host byte order. Each message:
 *
 *     0 length (4)   4 type (2)   6 flags (2)   8 sequence (4)   12 port (4)   16 fixed part, then attributes
 *
 * RTM_NEWLINK's fixed part:  0 family(1) pad(1) hardware type(2)   4 index(4)   8 flags(4)   12 change(4)
 * RTM_NEWADDR's fixed part:  0 family(1) prefix(1) flags(1) scope(1)   4 index(4)
 * Attribute:                 0 length with these four (2)   2 type (2)   4 value, padded to a multiple of 4
 */
const TYPE = { ERROR: 2, DONE: 3, NEWLINK: 16, GETLINK: 18, NEWADDR: 20, GETADDR: 22 } as const;
const REQUEST_DUMP = 0x301;
const IFF = { UP: 0x1, RUNNING: 0x40 } as const;

export interface Link {
  readonly index: number;
  readonly name: string;
  readonly hardware: number;
  readonly mac: Mac | undefined;
  readonly mtu: number;
  readonly isUp: boolean;
  readonly hasCarrier: boolean;
}

export interface LinkIpv4 {
  readonly index: number;
  readonly address: Ipv4;
  readonly prefix: number;
}

/** Asks the kernel for all interfaces and all IPv4 addresses of this network namespace. Throws SystemCallError. */
export function dumpLinks(native: Native): {
  readonly links: readonly Link[];
  readonly addresses: readonly LinkIpv4[];
} {
  const fd = openSocket(native, AF.NETLINK, SOCK.RAW);
  try {
    const links: Link[] = [];
    const addresses: LinkIpv4[] = [];
    request(native, fd, TYPE.GETLINK, (type, body) => {
      if (type === TYPE.NEWLINK) links.push(decodeLink(body));
    });
    request(native, fd, TYPE.GETADDR, (type, body) => {
      const address = type === TYPE.NEWADDR ? decodeAddress(body) : undefined;
      if (address) addresses.push(address);
    });
    return { links, addresses };
  } finally {
    native.libc.close(fd);
  }
}

/** Calls back whenever an interface or an IPv4 address comes, goes or changes. Throws SystemCallError. */
export function watchLinks(native: Native, onChange: () => void): { close(): void } {
  const fd = openSocket(native, AF.NETLINK, SOCK.RAW);
  try {
    const RTMGRP_LINK_AND_IPV4 = 0x1 | 0x10;
    const address = new Uint8Array(12);
    const view = new DataView(address.buffer);
    view.setUint16(0, AF.NETLINK, true);
    view.setUint32(8, RTMGRP_LINK_AND_IPV4, true);
    check(native, 'bind() to rtnetlink', native.libc.bind(fd, address, address.length));
  } catch (error) {
    native.libc.close(fd);
    throw error;
  }
  const buffer = new Uint8Array(65_536);
  const poll = native.onReadable(fd, () => {
    // What changed is not read from the messages: some may have been dropped (ENOBUFS). The listener looks for itself.
    for (let count = 0; count < 1_000; count++) {
      const length = receive(native, fd, buffer);
      if (length === -1 && native.errno() !== 'ENOBUFS') break;
    }
    onChange();
  });
  return {
    close: () => {
      poll.close();
      native.libc.close(fd);
    },
  };
}

function receive(native: Native, fd: number, into: Uint8Array): number {
  return native.libc.recvfrom(fd, into, into.length, MSG_DONTWAIT, new Uint8Array(12), Uint8Array.of(12, 0, 0, 0));
}

/** The kernel makes a dump's parts while they are read, so that reading never has to wait. */
function request(native: Native, fd: number, type: number, take: (type: number, body: Uint8Array) => void): void {
  const message = new Uint8Array(32);
  const view = new DataView(message.buffer);
  view.setUint32(0, 32, true);
  view.setUint16(4, type, true);
  view.setUint16(6, REQUEST_DUMP, true);
  const kernel = new Uint8Array(12);
  new DataView(kernel.buffer).setUint16(0, AF.NETLINK, true);
  check(native, 'sendto() rtnetlink', native.libc.sendto(fd, message, 32, 0, kernel, kernel.length));
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const length = check(native, 'recvfrom() rtnetlink', receive(native, fd, buffer));
    for (const part of messages(buffer.subarray(0, length))) {
      if (part.type === TYPE.DONE) return;
      if (part.type === TYPE.ERROR) throw new SystemCallError('rtnetlink dump', 'EPROTO');
      take(part.type, part.body);
    }
  }
}

/** The messages in what one receive gave. */
function* messages(bytes: Uint8Array): Generator<{ readonly type: number; readonly body: Uint8Array }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  while (offset + 16 <= bytes.length) {
    const length = view.getUint32(offset, true);
    if (length < 16 || offset + length > bytes.length) return;
    yield { type: view.getUint16(offset + 4, true), body: bytes.subarray(offset + 16, offset + length) };
    offset += (length + 3) & ~3;
  }
}

function* attributes(body: Uint8Array, from: number): Generator<readonly [type: number, value: Uint8Array]> {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  let offset = from;
  while (offset + 4 <= body.length) {
    const length = view.getUint16(offset, true);
    if (length < 4 || offset + length > body.length) return;
    yield [view.getUint16(offset + 2, true) & 0x3fff, body.subarray(offset + 4, offset + length)];
    offset += (length + 3) & ~3;
  }
}

function decodeLink(body: Uint8Array): Link {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const values = new Map(attributes(body, 16));
  const flags = view.getUint32(8, true);
  const name = values.get(3);
  const mac = values.get(1);
  const mtu = values.get(4);
  return {
    index: view.getInt32(4, true),
    name: name ? new TextDecoder().decode(name.subarray(0, name.indexOf(0))) : '',
    hardware: view.getUint16(2, true),
    mac: mac?.length === 6 && mac.some((octet) => octet !== 0) ? macAt(mac, 0, 6) : undefined,
    mtu: mtu?.length === 4 ? new DataView(mtu.buffer, mtu.byteOffset).getUint32(0, true) : 0,
    isUp: (flags & IFF.UP) !== 0,
    hasCarrier: (flags & IFF.RUNNING) !== 0,
  };
}

function decodeAddress(body: Uint8Array): LinkIpv4 | undefined {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const values = new Map(attributes(body, 8));
  // IFA_LOCAL is our end; IFA_ADDRESS is the other end on point-to-point links, and the same elsewhere.
  const address = values.get(2) ?? values.get(1);
  if (body[0] !== AF.INET || address?.length !== 4) return undefined;
  return { index: view.getUint32(4, true), address: ipv4At(address, 0), prefix: body[1] ?? 32 };
}
