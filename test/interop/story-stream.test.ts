import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createApi } from '../../src/http/api/create-api.ts';
import { listenUnix, socketName } from '../../src/http/api/listen-unix.ts';
import type { StoryFeed, StoryQuery } from '../../src/http/api/ports.ts';
import { mac } from '../../src/net/mac.ts';
import { fakePorts } from '../support/api.ts';

/** A feed that the test speaks for: one reader at a time. */
function createFeed() {
  let take: (piece: Uint8Array) => void = () => {};
  let wake = () => {};
  const seen = { readers: 0, ready: 0, query: {} as StoryQuery };
  const changed = () => wake();
  const feed: Pick<StoryFeed, 'follow'> = {
    follow: (query, taking) => {
      take = taking;
      seen.query = query;
      seen.readers++;
      changed();
      return {
        ready: () => {
          seen.ready++;
          changed();
        },
        end: () => {
          seen.readers--;
          changed();
        },
      };
    },
  };
  const until = async (holds: () => boolean) => {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { feed, seen, tell: (text: string) => take(new TextEncoder().encode(`data: ${text}\n\n`)), until };
}

async function openReader(t: TestContext, feed: Pick<StoryFeed, 'follow'>, query = '', heartbeatMs = 60_000) {
  const { ports } = fakePorts();
  const app = createApi({ ...ports, stories: { ...ports.stories, ...feed } }, { stream: { heartbeatMs } });
  const path = join(mkdtempSync(join(tmpdir(), 'data-')), socketName);
  await listenUnix(app, path);
  t.after(() => app.close());
  const reader = connect(path);
  t.after(() => reader.destroy());
  reader.write(`GET /api/v1/stories/stream${query} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await once(reader, 'data');
  return reader;
}

test('the next piece is asked for when the reader has taken the one before', async (t) => {
  const { feed, seen, tell, until } = createFeed();
  const lazy = await openReader(t, feed, `?machine=m1&mac=02-00-00-00-00-01`);
  lazy.pause();
  await until(() => seen.readers === 1);
  assert.deepEqual(seen.query, { machine: 'm1', mac: mac('02:00:00:00:00:01') });
  tell('small');
  await until(() => seen.ready === 1);
  tell(`large ${'x'.repeat(20_000_000)} end`);
  assert.equal(seen.ready, 1);
  let received = 0;
  let tail = '';
  lazy.on('data', (chunk: Buffer) => {
    received += chunk.length;
    tail = (tail + chunk).slice(-100);
  });
  lazy.resume();
  await until(() => seen.ready === 2);
  while (!tail.includes(' end')) await once(lazy, 'data');
  assert.ok(received > 20_000_000);
  lazy.destroy();
  await until(() => seen.readers === 0);
});

test('a reader that never reads is dropped after some heartbeats', async (t) => {
  const { feed, seen, tell, until } = createFeed();
  const lazy = await openReader(t, feed, '', 20);
  lazy.pause();
  await until(() => seen.readers === 1);
  tell('x'.repeat(20_000_000));
  await until(() => seen.readers === 0);
});
