import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usageOf } from './process-usage.ts';

test('what a process has used is what it says itself', () => {
  // Enough to be counted in hundredths of a second.
  while (process.cpuUsage().user < 100_000);
  const { user, system } = process.cpuUsage();
  const usage = usageOf(process.pid);
  assert.ok(usage);
  assert.ok(Math.abs(usage.cpuSeconds - (user + system) / 1e6) < 0.5, `${usage.cpuSeconds} s`);
  const ratio = usage.residentBytes / process.memoryUsage.rss();
  assert.ok(ratio > 0.5 && ratio < 2, `${usage.residentBytes} bytes`);
});

test('of a process that is gone nothing is known', () => {
  // Above the greatest id that Linux gives.
  assert.equal(usageOf(2 ** 22 + 1), undefined);
});
