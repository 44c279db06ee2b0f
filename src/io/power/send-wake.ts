import { setTimeout as pause } from 'node:timers/promises';
import { formatIpv4, type Ipv4 } from '../../net/ipv4.ts';
import { openUdpSocket } from '../udp/open-udp.ts';
import { createPlainPort } from '../udp/plain-port.ts';

/** A datagram that goes to a whole network. */
export interface WakeDatagram {
  /** Where it leaves; undefined: where the routes say. */
  readonly interface?: string | undefined;
  /** An address of this host. */
  readonly source: Ipv4;
  readonly to: Ipv4;
  readonly payload: Uint8Array;
}

export type WakeSent =
  | { readonly kind: 'sent'; readonly packets: number }
  | { readonly kind: 'failed'; readonly reason: string };

/** Discard: nobody listens there. What wakes a card is anywhere in the frame. */
const PORT = 9;
/** Broadcasts get lost, and nobody says so. */
const TIMES = 3;
const APART_MS = 100;

/**
 * Sends a magic packet three times, from a socket of its own. `native: false`: as if koffi were missing; the socket is tied to
 * `source` then, and Linux sends what goes to 255.255.255.255 by the interface that has it.
 * Throws ProvisionError `no-interface` or `not-permitted`; what the system refuses to send comes back.
 */
export async function sendWake(datagram: WakeDatagram, native?: boolean): Promise<WakeSent> {
  const { interface: name, source, to, payload } = datagram;
  const isRouted = name === undefined;
  const { socket, kind } = await openUdpSocket({
    interface: name ?? 'any interface',
    port: 0,
    address: source,
    native: isRouted ? false : native,
  });
  const port = createPlainPort([socket], kind, undefined);
  try {
    socket.setBroadcast(true);
    for (let count = 0; count < TIMES; count++) {
      if (count > 0) await pause(APART_MS);
      const [failure] = await port.sendMany([{ bytes: payload, address: to, port: PORT }]);
      if (failure) return { kind: 'failed', reason: explain(failure.code, datagram) };
    }
    return { kind: 'sent', packets: TIMES };
  } finally {
    await port.close();
  }
}

/** The system's error in the operator's words, as far as there are any. */
function explain(code: string, { interface: name, to }: WakeDatagram): string {
  const where = name === undefined ? `to ${formatIpv4(to)}` : `by ${name}`;
  if (code === 'ENETUNREACH' || code === 'EHOSTUNREACH') return `there is no route ${where} (${code}): ip route`;
  if (code === 'ENETDOWN') return `the interface is down (${code}): ip link set ${name ?? 'IFACE'} up`;
  return `the system refused to send ${where} (${code})`;
}
