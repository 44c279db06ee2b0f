import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nextCronTime } from './cron.ts';

const next = (cron: string, zone: string, after: string) => {
  const at = nextCronTime(cron, zone, Date.parse(after));
  return at === undefined ? undefined : new Date(at).toISOString();
};

describe('nextCronTime()', () => {
  for (const [cron, zone, after, expected] of [
    ['11 1 * * *', 'UTC', '2026-11-26T00:00:00Z', '2026-11-26T01:11:00.000Z'],
    ['11 1 * * *', 'UTC', '2026-11-26T01:11:00Z', '2026-11-27T01:11:00.000Z'],
    ['11 1 * * *', 'Asia/Kathmandu', '2026-11-26T00:00:00Z', '2026-11-26T19:26:00.000Z'],
    ['*/20 * * * *', 'UTC', '2026-11-26T00:41:30Z', '2026-11-26T01:00:00.000Z'],
    ['0 4 * * sun', 'UTC', '2026-11-26T00:00:00Z', '2026-11-29T04:00:00.000Z'],
    ['0 4 * * 7', 'UTC', '2026-11-26T00:00:00Z', '2026-11-29T04:00:00.000Z'],
    ['0 0 13 * fri', 'UTC', '2026-11-26T00:00:00Z', '2026-11-27T00:00:00.000Z'],
    ['0 0 29 feb *', 'UTC', '2026-11-26T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['5/25 3 * * *', 'UTC', '2026-11-26T03:06:00Z', '2026-11-26T03:30:00.000Z'],
  ] as const)
    test(`${cron} in ${zone} after ${after}`, () => assert.equal(next(cron, zone, after), expected));

  test('there is no 30 February', () => assert.equal(next('0 0 30 feb *', 'UTC', '2026-01-01T00:00:00Z'), undefined));

  test('an hour that the clock leaps over is made up for at its end', () => {
    assert.equal(next('30 2 * * *', 'Europe/Berlin', '2026-03-29T00:00:00Z'), '2026-03-29T01:00:00.000Z');
    assert.equal(next('30 2 * * *', 'Europe/Berlin', '2026-03-29T01:00:00Z'), '2026-03-30T00:30:00.000Z');
  });

  test('so is one at midnight, half of one, and one that is just about to begin', () => {
    assert.equal(next('30 0 * * *', 'Africa/Cairo', '2026-04-23T12:00:00Z'), '2026-04-23T22:00:00.000Z');
    assert.equal(next('0 0 * * fri', 'Africa/Cairo', '2026-04-23T12:00:00Z'), '2026-04-23T22:00:00.000Z');
    assert.equal(next('15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T12:00:00Z'), '2026-10-03T15:30:00.000Z');
    assert.equal(next('45 2 * * *', 'Australia/Lord_Howe', '2026-10-03T12:00:00Z'), '2026-10-03T15:45:00.000Z');
    assert.equal(next('30 2 * * *', 'Europe/Berlin', '2026-03-29T00:59:30Z'), '2026-03-29T01:00:00.000Z');
  });

  test('an hour that comes twice counts once, unless every hour is meant', () => {
    assert.equal(next('30 2 * * *', 'Europe/Berlin', '2026-10-24T23:00:00Z'), '2026-10-25T00:30:00.000Z');
    assert.equal(next('30 2 * * *', 'Europe/Berlin', '2026-10-25T00:30:00Z'), '2026-10-26T01:30:00.000Z');
    assert.equal(next('30 * * * *', 'Europe/Berlin', '2026-10-25T00:30:00Z'), '2026-10-25T01:30:00.000Z');
  });
});
