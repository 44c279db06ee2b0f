import { type HttpConnection, openConnection, type Question } from './http-connection.ts';
import type { ConnectionAnswer } from './http-exchange.ts';
import { Unanswered } from './http-row.ts';

/** One server, and the connections to it. */
export interface Host {
  /**
   * What says how long its answer is may wait in a row with others on one connection (pipelining, RFC 9112 section 9.3.2), as long as
   * the server does well with it. Rejects when no answer comes.
   */
  ask(question: Question): Promise<ConnectionAnswer>;
  close(): void;
}

export interface HostOptions {
  /** At a time; asked whenever another one is wanted. */
  readonly connections: () => number;
  readonly connectMs?: number | undefined;
  /** How long nothing may come. */
  readonly stallMs?: number | undefined;
}

/** As apt has it. */
export const QUESTIONS_A_CONNECTION = 10;
/** Where more than that is still to come, a question waits for another connection. */
const MOST_LEFT = 1024 * 1024;

interface Turn {
  readonly question: Question;
  readonly answer: PromiseWithResolvers<ConnectionAnswer>;
}

export function createHost(url: URL, { connections, connectMs = 15_000, stallMs = 30_000 }: HostOptions): Host {
  const open = new Set<HttpConnection>();
  const waiting: Turn[] = [];
  let isPipelined = true;
  let isClosed = false;

  const connect = (): HttpConnection => {
    const connection = openConnection(url, { connectMs, stallMs, onChange: pump });
    open.add(connection);
    return connection;
  };
  /** Where a question goes now; undefined: it has to wait. */
  const choose = ({ bytes }: Question): HttpConnection | undefined => {
    let best: HttpConnection | undefined;
    let least = QUESTIONS_A_CONNECTION;
    for (const connection of open) {
      const count = connection.waiting();
      const isTooMany = count === 0 && open.size > connections();
      if (isTooMany) connection.close();
      if (isTooMany || connection.isClosed()) open.delete(connection);
      else if (count < least && (count === 0 || (connection.isPersistent() && connection.left() <= MOST_LEFT))) {
        best = connection;
        least = count;
      }
    }
    if (best !== undefined && least === 0) return best;
    if (open.size < connections()) return connect();
    return isPipelined && bytes !== undefined ? best : undefined;
  };
  const pump = (): void => {
    for (let [turn] = waiting; turn !== undefined; [turn] = waiting) {
      const { question, answer } = turn;
      const connection = question.signal.aborted ? undefined : choose(question);
      if (connection === undefined && !question.signal.aborted) return;
      waiting.shift();
      if (connection === undefined) answer.reject(question.signal.reason);
      else connection.ask(question).then(answer.resolve, answer.reject);
    }
  };
  const askOnce = (question: Question): Promise<ConnectionAnswer> => {
    const answer = Promise.withResolvers<ConnectionAnswer>();
    if (isClosed) answer.reject(new Error('nobody asks any more'));
    else waiting.push({ question, answer });
    pump();
    return answer.promise;
  };
  return {
    ask: async (question) => {
      for (let asked = question; ; asked = { ...question, bytes: undefined }) {
        try {
          return await askOnce(asked);
        } catch (error) {
          if (!(error instanceof Unanswered) || question.signal.aborted) throw error;
          if (error.isRefusal) isPipelined = false;
        }
      }
    },
    close: () => {
      isClosed = true;
      for (const { answer } of waiting.splice(0)) answer.reject(new Error('nobody asks any more'));
      for (const connection of open) connection.close();
    },
  };
}
