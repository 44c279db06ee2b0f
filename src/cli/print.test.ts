import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventView } from '../http/api/views.ts';
import { formatDuration, formatEvent, formatTable, formatTime, formatWhen, wantsColour } from './print.ts';

for (const [seconds, text] of [
  [0, '0 s'],
  [-3, '0 s'],
  [59.6, '1 min'],
  [61, '1 min 1 s'],
  [3600, '1 h'],
  [3601, '1 h'],
  [3661, '1 h 1 min'],
  [86_400 * 3 + 7200 + 59, '3 d 2 h'],
] as const) {
  test(`formatDuration(${seconds}) is ${text}`, () => assert.equal(formatDuration(seconds), text));
}

test('formatWhen() looks both ways', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  assert.equal(formatWhen('2026-01-01T00:05:00Z', now), 'in 5 min');
  assert.equal(formatWhen('2025-12-31T23:00:00Z', now), '1 h ago');
  assert.equal(formatWhen(null, now), 'never');
});

test('formatTable() aligns columns and leaves no blanks at the ends', () => {
  const rows = [
    ['10.0.0.1', 'x', ''],
    ['1.1.1.1', 'longer', 'z'],
  ];
  assert.equal(formatTable(['A', 'B', 'C'], rows), 'A         B       C\n10.0.0.1  x\n1.1.1.1   longer  z');
});

test('formatEvent() colours by level, and nothing of a machine’s own words reaches the terminal', () => {
  const event: EventView = {
    seq: 1,
    time: '2026-01-01T00:00:00.000Z',
    level: 'warning',
    id: 'dhcp.nak',
    data: {},
    text: 'a\x1b[2Jb\rc\nd',
  };
  const line = `${formatTime(event.time)}  ${'-'.padEnd(17)}  ${'-'.padEnd(15)}  `;
  assert.equal(formatEvent(event, true), `\x1b[33m${line}warning: ab?c?d\x1b[0m`);
  assert.equal(formatEvent(event, false), `${line}warning: ab?c?d`);
  assert.equal(formatEvent({ ...event, level: 'info' }, true), `${line}ab?c?d`);
});

test('wantsColour() is for terminals only', () => {
  assert.equal(wantsColour({ isTTY: false }), false);
  assert.equal(wantsColour({ isTTY: true }), !process.env.NO_COLOR);
});
