import { createSocket } from 'node:dgram';
import { ANY, parseIpv4 } from '../../net/ipv4.ts';
import type { OpenTransferPort, TransferPort } from './transfer-port.ts';

/** Room for what comes in while a batch is answered; the system's limit cuts it off without an error. */
const BUFFER_BYTES = 1 << 20;

/** Addresses are numbers here: without this, dgram asks its resolver for each datagram. */
const noLookup = (
  address: string,
  _options: unknown,
  done: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void => done(null, address, 4);

/** Ports on Node's own sockets: one system call and several calls within Node for each packet. */
export function plainTransferPorts(localAddress: string): OpenTransferPort {
  return (port, onDatagram) =>
    new Promise((resolve, reject) => {
      const socket = createSocket({ type: 'udp4', lookup: noLookup });
      const onError = (error: Error) => {
        socket.close();
        reject(error);
      };
      socket.once('error', onError);
      socket.on('message', (bytes, from) => onDatagram(bytes, parseIpv4(from.address) ?? ANY, from.port));
      socket.once('listening', () => {
        socket.off('error', onError);
        // From here on an error concerns one datagram; the timer of its transfer repeats it.
        socket.on('error', () => {});
        socket.setRecvBufferSize(BUFFER_BYTES);
        socket.setSendBufferSize(BUFFER_BYTES);
        resolve(new PlainTransferPort(socket));
      });
      socket.bind({ address: localAddress, port, exclusive: true });
    });
}

class PlainTransferPort implements TransferPort {
  readonly port: number;
  readonly #socket: ReturnType<typeof createSocket>;
  #packet: Buffer = Buffer.alloc(0);
  #isClosed = false;

  constructor(socket: ReturnType<typeof createSocket>) {
    this.#socket = socket;
    this.port = socket.address().port;
  }

  /** Memory of its own for each packet: dgram may keep it until the socket is writable. */
  reserve(length: number): Buffer {
    this.#packet = Buffer.allocUnsafe(length);
    return this.#packet;
  }

  send(to: { readonly host: string; readonly port: number }): void {
    if (!this.#isClosed) this.#socket.send(this.#packet, to.port, to.host);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }
}
