import { createResponseReader, type ResponseHead } from './http-response.ts';

/** The body of an answer. Either function is to be called, once. */
export interface HttpBody {
  /**
   * Hands over all of it, in pieces whose memory is used again when `onPiece` returns. While a promise that it returned is
   * pending, nothing more is read. Rejects when the connection breaks, and with what `onPiece` throws.
   */
  read(onPiece: OnPiece): Promise<void>;
  /** Nobody wants it. */
  discard(): void;
}

export type OnPiece = (piece: Uint8Array) => Promise<void> | undefined;

export interface ConnectionAnswer {
  readonly head: ResponseHead;
  readonly body: HttpBody;
  /** It stood in a row with others: whose answer it is depends on the order in which the server answers. */
  readonly isPipelined: boolean;
}

/** One question over a connection, and what comes back. */
export interface Exchange {
  readonly answered: Promise<ConnectionAnswer>;
  /** Undefined: its head is not here yet. */
  head(): ResponseHead | undefined;
  /** Bytes of the body that are still to come, as far as anybody says. */
  left(): number | undefined;
  /** Takes what is its own of what has come. Throws when it is no HTTP. */
  feed(bytes: Uint8Array): Fed;
  /** Whether the whole answer was taken; whoever reads is told. To be asked after `feed`, when nothing is pending. */
  finish(): boolean;
  /** The other side will say no more. Throws when the answer is not whole. */
  end(): void;
  fail(error: Error): void;
}

export interface Fed {
  readonly count: number;
  /** Nothing more is to be fed before. Rejects when the body is not wanted, and with what whoever reads fails with. */
  readonly pending: Promise<void> | undefined;
}

/** What is left of an unwanted body is read where that costs less than a new connection. */
const WORTH_READING = 64 * 1024;

export function createExchange(isPipelined: () => boolean): Exchange {
  const reader = createResponseReader();
  const answered = Promise.withResolvers<ConnectionAnswer>();
  const done = Promise.withResolvers<void>();
  // Whoever got no answer does not wait for its end.
  done.promise.catch(() => {});
  const wanted = Promise.withResolvers<void>();
  let isEnded = false;
  let onPiece: OnPiece | undefined;

  const read = (given: OnPiece): Promise<void> => {
    onPiece = given;
    wanted.resolve();
    return done.promise;
  };
  /** What whoever reads throws ends the exchange as what he rejects with: it is no fault of the server. */
  const hand = (piece: Uint8Array): Promise<void> | undefined => {
    try {
      return onPiece?.(piece);
    } catch (error) {
      onPiece = () => undefined;
      return Promise.reject(error);
    }
  };
  const discard = (): void => {
    const left = reader.left();
    if (left === undefined || left > WORTH_READING) wanted.reject(new Error('nobody wants it'));
    else void read(() => undefined);
  };
  return {
    answered: answered.promise,
    head: () => reader.head(),
    left: () => (reader.head() === undefined ? undefined : reader.left()),
    feed: (bytes) => {
      if (reader.head() === undefined) {
        const count = reader.take(bytes, () => {});
        const head = reader.head();
        if (head === undefined) return { count, pending: undefined };
        answered.resolve({ head, body: { read, discard }, isPipelined: isPipelined() });
        return { count, pending: wanted.promise };
      }
      const waits: Promise<void>[] = [];
      const count = reader.take(bytes, (piece) => {
        const wait = hand(piece);
        // Where what follows is no HTTP, nobody takes it any more, and a rejection would end the process.
        wait?.catch(() => {});
        if (wait !== undefined) waits.push(wait);
      });
      return { count, pending: waits.length > 0 ? Promise.all(waits).then(() => {}) : undefined };
    },
    finish: () => {
      if (isEnded || !reader.isOver() || onPiece === undefined) return isEnded;
      isEnded = true;
      done.resolve();
      return true;
    },
    end: () => reader.end(),
    fail: (error) => {
      if (isEnded) return;
      isEnded = true;
      answered.reject(error);
      done.reject(error);
    },
  };
}
