import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryMacs } from '../../../test/support/macs.ts';
import type { EventId } from '../../event/event.ts';
import { withModel } from '../../machine/mac-record.ts';
import { mac } from '../../net/mac.ts';
import type { MacNote } from '../dhcp/verdict.ts';
import { createMacNotes } from './notes.ts';

const mm1 = mac('a8:20:66:34:ff:e9');
const mm2 = mac('a8:20:66:4a:ce:46');

function bench() {
  const told: [EventId, number][] = [];
  const clock = { now: 0 };
  const macs = memoryMacs();
  const notes = createMacNotes({ macs, now: () => clock.now, emit: (id) => told.push([id, clock.now]) });
  return { told, clock, macs, notes };
}
const ignored = (code: 'not-armed' | 'bad-port', whose = mm1): MacNote => ({
  mac: whose,
  isKnown: true,
  counted: code,
  rarely: [{ key: code, told: { id: 'bsdp.ignored', subject: { mac: whose }, data: { code, reason: '' } } }],
});

test('silence is told once an hour for each Mac and reason, and always counted', () => {
  const { told, clock, notes } = bench();
  for (const minutes of [0, 1, 59]) {
    clock.now = minutes * 60_000;
    notes.take(ignored('not-armed'));
  }
  notes.take(ignored('bad-port'));
  notes.take(ignored('not-armed', mm2));
  clock.now = 60 * 60_000;
  notes.take(ignored('not-armed'));
  notes.take(ignored('not-armed'));
  assert.deepEqual(
    told.map(([, at]) => at / 60_000),
    [0, 59, 59, 60],
  );
  assert.deepEqual(notes.counters(), { 'ignored: not-armed': 6, 'ignored: bad-port': 1 });
});

test('what is answered is counted by its kind', () => {
  const { notes } = bench();
  for (const counted of ['list', 'list', 'select', 'failed'] as const) {
    notes.take({ mac: mm1, isKnown: true, counted, rarely: [] });
  }
  assert.deepEqual(notes.counters(), { lists: 2, selections: 1, refusals: 1 });
});

test('records are kept, and what was sent is waited for until it is settled', () => {
  const { macs, notes } = bench();
  const record = withModel(undefined, mm1, { model: 'Macmini6,2', arch: 'i386' }, 1);
  notes.take({ mac: mm1, isKnown: true, record, rarely: [], sent: 'mac/x86_64.efi' });
  assert.equal(macs.get(mm1), record);
  macs.transferred(mm1, 'mac/x86_64.efi');
  assert.equal(macs.loaded(mm1), 'mac/x86_64.efi');
  notes.take({ mac: mm1, isKnown: true, rarely: [], isSettled: true });
  assert.equal(macs.loaded(mm1), undefined);
});

test('made-up addresses do not make it grow without end', () => {
  const { told, notes } = bench();
  for (let index = 0; index < 10_001; index++) {
    const hex = index.toString(16).padStart(4, '0');
    notes.take(ignored('not-armed', mac(`02:00:00:00:${hex.slice(0, 2)}:${hex.slice(2)}`)));
  }
  notes.take(ignored('not-armed', mac('02:00:00:00:00:00')));
  assert.equal(told.length, 10_002, 'the oldest was forgotten, and is told again');
});
