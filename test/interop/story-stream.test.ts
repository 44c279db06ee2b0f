import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createApi } from '../../src/http/api/create-api.ts';
import { listenUnix, socketName } from '../../src/http/api/listen-unix.ts';
import type { StoryFeed, StoryText } from '../../src/http/api/ports.ts';
import { mac } from '../../src/net/mac.ts';
import { fakePorts } from '../support/api.ts';

const MACS = ['02:00:00:00:00:01', '02:00:00:00:00:02', '02:00:00:00:00:03'].map(mac);

/** A feed that the test speaks for. */
function createFeed(current: readonly StoryText[]) {
  const listeners = new Set<(story: StoryText) => void>();
  let wake = () => {};
  const feed: StoryFeed = {
    list: async () => current,
    attempts: async () => [],
    eventsOf: async () => undefined,
    subscribe: (listener) => {
      listeners.add(listener);
      wake();
      return () => {
        listeners.delete(listener);
        wake();
      };
    },
  };
  const untilListeners = async (count: number) => {
    while (listeners.size !== count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const tell = (story: StoryText) => {
    for (const listener of listeners) listener(story);
  };
  return { feed, tell, untilListeners };
}

const storyOf = (index: number, text: string): StoryText => ({
  mac: MACS[index % MACS.length] ?? mac('02:00:00:00:00:09'),
  machine: `m${index % MACS.length}`,
  json: JSON.stringify({ text }),
});

test('a reader that does not read gets the newest of each card afterwards, and no more', async (t) => {
  const { feed, tell, untilListeners } = createFeed([storyOf(0, 'first')]);
  const app = createApi({ ...fakePorts().ports, stories: feed });
  const path = join(mkdtempSync(join(tmpdir(), 'data-')), socketName);
  await listenUnix(app, path);
  t.after(() => app.close());
  const lazy = connect(path);
  t.after(() => lazy.destroy());
  lazy.write('GET /api/v1/stories/stream HTTP/1.1\r\nHost: x\r\n\r\n');
  let received = '';
  await once(lazy, 'data');
  lazy.pause();
  await untilListeners(1);
  const padding = 'x'.repeat(10_000);
  for (let round = 1; round <= 3000; round++) tell(storyOf(round, `${round} ${padding}`));
  lazy.on('data', (chunk) => {
    received += chunk;
  });
  lazy.resume();
  while (!(received.includes('"2998 ') && received.includes('"2999 ') && received.includes('"3000 '))) {
    await once(lazy, 'data');
  }
  assert.ok(received.length < 3_000_000, `${received.length} bytes of 30,000,000`);
  lazy.destroy();
  await untilListeners(0);
});

test('conditions hold for what there is and for what changes', async (t) => {
  const { feed, tell, untilListeners } = createFeed([storyOf(1, 'is')]);
  const app = createApi({ ...fakePorts().ports, stories: feed });
  const path = join(mkdtempSync(join(tmpdir(), 'data-')), socketName);
  await listenUnix(app, path);
  t.after(() => app.close());
  const reader = connect(path);
  t.after(() => reader.destroy());
  let received = '';
  reader.on('data', (chunk) => {
    received += chunk;
  });
  reader.write(`GET /api/v1/stories/stream?machine=m1&mac=${MACS[1]} HTTP/1.1\r\nHost: x\r\n\r\n`);
  while (!received.includes('"is"')) await once(reader, 'data');
  await untilListeners(1);
  tell(storyOf(2, 'other'));
  tell(storyOf(1, 'changed'));
  while (!received.includes('"changed"')) await once(reader, 'data');
  assert.equal(received.includes('"other"'), false);
});
