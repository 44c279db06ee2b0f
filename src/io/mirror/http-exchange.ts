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
}

/** One question over a connection, and what comes back. */
export interface Exchange {
  readonly answered: Promise<ConnectionAnswer>;
  /** Takes what has come. While the promise that it may return is pending, nothing more is to be read. Throws when it is no HTTP. */
  feed(bytes: Uint8Array): Promise<void> | undefined;
  /** The other side will say no more. Throws when the answer is not whole. */
  end(): void;
  fail(error: Error): void;
  isKept(): boolean;
}

/** What is left of an unwanted body is read where that costs less than a new connection. */
const WORTH_READING = 64 * 1024;

/** `onOver`: the whole answer was taken. */
export function createExchange(onOver: () => void): Exchange {
  const reader = createResponseReader();
  const answered = Promise.withResolvers<ConnectionAnswer>();
  const done = Promise.withResolvers<void>();
  // Whoever got no answer does not wait for its end.
  done.promise.catch(() => {});
  const wanted = Promise.withResolvers<void>();
  let isEnded = false;
  let onPiece: OnPiece | undefined;
  /** What came together with the head. */
  let held = new Uint8Array(0);

  const settle = (): void => {
    if (isEnded || !reader.isOver() || onPiece === undefined) return;
    isEnded = true;
    done.resolve();
    onOver();
  };
  const hand = (bytes: Uint8Array): Promise<void> | undefined => {
    const pending: Promise<void>[] = [];
    const count = reader.take(bytes, (piece) => {
      const promise = onPiece?.(piece);
      if (promise !== undefined) pending.push(promise);
    });
    if (count < bytes.length) throw new Error('it sends more than it says');
    if (pending.length > 0) return Promise.all(pending).then(settle);
    settle();
    return undefined;
  };
  const read = (given: OnPiece): Promise<void> => {
    if (isEnded) return done.promise;
    onPiece = given;
    try {
      wanted.resolve(hand(held));
    } catch (error) {
      wanted.reject(error);
    }
    return done.promise;
  };
  const discard = (): void => {
    const left = reader.left();
    if (left === undefined || left > WORTH_READING) wanted.reject(new Error('nobody wants it'));
    else void read(() => undefined);
  };

  return {
    answered: answered.promise,
    isKept: () => reader.head()?.isKept ?? false,
    feed: (bytes) => {
      if (reader.head() !== undefined) return hand(bytes);
      const count = reader.take(bytes, () => {});
      const head = reader.head();
      if (head === undefined) return undefined;
      held = Uint8Array.from(bytes.subarray(count));
      answered.resolve({ head, body: { read, discard } });
      return wanted.promise;
    },
    end: () => {
      reader.end();
      settle();
    },
    fail: (error) => {
      if (isEnded) return;
      isEnded = true;
      answered.reject(error);
      done.reject(error);
    },
  };
}
