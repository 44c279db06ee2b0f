import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CARD, createTale, lease, load, START, type Tale } from '../../test/support/story.ts';
import type { RecordedEvent } from '../event/event.ts';
import { type EventQuery, matchesFilter } from '../event/query.ts';
import { mac } from '../net/mac.ts';
import type { Trace } from '../story/diagnose/trace.ts';
import type { Diagnosis, Story } from '../story/story.ts';
import { createStoryTeller } from './story-teller.ts';
import type { Diagnose } from './story-texts.ts';

const CAUSE: Diagnosis = { rule: 'r', section: 's', confidence: 1, cause: 'c', remedy: 'm', evidence: [] };

/** Stories over what `kept` is in the store; `hear` tells what happens after the start. */
function open(kept: readonly RecordedEvent[], diagnose: Diagnose = () => []) {
  const all = [...kept];
  const first = (all.at(-1)?.seq ?? 0) + 1;
  let now = START;
  const read = async ({ after = 0, before = Number.POSITIVE_INFINITY, limit, ...filter }: EventQuery) => {
    const found = all.filter((event) => event.seq > after && event.seq < before && matchesFilter(event, filter));
    return after > 0 ? found.slice(0, limit) : found.slice(-limit);
  };
  const stories = createStoryTeller({ read, first, now: () => now, diagnose });
  const hear = (events: readonly RecordedEvent[]) => {
    all.push(...events);
    stories.take(events);
  };
  return { stories, hear, setNow: (time: number) => (now = time) };
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const read = (bytes: Uint8Array | undefined) => JSON.parse(bytes ? text(bytes) : '[]') as Story[];
/** The stories of a piece of server-sent events. */
const told = (piece: Uint8Array) =>
  text(piece)
    .split('\n\n')
    .filter((one) => one !== '')
    .map((one) => JSON.parse(one.replace(/^data: /, '')) as Story);

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
  assert.equal(await stories.attempts({ machine: 'other', limit: 10 }), undefined);
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
  const pieces: Story[][] = [];
  const reader = stories.follow({}, (piece) => {
    pieces.push(told(piece));
    reader.ready();
  });
  await stories.list({ limit: 0 });
  assert.deepEqual(
    pieces.splice(0).map(({ length }) => length),
    [1],
  );
  for (let index = 0; index < 50; index++) {
    const from = tale.events.length;
    load(tale, 1 + index / 100, `boot/${index}.mod`, 1000, 0);
    hear(tale.events.slice(from));
  }
  t.mock.timers.tick(250);
  assert.equal(pieces.length, 1);
  assert.equal(pieces[0]?.[0]?.stages.at(-1)?.transferCount, 50);
  t.mock.timers.tick(250);
  assert.equal(pieces.length, 1);
  reader.end();
  hear([{ ...(tale.events[0] as RecordedEvent), seq: tale.events.length + 1, time: START + 900_000 }]);
  t.mock.timers.tick(250);
  assert.equal(pieces.length, 1);
  stories.close();
});

test('that a machine has fallen silent is told, although no event says so', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const tale = createTale();
  lease(tale, 0, 'PXE firmware, uefi-x64', { bootFile: 'boot/core.efi' });
  const { stories, setNow } = open(tale.events);
  await stories.list({ limit: 1 });
  const outcomes: string[] = [];
  const reader = stories.follow({}, (piece) => {
    outcomes.push(...told(piece).map(({ outcome }) => outcome));
    reader.ready();
  });
  await stories.list({ limit: 0 });
  const twoSeconds = () => {
    for (let turn = 0; turn < 8; turn++) t.mock.timers.tick(250);
  };
  twoSeconds();
  setNow(START + 11 * 60_000);
  twoSeconds();
  setNow(START + 22 * 60_000);
  twoSeconds();
  assert.deepEqual([...new Set(outcomes)], ['running', 'left']);
  assert.equal(outcomes.at(-1), 'left');
  assert.equal(outcomes.filter((outcome) => outcome === 'left').length, 1);
  stories.close();
});

test('the story of a grant that is taken back is told once more, as ended, and then the boot before it', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  for (const hasBooted of [true, false]) {
    const tale = createTale();
    if (hasBooted) {
      lease(tale, 0, 'PXE firmware, uefi-x64');
      tale.tell(3, 'boot.config', { file: 'c', loader: 'grub', decision: 'local', reason: 'installed' });
    }
    tale.tellMachine(600, 'install.granted', { profile: 'debian', via: 'command', mac: CARD });
    const granted = tale.events.at(-1)?.seq;
    const { stories, hear } = open(tale.events.slice());
    await stories.list({ limit: 1 });
    const pieces: [number, string][][] = [];
    const reader = stories.follow({ machine: 'box' }, (piece) => {
      pieces.push(told(piece).map(({ id, outcome }) => [id, outcome]));
      reader.ready();
    });
    const never = stories.follow({ machine: 'other' }, () => assert.fail('told'));
    await stories.list({ limit: 0 });
    assert.deepEqual(pieces.splice(0), [[[granted, 'running']]]);
    tale.tellMachine(700, 'install.cancelled', { profile: 'debian' });
    hear(tale.events.slice(-1));
    for (let turn = 0; turn < 20; turn++) t.mock.timers.tick(250);
    assert.deepEqual(pieces, [[[granted, 'left'], ...(hasBooted ? [[1, 'local']] : [])]]);
    reader.end();
    never.end();
    stories.close();
  }
});

test('what was taken back before the start is not told', async () => {
  const tale = createTale();
  tale.tellMachine(0, 'install.granted', { profile: 'debian', via: 'command', mac: CARD });
  tale.tellMachine(10, 'install.cancelled', { profile: 'debian' });
  const { stories } = open(tale.events);
  stories.follow({}, () => assert.fail('told'));
  assert.deepEqual(read(await stories.list({ limit: 10 })), []);
  stories.close();
});

/** So many cards that ask for an address. */
function crowd(count: number): Tale[] {
  return Array.from({ length: count }, (_, index) => {
    const card = mac(
      `02:00:00:00:${(index >> 8).toString(16).padStart(2, '0')}:${(index & 255).toString(16).padStart(2, '0')}`,
    );
    const tale = createTale(card, `n${index}`);
    lease(tale, 0, 'PXE firmware, uefi-x64', { bootFile: 'boot/core.efi' });
    return tale;
  });
}

/** Their events in one row, each with a number of its own. */
function rowOf(tales: readonly Tale[]): RecordedEvent[] {
  return tales.flatMap(({ events }) => events).map((event, index) => ({ ...event, seq: index + 1 }));
}

test('a reader that does not read gets the newest of each card afterwards, and no more', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { stories, hear } = open(rowOf(crowd(3)));
  await stories.list({ limit: 1 });
  const pieces: Story[][] = [];
  const reader = stories.follow({}, (piece) => pieces.push(told(piece)));
  await stories.list({ limit: 0 });
  assert.equal(pieces.length, 1);
  const [tale] = crowd(1);
  assert.ok(tale);
  for (let index = 0; index < 20; index++) {
    const from = tale.events.length;
    load(tale, 1 + index, `boot/${index}.mod`, 1000, 0);
    hear(tale.events.slice(from).map((event) => ({ ...event, seq: event.seq + 100 })));
    t.mock.timers.tick(250);
  }
  assert.equal(pieces.length, 1);
  reader.ready();
  assert.deepEqual(
    pieces[1]?.map(({ machine, stages }) => [machine, stages.at(-1)?.transferCount]),
    [['n0', 20]],
  );
  reader.ready();
  t.mock.timers.tick(250);
  assert.equal(pieces.length, 2);
  stories.close();
});

test('many stories come in pieces, each after the one before was taken', async () => {
  const { stories } = open(rowOf(crowd(300)));
  const pieces: Uint8Array[] = [];
  const reader = stories.follow({}, (piece) => pieces.push(piece));
  await stories.list({ limit: 0 });
  assert.equal(pieces.length, 1);
  for (let count = 0; count < pieces.length; count++) reader.ready();
  assert.ok(pieces.length > 2);
  for (const { length } of pieces) assert.ok(length < 80_000, `${length} bytes`);
  const names = pieces.flatMap(told).map(({ machine }) => machine);
  assert.equal(names.length, 300);
  assert.equal(new Set(names).size, 300);
  stories.close();
});

test('conditions hold for what there is and for what changes', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { stories, hear } = open(rowOf(crowd(3)));
  await stories.list({ limit: 1 });
  const names: (string | undefined)[] = [];
  const reader = stories.follow({ machine: 'n1', mac: mac('02:00:00:00:00:01') }, (piece) => {
    names.push(...told(piece).map(({ machine }) => machine));
    reader.ready();
  });
  const never = stories.follow({ machine: 'n1', mac: mac('02:00:00:00:00:02') }, () => assert.fail('told'));
  await stories.list({ limit: 0 });
  assert.deepEqual(names, ['n1']);
  const later = crowd(3).map((tale) => {
    load(tale, 5, 'boot/core.efi', 900_000);
    return { ...tale, events: tale.events.slice(3) };
  });
  hear(rowOf(later).map((event) => ({ ...event, seq: event.seq + 100 })));
  t.mock.timers.tick(250);
  assert.deepEqual(names, ['n1', 'n1']);
  reader.end();
  never.end();
  stories.close();
});

test('two who follow the same at about the same time get the very same bytes', async () => {
  const tale = createTale();
  lease(tale, 0, 'PXE firmware, uefi-x64', { bootFile: 'boot/core.efi' });
  const { stories, setNow } = open(tale.events);
  const pieces: Uint8Array[] = [];
  const follow = () =>
    new Promise<void>((resolve) => {
      stories.follow({}, (piece) => {
        pieces.push(piece);
        resolve();
      });
    });
  await follow();
  setNow(START + 50);
  await follow();
  setNow(START + 150);
  await follow();
  const [first, second, third] = pieces;
  assert.equal(first, second);
  assert.deepEqual(
    [first, third].map((piece) => piece && told(piece)[0]?.now),
    [START, START + 150],
  );
  stories.close();
});
