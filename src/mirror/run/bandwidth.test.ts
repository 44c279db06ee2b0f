import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Bandwidth } from '../mirror-config.ts';
import { createPace, rateAt } from './bandwidth.ts';

const at = (text: string) => Date.parse(text);
const office: Bandwidth = {
  bytesPerSecond: 50e6,
  windows: [
    { from: 12 * 60, to: 13 * 60, bytesPerSecond: 20e6 },
    { from: 8 * 60, to: 18 * 60, bytesPerSecond: 5e6 },
  ],
};

describe('rateAt()', () => {
  test('in a window it is that of the window, by the clock of the time zone, and the first one counts', () => {
    const rates = ['07:59', '08:00', '12:30', '17:59', '18:00'].map((time) =>
      rateAt(office, 'Europe/Berlin', at(`2026-11-26T${time}:00+01:00`)),
    );
    assert.deepEqual(rates, [50e6, 5e6, 20e6, 5e6, 50e6]);
    assert.equal(rateAt(office, 'UTC', at('2026-11-26T08:00:00+01:00')), 50e6);
  });

  test('without a limit besides there is none outside of the windows', () => {
    const { windows } = office;
    assert.equal(rateAt({ windows }, 'UTC', at('2026-11-26T20:00:00Z')), undefined);
    assert.equal(rateAt({ windows }, 'UTC', at('2026-11-26T09:00:00Z')), 5e6);
    assert.equal(rateAt({ windows: [] }, 'UTC', 0), undefined);
  });
});

/** Sixteen takers who each wait as they are told; returns the bytes that were taken in each second. */
function run(seconds: number, rateOf: (second: number) => number): number[] {
  const pace = createPace();
  const taken = Array.from({ length: seconds }, () => 0);
  const takers = Array.from({ length: 16 }, () => 0);
  for (;;) {
    const now = Math.min(...takers);
    const second = Math.floor(now / 1000);
    if (second >= seconds) return taken;
    taken[second] = (taken[second] ?? 0) + 65_536;
    takers[takers.indexOf(now)] = now + pace.grant(65_536, rateOf(second), now);
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe('a pace', () => {
  test('over ten seconds all who take keep to the rate together, within 5 %', () => {
    // What is carried from before the first second comes on top of it.
    const taken = run(11, () => 8e6).slice(1);
    assert.ok(Math.abs(sum(taken) / 80e6 - 1) < 0.05, String(sum(taken)));
  });

  test('another rate counts from then on', () => {
    const taken = run(21, (second) => (second < 11 ? 8e6 : 2e6));
    assert.ok(Math.abs(sum(taken.slice(1, 11)) / 80e6 - 1) < 0.05);
    assert.ok(Math.abs(sum(taken.slice(11)) / 20e6 - 1) < 0.1, String(sum(taken.slice(11))));
  });

  test('who rests may take that of a second at once, and no more', () => {
    const pace = createPace();
    assert.equal(pace.grant(1000, 1000, 0), 0);
    assert.equal(pace.grant(1000, 1000, 0), 1000);
    assert.equal(pace.grant(1000, 1000, 3_600_000), 0);
    assert.equal(pace.grant(1, 1000, 3_600_000), 1);
  });
});
