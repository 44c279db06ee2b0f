import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Judgement, judgeRuleset } from './nft-ruleset.ts';

const chain = (name: string, more: object = {}) => ({ chain: { family: 'inet', table: 'f', name, ...more } });
const rule = (name: string, ...expr: object[]) => ({ rule: { family: 'inet', table: 'f', chain: name, expr } });
const base = (policy: string) => chain('in', { type: 'filter', hook: 'input', prio: 0, policy });
const match = (left: object, right: unknown, op = '==') => ({ match: { op, left, right } });
const dport = (protocol: string, right: unknown, op?: string) =>
  match({ payload: { protocol, field: 'dport' } }, right, op);
const iif = (right: unknown, op?: string) => match({ meta: { key: 'iifname' } }, right, op);
const state = (...states: string[]) => match({ ct: { key: 'state' } }, states, 'in');
const source = match({ payload: { protocol: 'ip', field: 'saddr' } }, '10.0.0.1');
const accept = { accept: null };
const drop = { drop: null };

const rows: readonly (readonly [string, readonly object[], Judgement['verdict']])[] = [
  ['no rules at all', [], 'accept'],
  ['policy accept', [base('accept')], 'accept'],
  ['policy drop', [base('drop')], 'drop'],
  ['an accept of the port', [base('drop'), rule('in', dport('udp', 67), accept)], 'accept'],
  ['an accept of another port', [base('drop'), rule('in', dport('udp', 68), accept)], 'drop'],
  ['an accept of TCP is none of UDP', [base('drop'), rule('in', dport('tcp', 67), accept)], 'drop'],
  ['a set', [base('drop'), rule('in', dport('udp', { set: [53, 67] }), accept)], 'accept'],
  ['a range', [base('drop'), rule('in', dport('udp', { set: [{ range: [60, 70] }] }), accept)], 'accept'],
  ['th dport', [base('drop'), rule('in', dport('th', 67), accept)], 'accept'],
  ['a named set is not known', [base('accept'), rule('in', dport('udp', '@blocked'), drop)], 'maybe'],
  ['another interface', [base('drop'), rule('in', iif('eth9'), accept)], 'drop'],
  ['this interface', [base('drop'), rule('in', iif('br0'), accept)], 'accept'],
  ['a pattern of interfaces', [base('drop'), rule('in', iif('br*'), accept)], 'accept'],
  ['every interface but one', [base('accept'), rule('in', iif('lo', '!='), drop)], 'drop'],
  ['only what is known already', [base('drop'), rule('in', state('established', 'related'), accept)], 'drop'],
  ['invalid is dropped', [base('accept'), rule('in', state('invalid'), drop)], 'accept'],
  ['a drop under an unknown condition', [base('accept'), rule('in', source, drop)], 'maybe'],
  ['an accept under an unknown condition does not count', [base('drop'), rule('in', source, accept)], 'drop'],
  [
    'a reject at the end',
    [base('accept'), rule('in', dport('udp', 67), accept), rule('in', { reject: null })],
    'accept',
  ],
  ['a counter and a log do not decide', [base('accept'), rule('in', { counter: {} }, { log: {} })], 'accept'],
  [
    'a jump that accepts',
    [base('drop'), chain('boot'), rule('boot', dport('udp', 67), accept), rule('in', { jump: { target: 'boot' } })],
    'accept',
  ],
  [
    'a jump that returns',
    [base('drop'), chain('boot'), rule('boot', { return: null }), rule('in', { jump: { target: 'boot' } })],
    'drop',
  ],
  [
    'a jump that is not for this packet',
    [base('accept'), chain('no'), rule('no', drop), rule('in', dport('udp', 53), { jump: { target: 'no' } })],
    'accept',
  ],
  ['iptables REJECT', [base('accept'), rule('in', { xt: { type: 'target', name: 'REJECT' } })], 'drop'],
  [
    'a chain of IPv6 is none of ours',
    [{ chain: { family: 'ip6', table: 'f', name: 'in', hook: 'input', policy: 'drop' } }],
    'accept',
  ],
  ['a chain on another hook', [chain('fw', { hook: 'forward', policy: 'drop' })], 'accept'],
];

for (const [name, nftables, want] of rows) {
  test(`judgeRuleset(): ${name}: ${want}`, () => {
    const { verdict } = judgeRuleset(JSON.stringify({ nftables }), { protocol: 'udp', port: 67, interface: 'br0' });
    assert.equal(verdict, want);
  });
}

test('judgeRuleset() names the chain that drops', () => {
  const { rule: found } = judgeRuleset(JSON.stringify({ nftables: [base('drop')] }), {
    protocol: 'udp',
    port: 67,
    interface: 'br0',
  });
  assert.deepEqual(found, { chain: 'inet f in', text: 'the policy of chain inet f in' });
});
