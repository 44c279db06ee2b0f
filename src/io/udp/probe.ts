import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { formatIpv4, type Ipv4 } from '../../net/ipv4.ts';
import { type Mac, parseMac } from '../../net/mac.ts';
import { listInterfaces } from '../interfaces.ts';
import type { Closable } from '../native/native.ts';
import { ETHERTYPE, linkAddress, MSG_DONTWAIT, SOCK } from '../native/socket.ts';
import { decodeArpSender, encodeArpProbe } from './arp.ts';
import { openPacketSocket, type PacketSocket, type PacketSocketOptions } from './packet-socket.ts';

export type ProbeAnswer = { readonly inUse: false } | { readonly inUse: true; readonly mac?: Mac | undefined };

/** Asks on one interface whether an address is in use there. */
export interface Probe {
  /** `arp`: RFC 5227 probes. `neighbour`: through the kernel's ARP table, which may also know somebody who has just left. */
  readonly kind: 'arp' | 'neighbour';
  /** Resolves as soon as somebody answers, else after `timeoutMs`. An abort rejects with the signal's reason. */
  isInUse(address: Ipv4, timeoutMs: number, signal?: AbortSignal): Promise<ProbeAnswer>;
  close(): void;
}

/**
 * Opens the probe of one interface; many questions may be open at once. Without koffi or CAP_NET_RAW the kernel is made to
 * ask (a datagram to the discard port) and its table is read. A router that answers ARP for others makes every address look
 * used: turn proxy ARP off there, or the probe. Throws ProvisionError `no-interface`.
 */
export async function openProbe(options: PacketSocketOptions): Promise<Probe> {
  const socket = await openPacketSocket(options, { type: SOCK.DGRAM, etherType: ETHERTYPE.ARP });
  return socket.kind === 'open' ? createArpProbe(socket) : createNeighbourProbe(options);
}

type Waiter = (answer: ProbeAnswer) => void;

function createArpProbe({ native, fd, index, mac }: PacketSocket): Probe {
  const waiting = new Map<Ipv4, Set<Waiter>>();
  let poll: Closable | undefined;
  let isClosed = false;
  const drain = (take: (bytes: Uint8Array) => void) => {
    const buffer = new Uint8Array(64);
    for (let count = 0; count < 1_000 && !isClosed; count++) {
      const length = native.libc.recvfrom(fd, buffer, 64, MSG_DONTWAIT, new Uint8Array(20), Uint8Array.of(20, 0, 0, 0));
      if (length === -1) return;
      take(buffer.subarray(0, length));
    }
  };
  const hear = (bytes: Uint8Array) => {
    const sender = decodeArpSender(bytes);
    if (!sender) return;
    for (const waiter of waiting.get(sender.address) ?? []) waiter({ inUse: true, mac: sender.mac });
  };
  const listen = () => {
    if (poll) return;
    // What was said while nobody asked is old news.
    drain(() => {});
    poll = native.onReadable(fd, () => drain(hear));
  };
  const forget = (address: Ipv4, waiter: Waiter) => {
    const waiters = waiting.get(address);
    waiters?.delete(waiter);
    if (waiters?.size === 0) waiting.delete(address);
    if (waiting.size > 0) return;
    poll?.close();
    poll = undefined;
  };
  const ask = (address: Ipv4) => {
    const to = linkAddress(index, ETHERTYPE.ARP, Uint8Array.of(255, 255, 255, 255, 255, 255));
    const bytes = encodeArpProbe(mac, address);
    if (!isClosed) native.libc.sendto(fd, bytes, bytes.length, MSG_DONTWAIT, to, to.length);
  };
  return {
    kind: 'arp',
    isInUse: (address, timeoutMs, signal) =>
      askUntil({ timeoutMs, signal, ask: () => ask(address) }, (waiter) => {
        listen();
        const waiters = waiting.get(address) ?? new Set();
        waiting.set(address, waiters.add(waiter));
        return () => forget(address, waiter);
      }),
    close: () => {
      if (isClosed) return;
      for (const waiters of [...waiting.values()]) for (const waiter of [...waiters]) waiter({ inUse: false });
      isClosed = true;
      poll?.close();
      native.libc.close(fd);
    },
  };
}

/** Asks at once and again at half time: the first broadcast is lost on ports that are just coming up. */
function askUntil(
  question: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined; readonly ask: () => void },
  register: (waiter: Waiter) => () => void,
): Promise<ProbeAnswer> {
  const { timeoutMs, signal, ask } = question;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const again = setTimeout(ask, timeoutMs / 2);
    const end = setTimeout(() => finish(() => resolve({ inUse: false })), timeoutMs);
    const abort = () => finish(() => reject(signal?.reason));
    const unregister = register((answer) => finish(() => resolve(answer)));
    const finish = (settle: () => void) => {
      clearTimeout(again);
      clearTimeout(end);
      signal?.removeEventListener('abort', abort);
      unregister();
      settle();
    };
    signal?.addEventListener('abort', abort, { once: true });
    ask();
  });
}

function createNeighbourProbe(options: PacketSocketOptions): Probe {
  return {
    kind: 'neighbour',
    isInUse: async (address, timeoutMs, signal) => {
      const interfaces = await listInterfaces(options);
      const own = interfaces.find(({ name }) => name === options.interface)?.addresses[0];
      if (!own) return { inUse: false };
      const socket = createSocket('udp4');
      try {
        socket.bind(0, formatIpv4(own.address));
        await once(socket, 'listening');
        socket.on('error', () => {});
        socket.send(Uint8Array.of(0), 9, formatIpv4(address), () => {});
        const end = performance.now() + timeoutMs;
        for (;;) {
          const left = end - performance.now();
          await wait(Math.max(1, Math.min(50, left)), undefined, signal ? { signal } : {});
          const found = findNeighbour(await readFile('/proc/self/net/arp', 'utf8'), options.interface, address);
          if (found) return { inUse: true, mac: found };
          if (left <= 50) return { inUse: false };
        }
      } finally {
        socket.close();
      }
    },
    close: () => {},
  };
}

/** The MAC that /proc/net/arp has for an address; undefined: none, or not answered (flag 0x2 is not set). */
export function findNeighbour(table: string, networkInterface: string, address: Ipv4): Mac | undefined {
  for (const line of table.split('\n').slice(1)) {
    const [ip, , flags, mac = '', , device] = line.trim().split(/\s+/);
    if (ip !== formatIpv4(address) || device !== networkInterface || (Number(flags) & 2) === 0) continue;
    return parseMac(mac);
  }
  return undefined;
}
