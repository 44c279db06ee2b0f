import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Life, LifeStore } from './life.ts';
import { createLives } from './lives.ts';
import type { LifeEvent } from './step-life.ts';

const granted: LifeEvent = { kind: 'granted', token: 'T', profile: 'debian-12', via: 'command' };

function storeOf(save: (life: Life) => Promise<void>): LifeStore {
  return { loadLives: async () => [], saveLife: save };
}

test('step() shows the new life at once and resolves `saved` when the store has it', async () => {
  const saved: Life[] = [];
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const told: string[] = [];
  const store = storeOf(async (life) => {
    await gate;
    saved.push(life);
  });
  const lives = createLives([], { store, now: () => 7, tell: (machine, what) => told.push(`${machine} ${what.id}`) });
  const taken = lives.step('sm1', granted);
  assert.equal(lives.withToken('T')?.machine, 'sm1');
  assert.deepEqual(told, ['sm1 install.granted']);
  assert.equal(saved.length, 0);
  // A step that changes nothing waits for the save that is under way: what it says rests on it.
  const again = lives.step('sm1', granted);
  assert.equal(again.step.kind, 'refused');
  assert.equal(again.saved, taken.saved);
  release();
  await taken.saved;
  assert.deepEqual(saved, [lives.get('sm1')]);
});

test('step() takes back what could not be saved', async () => {
  const store = storeOf(async () => {
    throw new Error('disk full');
  });
  const lives = createLives([], { store, now: () => 7, tell: () => {} });
  await assert.rejects(lives.step('sm1', granted).saved, /disk full/);
  assert.equal(lives.get('sm1'), undefined);
  assert.equal(lives.withToken('T'), undefined);
});

test('createLives() goes on with what was loaded', () => {
  const loaded: Life = { machine: 'sm1', state: 'installed', onceUsed: true };
  const lives = createLives([loaded], { store: storeOf(async () => {}), now: () => 7, tell: () => {} });
  assert.deepEqual([...lives.all()], [loaded]);
  assert.equal(lives.step('sm1', { ...granted, via: 'file' }).step.kind, 'refused');
});
