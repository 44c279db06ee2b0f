import type { Socket } from 'node:dgram';
import { formatIpv4, ipv4 } from '../../net/ipv4.ts';
import type { Datagram, SendFailure, UdpKind, UdpPort } from './udp-port.ts';

/** A port on Node's own sockets: receives on all of them, sends on the first. Owns them. */
export function createPlainPort(
  sockets: readonly [Socket, ...Socket[]],
  kind: UdpKind,
  limits: string | undefined,
): UdpPort {
  const [sender] = sockets;
  const { port } = sender.address();
  let isClosed = false;
  // An error after binding concerns one datagram (ICMP answers are not even told to such sockets); sends report their own.
  for (const socket of sockets) socket.on('error', () => {});
  return {
    kind,
    limits,
    port,
    onDatagrams: (handler) => {
      for (const socket of sockets) {
        socket.on('message', (bytes, from) => handler([{ bytes, address: ipv4(from.address), port: from.port }]));
      }
    },
    sendMany: async (batch) => {
      if (isClosed) return batch.map((datagram) => ({ datagram, code: 'EBADF' }));
      const results = await Promise.all(batch.map((datagram) => sendOne(sender, datagram)));
      return results.filter((failure) => failure !== undefined);
    },
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(resolve))));
    },
  };
}

function sendOne(socket: Socket, datagram: Datagram): Promise<SendFailure | undefined> {
  return new Promise((resolve) => {
    socket.send(datagram.bytes, datagram.port, formatIpv4(datagram.address), (error) => {
      resolve(error ? { datagram, code: 'code' in error ? String(error.code) : error.message } : undefined);
    });
  });
}
