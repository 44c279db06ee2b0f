import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type ConnectionAnswer, createExchange, type Exchange } from './http-exchange.ts';

export interface ConnectionOptions {
  readonly connectMs: number;
  /** How long nothing may come. */
  readonly stallMs: number;
  /** It has answered, and may be asked again. */
  readonly onFree: (connection: HttpConnection) => void;
  readonly onClose: (connection: HttpConnection) => void;
}

/** A connection to a server, which is asked one question after the other. */
export interface HttpConnection {
  /** Rejects when no answer comes; `signal` ends the question, and with it the connection. */
  ask(request: string, signal: AbortSignal): Promise<ConnectionAnswer>;
  /** Whether it has answered before: then the server may have closed it just before the question. */
  isUsed(): boolean;
  close(): void;
}

/** One buffer a connection, for its whole life: memory that comes and goes with each piece costs a third of all time. */
const BUFFER_BYTES = 256 * 1024;

export function openConnection(url: URL, options: ConnectionOptions): HttpConnection {
  let exchange: Exchange | undefined;
  let detach = () => {};
  let isUsed = false;

  const fail = (cause: unknown): void => {
    const failed = exchange;
    exchange = undefined;
    detach();
    socket.destroy();
    failed?.fail(cause instanceof Error ? cause : new Error(String(cause)));
  };
  const onOver = (): void => {
    const isFree = exchange?.isKept() === true && !socket.destroyed && !socket.readableEnded;
    exchange = undefined;
    isUsed = true;
    detach();
    if (isFree) options.onFree(connection);
    else socket.destroy();
  };
  const onBytes = (bytes: Uint8Array): boolean => {
    try {
      if (exchange === undefined) throw new Error('it speaks without being asked');
      const pending = exchange.feed(bytes);
      if (pending === undefined) return true;
      // Who waits by his own will does not stall.
      socket.setTimeout(0);
      pending.then(() => {
        socket.setTimeout(options.stallMs);
        socket.resume();
      }, fail);
    } catch (error) {
      fail(error);
    }
    return false;
  };
  const socket = openSocket(url, onBytes);

  const connection: HttpConnection = {
    isUsed: () => isUsed,
    close: () => fail(new Error('the connection was closed')),
    ask: (request, signal) => {
      exchange = createExchange(onOver);
      const { answered } = exchange;
      const onAbort = () => fail(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      detach = () => signal.removeEventListener('abort', onAbort);
      socket.setTimeout(options.connectMs);
      socket.write(request, 'latin1');
      return answered;
    },
  };
  socket.on('timeout', () => fail(new Error('nothing came in time')));
  socket.on('error', fail);
  socket.on('end', () => {
    try {
      exchange?.end();
    } catch (error) {
      fail(error);
    }
  });
  socket.once('close', () => {
    fail(new Error('the connection was closed'));
    options.onClose(connection);
  });
  return connection;
}

function openSocket(url: URL, onBytes: (bytes: Uint8Array) => boolean): Socket {
  const onread = {
    buffer: Buffer.allocUnsafeSlow(BUFFER_BYTES),
    callback: (count: number, buffer: Uint8Array) => onBytes(buffer.subarray(0, count)),
  };
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isTls = url.protocol === 'https:';
  const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port);
  if (!isTls) return connectTcp({ host, port, onread, noDelay: true });
  // The type of its options leaves out what it hands on to the socket.
  const tls = { host, port, onread, ALPNProtocols: ['http/1.1'], ...(isIP(host) === 0 && { servername: host }) };
  return connectTls(tls);
}
