import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** How long the last words of a stream may take when the server stops. */
const STREAM_END_MS = 500;

/** The streams of server-sent events that are open; they end when the server stops. */
export interface Streams {
  /** `stream` resolves when its reader is gone. */
  run(response: ServerResponse, stream: (response: ServerResponse) => Promise<void>): Promise<void>;
}

export function openStreams(app: FastifyInstance): Streams {
  const open = new Set<ServerResponse>();
  app.addHook('preClose', () => endAll(open));
  return {
    run: async (response, stream) => {
      open.add(response);
      try {
        await stream(response);
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
async function endAll(streams: ReadonlySet<ServerResponse>): Promise<void> {
  const ends = Array.from(streams, (response) => {
    const closed = new Promise<void>((resolve) => response.once('close', resolve));
    response.end();
    return closed;
  });
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, STREAM_END_MS);
  await Promise.race([Promise.all(ends), late]);
  clearTimeout(timer);
}
