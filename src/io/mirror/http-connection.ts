import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionAnswer } from './http-exchange.ts';
import { createRow, type Row } from './http-row.ts';

export interface ConnectionOptions {
  readonly connectMs: number;
  /** How long nothing may come, or next to nothing. */
  readonly stallMs: number;
  /** Something has come, or it is closed. */
  readonly onChange: () => void;
}

export interface Question {
  /** Head of the request, whole. */
  readonly request: string;
  /** It ends the question, and with it the connection. */
  readonly signal: AbortSignal;
  /** How long the answer will be; undefined: nobody knows. */
  readonly bytes: number | undefined;
}

/** A connection to a server. */
export interface HttpConnection extends Pick<Row, 'waiting' | 'left' | 'isPersistent'> {
  /** Rejects when no answer comes, with `Unanswered` where it is to be asked again on another one. */
  ask(question: Question): Promise<ConnectionAnswer>;
  isClosed(): boolean;
  close(): void;
}

/**
 * One buffer a connection, for its whole life: memory that comes and goes with each piece costs a third of all time. What is written
 * in larger pieces costs the kernel more: 0.3 s for 1 GB (Linux 6.18, ext4).
 */
const BUFFER_BYTES = 128 * 1024;
const NOTHING = new Uint8Array(0);
/** Less than that in the time in which nothing may come is no more than nothing: whoever drips would be waited for for days. */
const LEAST_BYTES = 4096;

export function openConnection(url: URL, options: ConnectionOptions): HttpConnection {
  const isTls = url.protocol === 'https:';
  /** What has come, and waits for whoever reads. */
  let held: Uint8Array | undefined;
  let [isClosed, hasEnded] = [false, false];

  const close = (cause: unknown, isTheirs: boolean): void => {
    isClosed = true;
    row.fail(cause, isTheirs);
    socket.destroy();
  };
  const row = createRow(() => close(new Error('the connection was closed'), false));
  const onEnd = (): void => {
    hasEnded = true;
    // What has come before is taken first.
    if (held !== undefined) return;
    try {
      row.end();
      take(NOTHING);
      if (held === undefined) close(new Error('the connection was closed'), true);
    } catch (error) {
      close(error, true);
    }
  };
  const take = (bytes: Uint8Array): void => {
    try {
      const taken = row.feed(bytes);
      if (taken === undefined) {
        options.onChange();
        return;
      }
      // TLS gives what it has decrypted already all the same, in the same memory.
      held = isTls ? Uint8Array.from(taken.rest) : taken.rest;
      // Who waits by his own will does not stall.
      socket.setTimeout(0);
      taken.pending.then(goOn, (error) => {
        held = undefined;
        close(error, false);
      });
    } catch (error) {
      close(error, true);
    }
  };
  const goOn = (): void => {
    const rest = held ?? NOTHING;
    held = undefined;
    if (isClosed) return;
    patience.renew(options.stallMs);
    take(rest);
    if (held !== undefined) return;
    if (hasEnded) onEnd();
    else socket.resume();
  };
  const onBytes = (bytes: Uint8Array): boolean => {
    if (patience.isTriedBy(bytes.length)) close(new Error('hardly anything came in time'), true);
    else if (held === undefined) take(bytes);
    else held = Buffer.concat([held, bytes]);
    return held === undefined;
  };
  const socket = openSocket(url, isTls, onBytes);
  const patience = createPatience(socket, options.stallMs);
  const closed = listen(socket, { onEnd, onFail: (error) => close(error, true), onChange: options.onChange });
  const send = createSender(socket);
  const watch = watchSignals((reason) => close(reason, false), closed);
  return {
    waiting: row.waiting,
    left: row.left,
    isPersistent: row.isPersistent,
    isClosed: () => isClosed || hasEnded,
    close: () => close(new Error('the connection was closed'), false),
    ask: ({ request, signal, bytes }) => {
      watch(signal);
      const isFirst = row.waiting() === 0;
      if (isFirst) patience.renew(options.connectMs);
      const answered = row.ask(bytes);
      send(request, isFirst);
      return answered;
    },
  };
}

/** How long is waited: the socket itself knows only whether anything comes, and not whether it is worth waiting for. */
function createPatience(socket: Socket, stallMs: number) {
  let since = performance.now();
  let came = 0;
  const restart = (): void => {
    since = performance.now();
    came = 0;
  };
  return {
    /** From now on, nothing may come for so long. */
    renew: (ms: number): void => {
      socket.setTimeout(ms);
      restart();
    },
    /** To be told of what comes. Whether it is too little. */
    isTriedBy: (bytes: number): boolean => {
      came += bytes;
      if (came < LEAST_BYTES) return performance.now() - since > stallMs;
      restart();
      return false;
    },
  };
}

interface Listeners {
  readonly onEnd: () => void;
  readonly onFail: (error: Error) => void;
  readonly onChange: () => void;
}

/** The signal that it returns aborts when the socket is closed. */
function listen(socket: Socket, { onEnd, onFail, onChange }: Listeners): AbortSignal {
  const closed = new AbortController();
  socket.on('timeout', () => onFail(new Error('nothing came in time')));
  socket.on('error', onFail);
  socket.on('end', onEnd);
  socket.once('close', () => {
    onEnd();
    closed.abort();
    onChange();
  });
  return closed.signal;
}

/** What stands in a row goes out together: it has time until what is before it was answered. */
function createSender(socket: Socket): (request: string, isUrgent: boolean) => void {
  let outbox = '';
  const flush = () => {
    const text = outbox;
    outbox = '';
    if (text !== '' && !socket.destroyed) socket.write(text, 'latin1');
  };
  return (request, isUrgent) => {
    if (outbox === '' && !isUrgent) setImmediate(flush);
    outbox += request;
    if (isUrgent) flush();
  };
}

/** Nearly always it is one and the same for all questions: each is listened to once. */
function watchSignals(onAbort: (reason: unknown) => void, closed: AbortSignal): (signal: AbortSignal) => void {
  const known = new WeakSet<AbortSignal>();
  return (signal) => {
    if (known.has(signal)) return;
    known.add(signal);
    signal.addEventListener('abort', () => onAbort(signal.reason), { once: true, signal: closed });
  };
}

function openSocket(url: URL, isTls: boolean, onBytes: (bytes: Uint8Array) => boolean): Socket {
  const onread = {
    buffer: Buffer.allocUnsafeSlow(BUFFER_BYTES),
    callback: (count: number, buffer: Uint8Array) => onBytes(buffer.subarray(0, count)),
  };
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port);
  if (!isTls) return connectTcp({ host, port, onread, noDelay: true });
  // The type of its options leaves out what it hands on to the socket.
  const tls = { host, port, onread, ALPNProtocols: ['http/1.1'], ...(isIP(host) === 0 && { servername: host }) };
  return connectTls(tls);
}
