import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { BootHttpLimits } from './protocol.ts';

/** Counts connections by address, all listeners together. */
export interface ConnectionCounter {
  /** Refuses connections above the limits of a server. `onRefused` hears of the first one too many. */
  watch(server: Server, onRefused: (address: string) => void): void;
}

const TOO_MANY =
  'HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 35\r\n' +
  'Retry-After: 5\r\nConnection: close\r\n\r\ntoo many connections, wait for one\n';

/** Makes a counter with the limits per address and altogether. */
export function createConnectionCounter(limits: BootHttpLimits): ConnectionCounter {
  const counts = new Map<string, number>();
  let total = 0;
  const take = (socket: Socket, address: string, onRefused: (address: string) => void) => {
    const count = (counts.get(address) ?? 0) + 1;
    counts.set(address, count);
    total += 1;
    // A proxy on this host asks for many.
    const isOwn = isFromHere(socket);
    socket.once('close', () => {
      total -= 1;
      const left = (counts.get(address) ?? 1) - 1;
      if (left > 0) counts.set(address, left);
      else counts.delete(address);
    });
    if ((isOwn || count <= limits.connectionsPerAddress) && total <= limits.connections) return;
    if ((!isOwn && count === limits.connectionsPerAddress + 1) || total === limits.connections + 1) onRefused(address);
    socket.end(TOO_MANY);
    socket.destroySoon();
  };
  return {
    watch: (server, onRefused) => {
      // Before the parser of node:http, which listens to the same event, reads from the socket.
      server.prependListener('connection', (socket) => take(socket, addressOf(socket), onRefused));
    },
  };
}

/** Whether the peer is this host itself, which nobody else can claim: such packets do not come from outside. */
export function isFromHere({ remoteAddress, localAddress }: Socket): boolean {
  return remoteAddress !== undefined && remoteAddress === localAddress;
}

/** The peer's dotted address; an IPv4 peer of an IPv6 socket looks like ::ffff:10.0.0.1. */
export function addressOf(socket: Socket): string {
  return (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
}
