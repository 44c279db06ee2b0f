import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restartAfter } from './restart.ts';

test('what dies soon after each start is started more and more slowly, and at once again after a long life', () => {
  const waits: number[] = [];
  let deaths = 0;
  for (let count = 0; count < 8; count++) {
    const restart = restartAfter(deaths, 5_000);
    deaths = restart.deaths;
    waits.push(restart.waitMs);
  }
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  assert.deepEqual(restartAfter(deaths, 60_000), { deaths: 1, waitMs: 1_000 });
});
