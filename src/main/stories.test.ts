import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CARD, createTale, lease, load, START, type Tale } from '../../test/support/story.ts';
import type { RecordedEvent } from '../event/event.ts';
import type { StoryText } from '../http/api/ports.ts';
import type { EventQuery } from '../store/store.ts';
import type { Trace } from '../story/diagnose/trace.ts';
import type { Diagnosis, Story } from '../story/story.ts';
import { openStories } from './stories.ts';
import type { Diagnose } from './story-texts.ts';

const CAUSE: Diagnosis = { rule: 'r', confidence: 1, cause: 'c', remedy: 'm', evidence: [] };

/** Stories over what `kept` is in the store; `hear` tells what happens after the start. */
function open(kept: readonly RecordedEvent[], diagnose: Diagnose = () => []) {
  const listeners = new Set<(event: RecordedEvent) => void>();
  const all = [...kept];
  let seq = all.at(-1)?.seq ?? 0;
  let now = START;
  const subscribe = (listener: (event: RecordedEvent) => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const list = async ({ after = 0, before = Number.POSITIVE_INFINITY, limit, mac, machine }: EventQuery) => {
    const found = all.filter(
      (event) =>
        event.seq > after &&
        event.seq < before &&
        (mac === undefined || event.mac === mac) &&
        (machine === undefined || event.machine === machine),
    );
    return after > 0 ? found.slice(0, limit) : found.slice(-limit);
  };
  const hub = { lastSeq: () => seq, subscribe, subscribePassing: () => () => {} };
  const stories = openStories({ hub, store: { list }, now: () => now, diagnose });
  const hear = (events: readonly RecordedEvent[]) => {
    for (const event of events) {
      all.push(event);
      seq = event.seq;
      for (const listener of listeners) listener(event);
    }
  };
  return { stories, hear, setNow: (time: number) => (now = time) };
}

const read = (texts: readonly StoryText[]) => texts.map(({ json }) => JSON.parse(json) as Story);

/** 1,300 events of other things, and a boot that begins before the last page of the store. */
function longTale(): Tale {
  const tale = createTale();
  lease(tale, 0, 'PXE firmware, uefi-x64', { bootFile: 'boot/core.efi' });
  for (let index = 0; index < 1300; index++) tale.tellOf({}, 1, 'server.limited', { what: 'x', reason: 'y' });
  load(tale, 2, 'boot/core.efi', 900_000);
  return tale;
}

test('what was told before the start is read from the store, in its order; what is told meanwhile follows', async () => {
  const tale = longTale();
  const kept = tale.events.slice();
  load(tale, 3, 'boot/grub/grub.cfg', 800);
  const { stories, hear } = open(kept);
  hear(tale.events.slice(kept.length));
  const [story, ...others] = read(await stories.list({ limit: 10 }));
  assert.deepEqual(others, []);
  assert.equal(story?.id, 1);
  assert.equal(story?.machine, 'box');
  assert.deepEqual(
    story?.stages.map(({ name, transferCount }) => [name, transferCount]),
    [
      ['firmware', 0],
      ['loader', 2],
    ],
  );
  stories.close();
});

test('a diagnosis sees the events of its attempt, and what is about no machine; the two most likely are told', async () => {
  const traces: Trace[] = [];
  const { stories } = open(longTale().events, (trace) => {
    traces.push(trace);
    return [CAUSE, CAUSE, CAUSE];
  });
  const [story] = read(await stories.list({ limit: 10 }));
  assert.equal(story?.diagnoses.length, 2);
  assert.deepEqual(
    traces[0]?.events.map(({ id }) => id),
    ['dhcp.discover', 'dhcp.offer', 'dhcp.ack', 'tftp.start', 'tftp.done'],
  );
  assert.equal(traces[0]?.around.length, 100);
  // Nothing has changed, and no time has passed.
  await stories.list({ limit: 10 });
  assert.equal(traces.length, 1);
  stories.close();
});

test('an earlier attempt is diagnosed by what the store has of it', async () => {
  const tale = longTale();
  const length = tale.events.length;
  lease(tale, 20, 'PXE firmware, uefi-x64', { bootFile: 'boot/core.efi' });
  const traces: Trace[] = [];
  const { stories } = open(tale.events, (trace) => {
    traces.push(trace);
    return [];
  });
  const attempts = read(await stories.attempts({ machine: 'box', limit: 10 }));
  assert.deepEqual(
    attempts.map(({ id, outcome }) => [id, outcome]),
    [
      [length + 1, 'running'],
      [1, 'left'],
    ],
  );
  const earlier = traces.find(({ attempt }) => attempt.id === 1);
  assert.deepEqual(
    earlier?.events.map(({ id }) => id),
    ['dhcp.discover', 'dhcp.offer', 'dhcp.ack', 'tftp.start', 'tftp.done'],
  );
  assert.deepEqual(read(await stories.attempts({ mac: CARD, limit: 1 })).length, 1);
  assert.deepEqual(await stories.attempts({ machine: 'other', limit: 10 }), []);
  stories.close();
});

test('many events of a quarter of a second are one update; without a follower nothing is made', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let made = 0;
  const { stories, hear } = open([], () => {
    made++;
    return [];
  });
  await stories.list({ limit: 1 });
  const tale = createTale();
  lease(tale, 0, 'PXE firmware, uefi-x64', { bootFile: 'boot/core.efi' });
  hear(tale.events);
  assert.equal(made, 0);
  const told: Story[] = [];
  const end = stories.subscribe(({ json }) => told.push(JSON.parse(json) as Story));
  for (let index = 0; index < 50; index++) {
    const from = tale.events.length;
    load(tale, 1 + index / 100, `boot/${index}.mod`, 1000, 0);
    hear(tale.events.slice(from));
  }
  await stories.list({ limit: 0 });
  t.mock.timers.tick(250);
  assert.equal(told.length, 1);
  assert.equal(told[0]?.stages.at(-1)?.transferCount, 50);
  t.mock.timers.tick(250);
  assert.equal(told.length, 1);
  end();
  hear([{ ...(tale.events[0] as RecordedEvent), seq: tale.events.length + 1, time: START + 900_000 }]);
  await stories.list({ limit: 0 });
  t.mock.timers.tick(250);
  assert.equal(told.length, 1);
  stories.close();
});
