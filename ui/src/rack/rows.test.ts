import assert from 'node:assert/strict';
import { test } from 'node:test';
import { machineView } from '../../../src/http/api/views.ts';
import { fakePorts } from '../../../test/support/api.ts';
import { fakeStory } from '../../../test/support/fake-page.ts';
import { describeDoing } from './doing.ts';
import { type Choice, chooseRows, makeRows } from './rows.ts';

const all: Choice = { filter: '', shown: 'all', sort: 'name', isDescending: false };
const at = 1_000_000;
const [template] = Array.from(fakePorts().ports.machines.list(), machineView);
assert.ok(template);

function machine(name: string, more: Partial<NonNullable<typeof template>> = {}) {
  assert.ok(template);
  return { ...template, name, hostName: name, macs: [], address: null, state: 'ready', operation: null, ...more };
}

const names = (rows: readonly { readonly machine: { readonly name: string } }[]) => rows.map((row) => row.machine.name);

test('machines sort as people count, addresses by number, trouble first', () => {
  const machines = [
    machine('n10', { address: '10.0.0.9' }),
    machine('n9', { address: '10.0.0.10' }),
    machine('n1', { address: '9.0.0.200', state: 'installed' }),
  ];
  const stories = new Map([['n9', fakeStory(1, at, { outcome: 'failed', standing: 'stopped' })]]);
  const rows = makeRows(machines, stories, at);
  assert.deepEqual(names(chooseRows(rows, all)), ['n1', 'n9', 'n10']);
  assert.deepEqual(names(chooseRows(rows, { ...all, isDescending: true })), ['n10', 'n9', 'n1']);
  assert.deepEqual(names(chooseRows(rows, { ...all, sort: 'address' })), ['n1', 'n10', 'n9']);
  assert.deepEqual(names(chooseRows(rows, { ...all, sort: 'doing' })), ['n9', 'n1', 'n10']);
  assert.deepEqual(names(chooseRows(rows, { ...all, shown: 'trouble' })), ['n9']);
  assert.deepEqual(names(chooseRows(rows, { ...all, shown: 'installed' })), ['n1']);
  assert.deepEqual(names(chooseRows(rows, { ...all, filter: ' 10.0 STOPPED' })), ['n9']);
});

test('a grant that was taken back leaves nothing behind, however long ago it was', () => {
  const next = { what: 'asks for an address', since: at, expectedBy: at + 600_000 };
  const stories = new Map([['n0', fakeStory(0, at, { machine: 'n0', stages: [], next })]]);
  const [row] = makeRows([machine('n0')], stories, at + 700_000);
  assert.equal(row?.story, undefined);
  assert.deepEqual(row?.doing, { kind: 'rest', text: '' });
});

test('what is overdue, held or diagnosed is trouble; a grant waits; else a machine is at rest', () => {
  const story = fakeStory(0, at);
  const next = { what: 'the loader asks', since: at, expectedBy: at + 5000 };
  const idle = machine('n0');
  assert.deepEqual(describeDoing(idle, { ...story, next }, at), { kind: 'running', text: 'loads its kernel' });
  const late = describeDoing(idle, { ...story, next }, at + 8000);
  assert.deepEqual(late, { kind: 'trouble', text: 'loads its kernel; the loader asks is overdue by 3 s' });
  const diagnoses = [
    {
      rule: 'mtu',
      section: 'docs/symptoms/x.md#mtu',
      confidence: 1,
      cause: 'Too large.',
      remedy: 'Less.',
      evidence: [],
    },
  ];
  assert.deepEqual(describeDoing(idle, { ...story, diagnoses }, at), { kind: 'trouble', text: 'Too large.' });
  const overheard = describeDoing(idle, { ...story, isObserved: true }, at);
  assert.deepEqual(overheard, { kind: 'running', text: 'only observed: loads its kernel' });
  const operation = {
    kind: 'install',
    stage: 'granted',
    profile: 'debian',
    via: 'command',
    grantedAt: '',
    deadline: null,
    startedAt: null,
    seen: null,
  };
  assert.equal(describeDoing({ operation }, undefined, at).kind, 'granted');
  assert.equal(describeDoing({ operation }, { ...story, stages: [] }, at).kind, 'granted');
  // Woken without a grant.
  assert.equal(describeDoing(idle, { ...story, stages: [] }, at).kind, 'running');
  assert.equal(describeDoing({ operation: { ...operation, stage: 'held' } }, undefined, at).kind, 'trouble');
  assert.deepEqual(describeDoing(idle, undefined, at), { kind: 'rest', text: '' });
});
