import { type ConnectionAnswer, createExchange, type Exchange } from './http-exchange.ts';

/** The questions of a connection whose answers are not over. Answers come in the order of the questions (RFC 9112 section 9.3.2). */
export interface Row {
  /** `bytes`: how long the answer will be; undefined: nobody knows. */
  ask(bytes: number | undefined): Promise<ConnectionAnswer>;
  /** Questions whose answers are not over. */
  waiting(): number;
  /** Bytes that are to come of the answers to them; infinite where nobody knows. */
  left(): number;
  /** Whether more may be asked before all is answered: it has answered, and was kept. */
  isPersistent(): boolean;
  /**
   * Gives what has come to the questions. While what it returns is pending, nothing more is to be fed, and `rest` is what was not taken
   * yet: a part of `bytes`. Throws when it is no HTTP.
   */
  feed(bytes: Uint8Array): Held | undefined;
  /** The other side will say no more. Throws when an answer is not whole. */
  end(): void;
  /** There will be no answer any more. `isTheirs`: the server is at fault. */
  fail(cause: unknown, isTheirs: boolean): void;
}

export interface Held {
  readonly rest: Uint8Array;
  /** Rejects with what whoever reads fails with. */
  readonly pending: Promise<void>;
}

/**
 * A connection was over before it came to a question: it is to be asked again. Servers close what they have not been asked on for a
 * while, also at the very moment of the next question, and after so many questions.
 */
export class Unanswered extends Error {
  /** The server does not do well when it is asked several things at once. */
  readonly isRefusal: boolean;
  constructor(cause: Error, isRefusal: boolean) {
    super(cause.message, { cause });
    this.isRefusal = isRefusal;
  }
}

/** Servers that count (Apache to 100, nginx to 1000) say so in the last answer, and are not asked less for it. */
const USUAL_QUESTIONS = 50;

interface Waiting {
  readonly exchange: Exchange;
  readonly bytes: number;
}

/** `onClose`: the server said that it answers no more. */
export function createRow(onClose: () => void): Row {
  const queue: Waiting[] = [];
  let answers = 0;
  let isPersistent = false;

  const giveUp = (cause: unknown, isRefusal: boolean): void => {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    for (const [index, { exchange }] of queue.splice(0).entries()) {
      const isAgain = index > 0 || (answers > 0 && exchange.head() === undefined);
      exchange.fail(isAgain ? new Unanswered(error, isRefusal) : error);
    }
  };
  /** The first is answered, and all of its answer was taken. Returns whether there may be more. */
  const dropFirst = ({ exchange }: Waiting): boolean => {
    queue.shift();
    answers += 1;
    const head = exchange.head();
    isPersistent = head?.isPersistent === true;
    if (head?.isKept === true) return true;
    giveUp(new Error('the connection was closed'), queue.length > 0 && answers < USUAL_QUESTIONS);
    onClose();
    return false;
  };
  return {
    ask: (bytes = Number.POSITIVE_INFINITY) => {
      const isBehind = queue.length > 0;
      const exchange = createExchange(() => isBehind || queue.length > 1);
      queue.push({ exchange, bytes });
      return exchange.answered;
    },
    waiting: () => queue.length,
    left: () => queue.reduce((sum, { exchange, bytes }) => sum + Math.min(bytes, exchange.left() ?? bytes), 0),
    isPersistent: () => isPersistent,
    feed: (bytes) => {
      for (let rest = bytes; ; ) {
        const [first] = queue;
        if (first === undefined && rest.length > 0) throw new Error('it speaks without being asked');
        if (first === undefined) return undefined;
        if (first.exchange.finish()) {
          if (!dropFirst(first)) return undefined;
          continue;
        }
        if (rest.length === 0) return undefined;
        const { count, pending } = first.exchange.feed(rest);
        rest = rest.subarray(count);
        if (pending !== undefined) return { rest, pending };
      }
    },
    end: () => queue[0]?.exchange.end(),
    fail: (cause, isTheirs) => giveUp(cause, isTheirs && queue.length > 1),
  };
}
