import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClock } from './clock.ts';

function fakes() {
  const time = { wall: 1_700_000_000_000, monotonic: 5_000 };
  const jumps: number[] = [];
  const clock = createClock({
    onJump: (delta) => jumps.push(delta),
    wall: () => time.wall,
    monotonic: () => time.monotonic,
  });
  const pass = (ms: number) => {
    time.wall += ms;
    time.monotonic += ms;
  };
  return { time, jumps, clock, pass };
}

test('now() follows the monotonic clock and starts at the system’s time', (t) => {
  const { clock, pass } = fakes();
  t.after(() => clock.close());
  assert.equal(clock.now(), 1_700_000_000_000);
  pass(1_500);
  assert.equal(clock.now(), 1_700_000_001_500);
});

test('now() does not leap until the leap was told, and then by exactly what was told', (t) => {
  const { clock, time, jumps, pass } = fakes();
  t.after(() => clock.close());
  pass(1_000);
  time.wall += 86_400_000;
  assert.equal(clock.now(), 1_700_000_001_000);
  clock.check();
  assert.deepEqual(jumps, [86_400_000]);
  assert.equal(clock.now(), time.wall);
  time.wall -= 3_600_000;
  clock.check();
  assert.deepEqual(jumps, [86_400_000, -3_600_000]);
  assert.equal(clock.now(), time.wall);
});

test('a step of two seconds or less is not told, but steps that add up are', (t) => {
  const { clock, time, jumps } = fakes();
  t.after(() => clock.close());
  time.wall += 2_000;
  clock.check();
  assert.deepEqual(jumps, []);
  time.wall += 1;
  clock.check();
  assert.deepEqual(jumps, [2_001]);
});

test('the timer finds a leap without being asked', async () => {
  const time = { wall: 1_700_000_000_000 };
  const jumped = new Promise<number>((resolve) => {
    const clock = createClock({
      wall: () => time.wall,
      monotonic: () => 0,
      checkEveryMs: 1,
      onJump: (delta) => {
        clock.close();
        clearInterval(keepAlive);
        resolve(delta);
      },
    });
  });
  // The clock’s own timer does not keep the process alive.
  const keepAlive = setInterval(() => {}, 1_000);
  time.wall += 10_000;
  assert.equal(await jumped, 10_000);
});
