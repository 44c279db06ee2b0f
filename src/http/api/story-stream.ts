import type { ServerResponse } from 'node:http';
import type { Mac } from '../../net/mac.ts';
import type { StreamLimits } from './event-stream.ts';
import type { StoryFeed, StoryQuery, StoryText } from './ports.ts';

export interface StoryStreamOptions {
  readonly feed: StoryFeed;
  readonly query: StoryQuery;
  readonly limits?: Partial<StreamLimits> | undefined;
}

const HEARTBEAT_MS = 15_000;
const MOST = 5_000;

/**
 * Writes stories as server-sent events: first those that there are, then each as it changes. A reader that does not keep up
 * gets the newest of each card when it has taken what was written before: what waits for it is never more than one story a
 * card. Resolves when the reader is gone.
 */
export async function streamStories(response: ServerResponse, options: StoryStreamOptions): Promise<void> {
  const { feed, query, limits } = options;
  const closed = new Promise<void>((resolve) => response.once('close', resolve));
  const headers = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', Connection: 'close' };
  response.writeHead(200, headers);
  const isGone = () => response.destroyed || response.writableEnded;
  const waiting = new Map<Mac, string>();
  let isTaking = false;
  /** Only as fast as the reader reads. */
  const flush = () => {
    for (const [mac, json] of waiting) {
      if (isGone() || response.writableNeedDrain) return;
      waiting.delete(mac);
      response.write(`data: ${json}\n\n`);
    }
  };
  const put = ({ mac, machine, json }: StoryText) => {
    if ((query.mac !== undefined && query.mac !== mac) || (query.machine !== undefined && query.machine !== machine))
      return;
    waiting.set(mac, json);
    if (isTaking) flush();
  };
  response.on('drain', flush);
  response.write('retry: 1000\n\n');
  const end = feed.subscribe(put);
  const heartbeat = setInterval(() => {
    if (!isGone() && !response.writableNeedDrain) response.write(': still here\n\n');
  }, limits?.heartbeatMs ?? HEARTBEAT_MS);
  try {
    for (const story of await feed.list({ ...query, limit: MOST })) {
      // What has changed meanwhile is newer.
      if (!waiting.has(story.mac)) waiting.set(story.mac, story.json);
    }
    isTaking = true;
    flush();
    await closed;
  } finally {
    clearInterval(heartbeat);
    end();
  }
}
