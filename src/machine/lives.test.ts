import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mac } from '../net/mac.ts';
import { discoveredName } from './discovered.ts';
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

test('rename() moves a life to the new name with its grant, in one write, and remembers its cards', async () => {
  const saved: Life[] = [];
  const told: string[] = [];
  const store = storeOf(async (life) => void saved.push(life));
  const tell = (machine: string, what: { id: string; data: object }) =>
    void told.push(`${machine} ${what.id} ${JSON.stringify(what.data)}`);
  const lives = createLives([], { store, now: () => 7, tell });
  const sm1 = { name: 'sm1', macs: [mac('00:25:90:96:c4:9a')] };
  lives.rename(new Map([['sm1', sm1]]));
  await lives.step('sm1', granted).saved;
  assert.deepEqual(lives.get('sm1')?.macs, sm1.macs);
  saved.length = told.length = 0;
  lives.rename(new Map([['web1', { ...sm1, name: 'web1' }]]));
  assert.equal(lives.withToken('T')?.machine, 'web1');
  assert.equal(lives.get('sm1')?.operation, undefined);
  assert.deepEqual(
    saved.map((life) => [life.machine, life.operation?.grant.token]),
    [
      ['web1', 'T'],
      ['sm1', undefined],
    ],
  );
  assert.deepEqual(told, ['web1 machine.adopted {"before":"sm1","state":"ready"}']);
});

test('meet() finds the life of a machine that was taken out of the configuration', async () => {
  const address = mac('00:25:90:96:c4:9a');
  const loaded: Life = { machine: 'sm1', state: 'installed', onceUsed: true, macs: [address] };
  const lives = createLives([loaded], { store: storeOf(async () => {}), now: () => 7, tell: () => {} });
  lives.rename(new Map());
  const name = discoveredName(address);
  lives.meet({ name, macs: [address] });
  assert.equal(lives.get(name)?.state, 'installed');
  // And back.
  lives.rename(new Map([['sm1', { name: 'sm1', macs: [address] }]]));
  assert.equal(lives.get('sm1')?.state, 'installed');
});

test('a machine that is only discovered is in that state, and ready once it is in the configuration', async () => {
  const address = mac('00:25:90:96:c4:9a');
  const lives = createLives([], { store: storeOf(async () => {}), now: () => 7, tell: () => {} });
  const name = discoveredName(address);
  lives.step(name, granted);
  assert.deepEqual([lives.get(name)?.state, lives.get(name)?.macs], ['discovered', [address]]);
  lives.rename(new Map([['web1', { name: 'web1', macs: [address] }]]));
  assert.deepEqual([lives.get('web1')?.state, lives.get('web1')?.onceUsed], ['ready', true]);
});

const A = mac('00:25:90:96:c4:9a');
const B = mac('00:25:90:96:c4:9b');
const installed = (machine: string, address: typeof A): Life => ({
  machine,
  state: 'installed',
  onceUsed: true,
  macs: [address],
});

function named(machines: Readonly<Record<string, typeof A>>) {
  return new Map(Object.entries(machines).map(([name, address]) => [name, { name, macs: [address] }]));
}

function livesOf(...loaded: Life[]) {
  return createLives(loaded, { store: storeOf(async () => {}), now: () => 7, tell: () => {} });
}

test('rename() of a row of machines: each keeps its own life, and none is installed a second time', () => {
  const lives = livesOf(installed('sm1', A), installed('sm2', B));
  lives.rename(named({ sm1: A, sm2: B }));
  lives.rename(named({ sm2: A, sm3: B }));
  for (const name of ['sm2', 'sm3']) assert.equal(lives.get(name)?.state, 'installed', name);
  assert.equal(lives.step('sm3', { ...granted, via: 'file' }).step.kind, 'refused');
});

test('rename() of two machines to each other’s names takes the grant along: the other one is not erased', () => {
  const lives = livesOf({ ...installed('sm1', A), state: 'ready' }, installed('sm2', B));
  lives.rename(named({ sm1: A, sm2: B }));
  lives.step('sm1', granted);
  lives.rename(named({ sm1: B, sm2: A }));
  assert.equal(lives.withToken('T')?.machine, 'sm2');
  assert.deepEqual([lives.get('sm1')?.state, lives.get('sm1')?.operation], ['installed', undefined]);
});

test('rename(): a new machine under a name that was installed before is not installed unasked', () => {
  const lives = livesOf(installed('sm1', A));
  lives.rename(named({ sm1: A }));
  lives.rename(named({ old: A, sm1: B }));
  assert.equal(lives.get('old')?.state, 'installed');
  assert.equal(lives.step('sm1', { ...granted, via: 'file' }).step.kind, 'refused');
  assert.equal(lives.step('sm1', granted).step.kind, 'moved');
});

test('rename(): cards that are replaced one machine after the other are not forgotten in between', () => {
  const spare = mac('00:25:90:96:c4:9c');
  const lives = livesOf(installed('sm1', A));
  lives.rename(named({ sm1: A, sm2: B }));
  lives.rename(named({ sm1: spare, sm2: B }));
  assert.equal(lives.get('sm1')?.state, 'installed');
  lives.rename(named({ sm1: spare, sm2: A }));
  assert.equal(lives.get('sm2')?.state, 'installed');
});

test('rename(): a grant stays when a card is mended, and ends when its name comes back for another machine', () => {
  const lives = livesOf();
  lives.rename(named({ sm1: A }));
  lives.step('sm1', granted);
  lives.rename(named({ sm1: B }));
  assert.equal(lives.withToken('T')?.machine, 'sm1');
  lives.rename(named({ sm1: A }));
  assert.equal(lives.withToken('T')?.machine, 'sm1', 'and when that was the mistake');
  lives.rename(named({ sm1: B }));
  lives.rename(named({}));
  lives.rename(named({ sm1: B }));
  assert.equal(lives.withToken('T')?.machine, 'sm1', 'the same machine again');
  lives.rename(named({}));
  lives.rename(named({ sm1: mac('00:25:90:96:c4:9c') }));
  assert.equal(lives.withToken('T'), undefined);
  assert.equal(lives.get('sm1')?.outcome?.result, 'cancelled');
});

test('rename() holds in memory also when it cannot be saved', async () => {
  const store = storeOf(async () => {
    throw new Error('disk full');
  });
  const lives = createLives([installed('sm1', A)], { store, now: () => 7, tell: () => {} });
  lives.rename(named({ sm1: A }));
  lives.rename(named({ web1: A }));
  await new Promise(setImmediate);
  assert.equal(lives.get('web1')?.state, 'installed');
});

test('shift(): an installation that runs keeps its remaining time when the clock is set, one of an earlier run its end', () => {
  const clock = { now: 1_000 };
  const store = storeOf(async () => {});
  const begin = (lives: ReturnType<typeof createLives>) => {
    lives.step('sm1', granted);
    lives.step('sm1', { kind: 'boot-config-served', deadlineSeconds: 60 });
  };
  const lives = createLives([], { store, now: () => clock.now, tell: () => {} });
  begin(lives);
  const before = lives.get('sm1') ?? assert.fail('no life');
  clock.now += 7_200_000;
  lives.shift(7_200_000);
  assert.equal(lives.get('sm1')?.operation?.grant.deadline, clock.now + 60_000);
  assert.equal(lives.step('sm1', { kind: 'deadline-passed' }).step.kind, 'refused');
  const restarted = createLives([before], { store, now: () => clock.now, tell: () => {} });
  restarted.shift(7_200_000);
  assert.equal(restarted.get('sm1')?.operation?.grant.deadline, 61_000);
});
