import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { CARD } from '../../test/support/story.ts';
import { createEventHub } from '../io/event-hub.ts';
import { openMemoryStore } from '../store/memory/memory-store.ts';
import type { Story } from '../story/story.ts';
import { openStories } from './stories.ts';

const subject = { mac: CARD, machine: 'box', network: 'lab' };

/** The process over a store in memory. */
function open(t: TestContext) {
  const store = openMemoryStore().events;
  const hub = createEventHub(Date.now);
  hub.connect(store);
  const stories = openStories({ hub, emit: hub.emit, store, tapes: { read: () => [] }, now: Date.now });
  t.after(() => stories.close());
  const boot = () => {
    hub.emit('dhcp.discover', subject, { client: 'PXE firmware, uefi-x64', via: 'interface br0' });
    const address = '172.22.10.61';
    hub.emit('dhcp.offer', { ...subject, address }, { address, reason: 'pool', bootFile: 'boot/core.efi' });
  };
  return { hub, store, stories, boot };
}

function begin(t: TestContext) {
  const opened = open(t);
  opened.stories.begin();
  return opened;
}

const read = (bytes: Uint8Array | undefined) => JSON.parse(Buffer.from(bytes ?? []).toString()) as Story[];

test('what was told before a question is part of the answer', async (t) => {
  const { stories, boot } = begin(t);
  boot();
  const [story] = read(await stories.list({ limit: 10 }));
  assert.equal(story?.machine, 'box');
  assert.match(story?.standing ?? '', /is offered 172\.22\.10\.61/);
  assert.deepEqual(read(await stories.attempts({ mac: CARD, limit: 1 }))[0]?.id, story?.id);
  assert.equal(await stories.attempts({ machine: 'other', limit: 1 }), undefined);
  const of = { machine: 'box', id: story?.id ?? 0 };
  const events = JSON.parse(Buffer.from((await stories.eventsOf({ ...of, limit: 10 })) ?? []).toString());
  assert.deepEqual(
    events.map(({ id }: { id: string }) => id),
    ['dhcp.discover', 'dhcp.offer'],
  );
  assert.equal(await stories.eventsOf({ ...of, id: 999, limit: 10 }), undefined);
  assert.equal((await stories.pcapOf(of))?.length, 24);
  assert.equal(await stories.pcapOf({ ...of, id: 999 }), undefined);
});

test('a process that dies is told, and another one goes on with the same stories for the same readers', async (t) => {
  const { hub, stories, boot } = begin(t);
  const told = new EventEmitter();
  const pieces: string[] = [];
  const reader = stories.follow({}, (piece) => {
    pieces.push(Buffer.from(piece).toString());
    reader.ready();
    told.emit('piece');
  });
  t.after(() => reader.end());
  boot();
  while (!pieces.some((piece) => piece.includes('is offered'))) await once(told, 'piece');
  pieces.length = 0;
  const died = new Promise<string>((resolve) => {
    hub.subscribe(({ id, text }) => id === 'worker.died' && resolve(text));
  });
  const asked = stories.list({ limit: 10 });
  // It may have been answered before.
  asked.catch(() => {});
  stories.kill();
  assert.match(await died, /stories.*SIGKILL/);
  await assert.rejects(stories.list({ limit: 10 }), /being started again/);
  while (!pieces.some((piece) => piece.includes('is offered'))) await once(told, 'piece');
  assert.equal(read(await stories.list({ limit: 10 })).length, 1);
});

test('what is asked and followed before it begins is answered and told then', async (t) => {
  const { stories, boot } = open(t);
  const piece = Promise.withResolvers<string>();
  const reader = stories.follow({}, (bytes) => piece.resolve(Buffer.from(bytes).toString()));
  t.after(() => reader.end());
  boot();
  const asked = stories.list({ limit: 10 });
  stories.begin();
  assert.equal(read(await asked)[0]?.machine, 'box');
  assert.match(await piece.promise, /is offered/);
});

test('a process that the system does not start at first is told, and started later', async (t) => {
  const { execPath } = process;
  t.after(() => {
    process.execPath = execPath;
  });
  // No program has such a name: starting it fails at once.
  process.execPath = '\0';
  const { hub, stories, boot } = open(t);
  const died = Promise.withResolvers<string>();
  hub.subscribe(({ id, data }) => id === 'worker.died' && died.resolve(String(data.reason)));
  assert.match(await died.promise, /null bytes/);
  process.execPath = execPath;
  stories.begin();
  boot();
  while (stories.pid() === undefined) await pause(50);
  assert.equal(read(await stories.list({ limit: 10 }))[0]?.machine, 'box');
});
