import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** How long the last words of a stream may take when the server stops. */
const STREAM_END_MS = 500;

/** The streams of server-sent events that are open; they end when the server stops. */
export interface Streams {
  /** `stream` resolves when its reader is gone; at `ending` it writes what it has still to say. */
  run(
    response: ServerResponse,
    stream: (response: ServerResponse, ending: AbortSignal) => Promise<void>,
  ): Promise<void>;
}

export function openStreams(app: FastifyInstance): Streams {
  const open = new Map<ServerResponse, AbortController>();
  app.addHook('preClose', () => endAll(open));
  return {
    run: async (response, stream) => {
      const ending = new AbortController();
      open.set(response, ending);
      try {
        await stream(response, ending.signal);
      } catch (error) {
        // The head is out: only a connection that ends tells the reader to come back.
        response.destroy();
        throw error;
      } finally {
        open.delete(response);
      }
    },
  };
}

/** Ends the streams, and waits a moment for readers to take what was written. */
async function endAll(streams: ReadonlyMap<ServerResponse, AbortController>): Promise<void> {
  const ends = Array.from(streams, ([response, ending]) => {
    ending.abort();
    const closed = new Promise<void>((resolve) => response.once('close', resolve));
    response.end();
    return closed;
  });
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, STREAM_END_MS);
  await Promise.race([Promise.all(ends), late]);
  clearTimeout(timer);
}
