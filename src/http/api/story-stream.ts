import type { ServerResponse } from 'node:http';
import type { StreamLimits } from './event-stream.ts';
import type { StoryFeed, StoryQuery } from './ports.ts';

export interface StoryStreamOptions {
  readonly feed: StoryFeed;
  readonly query: StoryQuery;
  readonly limits?: Partial<StreamLimits> | undefined;
}

const HEARTBEAT_MS = 15_000;
/** A reader that has taken nothing for so many heartbeats does not come back. */
const MOST_MISSED = 4;

/**
 * Writes stories as server-sent events, as the feed makes them: the next piece is made when the reader has taken the one
 * before, so that no more than one waits for it. Resolves when the reader is gone.
 */
export async function streamStories(response: ServerResponse, options: StoryStreamOptions): Promise<void> {
  const { feed, query, limits } = options;
  const closed = new Promise<void>((resolve) => response.once('close', resolve));
  const headers = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', Connection: 'close' };
  response.writeHead(200, headers);
  response.write('retry: 1000\n\n');
  const isGone = () => response.destroyed || response.writableEnded;
  let isTaking = false;
  let missed = 0;
  const reader = feed.follow(query, (piece) => {
    if (isGone()) return;
    isTaking = true;
    response.write(piece, () => {
      isTaking = false;
      missed = 0;
      reader.ready();
    });
  });
  const heartbeat = setInterval(() => {
    if (isGone()) return;
    if (!isTaking) response.write(': still here\n\n');
    else if (++missed > MOST_MISSED) response.destroy();
  }, limits?.heartbeatMs ?? HEARTBEAT_MS);
  await closed;
  clearInterval(heartbeat);
  reader.end();
}
