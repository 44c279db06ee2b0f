import { createSocket, type Socket } from 'node:dgram';

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Ports tried before a range counts as full. */
const TRIES = 32;

/**
 * Opens the socket that one transfer answers from: on the address that the request came to, on a port of its own
 * (RFC 1350 section 4). Rejects with the system's error when no port can be had.
 */
export async function openTransferSocket(localAddress: string, ports: PortRange | undefined): Promise<Socket> {
  if (!ports) return bind(localAddress, 0);
  const count = ports.last - ports.first + 1;
  const start = Math.floor(Math.random() * count);
  for (let offset = 0; offset < Math.min(count, TRIES); offset++) {
    try {
      return await bind(localAddress, ports.first + ((start + offset) % count));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    }
  }
  throw new Error(`no free port from ${ports.first} to ${ports.last}`);
}

/** Addresses are numbers here: without this, dgram asks its resolver for each datagram. */
const noLookup = (
  address: string,
  _options: unknown,
  done: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void => done(null, address, 4);

function bind(address: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: 'udp4', lookup: noLookup });
    const onError = (error: Error) => {
      socket.close();
      reject(error);
    };
    socket.once('error', onError);
    socket.once('listening', () => {
      socket.off('error', onError);
      resolve(socket);
    });
    socket.bind({ address, port, exclusive: true });
  });
}
