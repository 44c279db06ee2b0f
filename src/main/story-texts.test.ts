import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CARD, createTale, lease, START } from '../../test/support/story.ts';
import { createStoryBook } from '../story/book.ts';
import type { Attempt } from '../story/story.ts';
import { createStoryTexts } from './story-texts.ts';

const MAGIC = { interface: 'br0', to: '255.255.255.255', packets: 3 } as const;

/** The texts of a card whose events are told one by one, at a clock that stands at the newest. */
function open() {
  const book = createStoryBook();
  const tale = createTale();
  const clock = { now: START };
  const texts = createStoryTexts(
    book,
    () => [],
    () => clock.now,
  );
  let taken = 0;
  const at = (second: number) => {
    clock.now = START + second * 1_000;
    for (const event of tale.events.slice(taken)) book.take(event);
    taken = tale.events.length;
    return JSON.parse(texts.current(CARD) ?? 'null') as Attempt;
  };
  return { tale, at, isOver: () => texts.look(CARD)?.isOver };
}

test('what is expected anew after a wake was given up is told: another wake, and a grant', () => {
  const { tale, at } = open();
  const wake = (second: number) => tale.tell(second, 'power.wake.sent', MAGIC);
  wake(0);
  assert.equal(at(0).outcome, 'running');
  assert.match(at(31 * 60).standing, /nothing was heard of it/);
  wake(40 * 60);
  const again = at(40 * 60);
  assert.deepEqual([again.outcome, again.wokenAt, again.endedAt], ['running', START + 2_400_000, undefined]);
  assert.match(at(80 * 60).standing, /nothing was heard of it/);
  const mac = CARD;
  tale.tellOf({ machine: 'box' }, 81 * 60, 'install.granted', { profile: 'debian', via: 'operator', mac });
  const granted = at(81 * 60);
  assert.deepEqual([granted.outcome, granted.startedAt], ['running', START + 81 * 60_000]);
  assert.match(granted.standing, /debian/);
});

test('a boot that is over stays open as long as its own system comes up, which has failed when nothing follows', () => {
  const { tale, at, isOver } = open();
  const states = (second: number) => at(second).stages.map(({ name, state }) => `${name} ${state}`);
  lease(tale, 0, 'PXE firmware, uefi-x64');
  tale.tell(5, 'boot.config', { file: 'c', loader: 'grub', decision: 'local', reason: 'installed' });
  tale.tell(60, 'dhcp.nak', { address: '172.22.10.9', reason: 'it is leased to another machine' });
  assert.deepEqual(states(61).at(-1), 'system running');
  assert.equal(isOver(), false);
  assert.deepEqual(states(660).at(-1), 'system running');
  const { stages, outcome, endedAt } = at(661);
  assert.deepEqual([stages.at(-1)?.state, stages.at(-1)?.endedAt], ['failed', START + 60_000]);
  assert.deepEqual([outcome, endedAt], ['local', START + 5_000]);
  assert.equal(isOver(), true);
  lease(tale, 700, 'system');
  assert.deepEqual(states(700).at(-1), 'system done');
});
