import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordedEvent } from '../event/event.ts';
import { createEventHub } from './event-hub.ts';

function open(lastSeq = 0) {
  let time = 1000;
  const hub = createEventHub(() => time);
  const heard: RecordedEvent[] = [];
  const stored: RecordedEvent[] = [];
  hub.subscribe((event) => heard.push(event));
  const connect = () => hub.connect({ append: (events) => void stored.push(...events), lastSeq: () => lastSeq });
  return { hub, heard, stored, connect, setTime: (next: number) => (time = next) };
}

const tellMany = (hub: ReturnType<typeof createEventHub>, count: number) => {
  for (let n = 0; n < count; n++) hub.emit('dhcp.release', {}, { address: '10.0.0.1' });
};

test('an event reaches listeners and store with number, time, level and sentence', () => {
  const { hub, heard, stored, connect } = open();
  connect();
  hub.emit('dhcp.release', { machine: 'sm1' }, { address: '10.0.0.1' });
  assert.deepEqual(heard, [
    {
      seq: 1,
      time: 1000,
      level: 'info',
      id: 'dhcp.release',
      machine: 'sm1',
      data: { address: '10.0.0.1' },
      text: 'gives 10.0.0.1 back',
    },
  ]);
  assert.deepEqual(stored, heard);
});

test('what was told before the store was there is stored with numbers after the last one of the data folder', () => {
  const { hub, stored, connect } = open(500);
  tellMany(hub, 2);
  connect();
  tellMany(hub, 1);
  assert.deepEqual(
    stored.map(({ seq }) => seq),
    [501, 502, 503],
  );
});

test('a listener that unsubscribed hears nothing more', () => {
  const { hub } = open();
  const heard: string[] = [];
  const end = hub.subscribe(({ id }) => heard.push(id));
  tellMany(hub, 1);
  end();
  tellMany(hub, 1);
  assert.deepEqual(heard, ['dhcp.release']);
});

test('a flood keeps its beginning, and afterwards tells how many were left out', () => {
  const { hub, heard, connect } = open();
  connect();
  tellMany(hub, 10_500);
  assert.equal(heard.length, 10_000);
  hub.settle();
  assert.deepEqual(heard.at(-1)?.data, { count: 500 });
  assert.equal(heard.at(-1)?.id, 'server.events-skipped');
  hub.settle();
  assert.equal(heard.length, 10_001, 'told once');
});

test('warnings and errors are never left out of a flood', () => {
  const { hub, heard } = open();
  tellMany(hub, 20_000);
  hub.emit('dhcp.no-address', {}, { reason: 'full' });
  hub.emit('clock.jumped', {}, { seconds: 5 });
  assert.deepEqual(
    heard.slice(-2).map(({ id }) => id),
    ['dhcp.no-address', 'clock.jumped'],
  );
});

test('numbers have no holes where events were left out', () => {
  const { hub, heard } = open();
  tellMany(hub, 12_000);
  hub.settle();
  tellMany(hub, 1);
  assert.deepEqual(
    heard.map(({ seq }) => seq),
    heard.map((_, index) => index + 1),
  );
});

test('two thousand lesser events a second are kept for as long as it takes', () => {
  const { hub, heard } = open();
  tellMany(hub, 10_000);
  for (let second = 0; second < 5; second++) {
    hub.settle();
    tellMany(hub, 2000);
  }
  assert.equal(heard.filter(({ id }) => id === 'dhcp.release').length, 20_000);
  assert.equal(heard.filter(({ id }) => id === 'server.events-skipped').length, 0);
});

test('a passing event is heard by those who asked for such, is not stored, and takes no number', () => {
  const { hub, heard, stored, connect } = open();
  connect();
  const passing: RecordedEvent[] = [];
  const end = hub.subscribePassing((event) => passing.push(event));
  tellMany(hub, 2);
  hub.emit('tftp.progress', { machine: 'sm1' }, { file: 'a', bytes: 1, ofBytes: 2 });
  tellMany(hub, 1);
  assert.deepEqual(
    passing.map(({ seq, id }) => [seq, id]),
    [[2, 'tftp.progress']],
  );
  assert.deepEqual(
    stored.map(({ seq }) => seq),
    [1, 2, 3],
  );
  assert.deepEqual(stored, heard);
  end();
  hub.emit('tftp.progress', { machine: 'sm1' }, { file: 'a', bytes: 2, ofBytes: 2 });
  assert.equal(passing.length, 1);
});
