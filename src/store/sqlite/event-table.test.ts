import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { recordEvent } from '../../event/event.ts';
import type { EventLimits } from '../store.ts';
import { createEventTable } from './event-table.ts';
import { migrate } from './migrations.ts';

const DAY_MS = 24 * 3600 * 1000;
const T0 = 1_790_000_000_000;

function tableOf(limits: EventLimits, count: number, everyMs: number) {
  const database = new DatabaseSync(':memory:');
  migrate(database, 'test');
  const table = createEventTable(database, limits);
  const event = (n: number) =>
    recordEvent({ seq: n + 1, time: T0 + n * everyMs }, 'server.stopped', {}, { reason: `${n}` });
  table.insert(Array.from({ length: count }, (_, n) => event(n)));
  const kept = () => Number(database.prepare('SELECT count(*) AS n FROM event').get()?.n);
  return { table, kept };
}

test('prune() works in small steps, down to the limit and no further', () => {
  const { table, kept } = tableOf({ count: 2000, ageMs: Number.MAX_SAFE_INTEGER }, 3200, 1);
  const steps = [0, 0, 0, 0].map(() => {
    table.prune(T0);
    return kept();
  });
  assert.deepEqual(steps, [2700, 2200, 2000, 2000]);
});

test('prune() takes what is too old', () => {
  const { table, kept } = tableOf({ count: 1e6, ageMs: 30 * DAY_MS }, 1500, DAY_MS / 10);
  table.prune(T0 + 31 * DAY_MS);
  assert.equal(kept(), 1490);
});

test('prune() keeps the newest thousand when the clock is years ahead', () => {
  const { table, kept } = tableOf({ count: 1e6, ageMs: 30 * DAY_MS }, 1800, 1);
  for (let step = 0; step < 4; step++) table.prune(T0 + 3650 * DAY_MS);
  assert.equal(kept(), 1000);
});

test('a search goes on in steps and stops at what it was asked for', () => {
  const { table } = tableOf({ count: 1e6, ageMs: Number.MAX_SAFE_INTEGER }, 10_000, 1);
  const seqs = (found: readonly unknown[]) => found.map((json) => JSON.parse(String(json)).seq);
  const rare = table.search({ limit: 5, machine: 'none' });
  assert.deepEqual([rare.step(), rare.step(), rare.step()], [false, false, true]);
  const newest = table.search({ limit: 2 });
  assert.equal(newest.step(), true);
  assert.deepEqual(seqs(newest.found), [9999, 10_000]);
  const first = table.search({ limit: 2, after: 4000 });
  assert.equal(first.step(), true);
  assert.deepEqual(seqs(first.found), [4001, 4002]);
  assert.equal(table.search({ limit: 5, after: 10_000 }).step(), true);
});
