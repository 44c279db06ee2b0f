import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mac } from '../net/mac.ts';
import { type Named, planAdoptions } from './adopt-lives.ts';
import { discoveredMac, discoveredName } from './discovered.ts';
import type { Life } from './life.ts';

const A = mac('00:25:90:96:c4:9a');
const B = mac('00:25:90:96:c4:9b');
const outcome = { kind: 'install', profile: 'debian-12', result: 'succeeded', reason: 'x', at: 5 } as const;
const installed = (machine: string, ...macs: Life['macs'] & object): Life => ({
  machine,
  state: 'installed',
  onceUsed: true,
  outcome,
  macs,
});
const blank = (machine: string): Life => ({ machine, state: 'ready', onceUsed: false });

const rows: readonly [string, Life[], Named[], string[]][] = [
  ['a machine that is renamed', [installed('sm1', A)], [{ name: 'web1', macs: [A] }], ['sm1 -> web1']],
  ['one of its cards is enough', [installed('sm1', A, B)], [{ name: 'web1', macs: [B] }], ['sm1 -> web1']],
  [
    'discovered, then taken in',
    [installed(discoveredName(A), A)],
    [{ name: 'web1', macs: [A] }],
    [`${discoveredName(A)} -> web1`],
  ],
  ['another machine keeps its own', [installed('sm1', A)], [{ name: 'web1', macs: [B] }], []],
  [
    'a name that another machine has now',
    [installed('sm1', A)],
    [
      { name: 'web1', macs: [A] },
      { name: 'sm1', macs: [B] },
    ],
    ['sm1 -> web1'],
  ],
  [
    'two that change their names',
    [installed('sm1', A), installed('sm2', B)],
    [
      { name: 'sm1', macs: [B] },
      { name: 'sm2', macs: [A] },
    ],
    ['sm2 -> sm1', 'sm1 -> sm2'],
  ],
  [
    'all numbers move on by one',
    [installed('sm1', A), installed('sm2', B)],
    [
      { name: 'sm2', macs: [A] },
      { name: 'sm3', macs: [B] },
    ],
    ['sm1 -> sm2', 'sm2 -> sm3'],
  ],
  ['a card that is replaced', [installed('sm1', A)], [{ name: 'sm1', macs: [B] }], []],
  [
    'a name that goes over to another machine keeps what was known of the one before',
    [installed('sm1', A), installed('sm2', B)],
    [{ name: 'sm1', macs: [B] }],
    ['sm2 -> sm1', `sm1 -> ${discoveredName(A)}`],
  ],
  ['a life of its own comes first', [installed('sm1', A), installed('web1', A)], [{ name: 'web1', macs: [A] }], []],
  [
    'an empty life of its own does not',
    [installed('sm1', A), blank('web1')],
    [{ name: 'web1', macs: [A] }],
    ['sm1 -> web1'],
  ],
  ['an empty life is not worth it', [{ ...blank('sm1'), macs: [A] }], [{ name: 'web1', macs: [A] }], []],
  ['a life without cards is nobody’s', [installed('sm1')], [{ name: 'web1', macs: [A] }], []],
  [
    'of several the one that is installed',
    [{ ...installed('a', A), state: 'ready', outcome: { ...outcome, at: 9 } }, installed('b', A), blank('c')],
    [{ name: 'web1', macs: [A] }],
    ['b -> web1'],
  ],
  [
    'a life goes to one machine only',
    [installed('a', A, B)],
    [
      { name: 'x', macs: [A] },
      { name: 'y', macs: [B] },
    ],
    ['a -> x'],
  ],
];

for (const [name, lives, machines, expected] of rows) {
  test(`planAdoptions(): ${name}`, () => {
    const named = new Map(machines.map((machine) => [machine.name, machine]));
    const planned = planAdoptions(lives, machines, (one) => named.get(one));
    assert.deepEqual(
      planned.map(({ life, to }) => `${life.machine} -> ${to.name}`),
      expected,
    );
  });
}

test('discoveredMac() reads back what discoveredName() wrote, and no other name', () => {
  assert.equal(discoveredMac(discoveredName(A)), A);
  const long = `${A}:01:02` as typeof A;
  assert.equal(discoveredMac(discoveredName(long)), long);
  for (const name of ['m-1', 'web1', 'm-00-25-90-96-c4', `${discoveredName(A)}-`, discoveredName(A).toUpperCase()]) {
    assert.equal(discoveredMac(name), undefined, name);
  }
});
