import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mac } from '../net/mac.ts';
import { lastModel, type MacRecord, withModel, withSelection } from './mac-record.ts';
import { createMacs } from './macs.ts';

const mm1 = mac('a8:20:66:34:ff:e9');
const mini = { model: 'Macmini6,2', arch: 'i386' };
const book = { model: 'MacBookPro9,2', arch: 'i386' };

test('withModel() notes a model once, and the one that was seen last stands last', () => {
  const first = withModel(undefined, mm1, mini, 1000);
  assert.deepEqual(first, { mac: mm1, models: [{ ...mini, firstSeen: 1000 }] });
  assert.equal(withModel(first, mm1, mini, 2000), first, 'nothing new, nothing to write');
  const second = withModel(first, mm1, book, 3000);
  assert.deepEqual(lastModel(second), { ...book, firstSeen: 3000 });
  const again = withModel(second, mm1, mini, 4000);
  assert.deepEqual(
    again.models.map(({ model, firstSeen }) => [model, firstSeen]),
    [
      ['MacBookPro9,2', 3000],
      ['Macmini6,2', 1000],
    ],
  );
});

test('withModel() forgets the oldest of many', () => {
  let record: MacRecord | undefined;
  for (let index = 1; index <= 20; index++)
    record = withModel(record, mm1, { model: `iMac${index},1`, arch: 'i386' }, index);
  assert.equal(record?.models.length, 8);
  assert.equal(lastModel(record)?.model, 'iMac20,1');
});

test('withSelection() keeps and forgets the choice', () => {
  const record = withModel(undefined, mm1, mini, 1);
  const chosen = withSelection(record, 'debian', 5);
  assert.deepEqual(chosen.selected, { image: 'debian', at: 5 });
  assert.deepEqual(withSelection(chosen, undefined, 6), record);
  assert.equal(withSelection(record, undefined, 6), record);
});

function open(loaded: readonly MacRecord[] = []) {
  const saved: MacRecord[] = [];
  const store = { saveMac: async (record: MacRecord) => void saved.push(record) };
  return { saved, macs: createMacs(loaded, store) };
}

test('createMacs() writes what is new, and nothing twice', () => {
  const record = withModel(undefined, mm1, mini, 1);
  const { macs, saved } = open();
  for (const one of [record, record, withModel(record, mm1, mini, 2)]) macs.keep(one, false);
  assert.deepEqual(saved, [record]);
  assert.equal(macs.get(mm1), record);
  assert.equal(open([record]).macs.get(mm1), record);
});

test('createMacs() does not grow with made-up addresses, and keeps what the configuration names', () => {
  const made = (number: number) =>
    mac(`02:00:00:00:${(number >> 8).toString(16).padStart(2, '0')}:${(number & 255).toString(16).padStart(2, '0')}`);
  const { macs, saved } = open();
  for (let index = 0; index < 5_100; index++) macs.keep(withModel(undefined, made(index), mini, 1), false);
  assert.equal(saved.length, 5_000);
  macs.keep(withModel(undefined, mm1, mini, 1), true);
  assert.equal(saved.length, 5_001);
  for (let index = 0; index < 5_100; index++) macs.sent(made(index), 'x');
  macs.transferred(made(0), 'x');
  assert.equal(macs.loaded(made(0)), undefined, 'the oldest is forgotten');
});

test('createMacs() knows what was loaded and has not started', () => {
  const { macs } = open();
  macs.transferred(mm1, 'mac/x86_64.efi');
  assert.equal(macs.loaded(mm1), undefined, 'nobody told it to load that');
  macs.sent(mm1, 'mac/x86_64.efi');
  assert.equal(macs.loaded(mm1), undefined, 'not loaded yet');
  macs.transferred(mm1, 'boot/grub/grub.cfg');
  assert.equal(macs.loaded(mm1), undefined);
  macs.transferred(mm1, 'mac/x86_64.efi');
  assert.equal(macs.loaded(mm1), 'mac/x86_64.efi');
  macs.started(mm1);
  assert.equal(macs.loaded(mm1), undefined);
});

test('createMacs() lives with a store that cannot write', () => {
  const macs = createMacs([], { saveMac: () => Promise.reject(new Error('full')) });
  macs.keep(withModel(undefined, mm1, mini, 1), false);
  assert.equal(macs.get(mm1)?.models.length, 1);
});
