import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANSWERING, BEHIND, type RestartPace, restartAfter } from './restart.ts';

/** What is waited before each start when it dies every five seconds, and then once after a long life. */
function waits(pace: RestartPace): readonly number[] {
  const all: number[] = [];
  let deaths = 0;
  for (let count = 0; count < 8; count++) {
    const restart = restartAfter(pace, deaths, 5_000);
    deaths = restart.deaths;
    all.push(restart.waitMs);
  }
  const late = restartAfter(pace, deaths, 60_000);
  assert.equal(late.deaths, 1);
  return [...all, late.waitMs];
}

test('what works behind the others is started more and more slowly, and soon again after a long life', () => {
  assert.deepEqual(waits(BEHIND), [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 1_000]);
});

test('what machines wait for is started at once, and each second when it dies again and again', () => {
  assert.deepEqual(waits(ANSWERING), [0, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 0]);
});
