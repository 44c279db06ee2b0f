import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, type Expected, judgeContact } from './judge-contact.ts';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI';
const ended = 'it was silent after its report';
const rows: readonly { name: string; expected: Expected; answer: Answer; want: RegExp }[] = [
  {
    name: 'the reported key',
    expected: { hostKeys: [key] },
    answer: { kind: 'open', hostKeys: ['ssh-rsa B', key] },
    want: /^verified: .*with the host key/,
  },
  {
    name: 'another key',
    expected: { hostKeys: [key], ended },
    answer: { kind: 'open', hostKeys: ['ssh-ed25519 OTHER'] },
    want: /^missed: .*another host key/,
  },
  {
    name: 'no key at all',
    expected: { hostKeys: [key], ended },
    answer: { kind: 'open', hostKeys: [] },
    want: /^missed: .*another host key/,
  },
  {
    name: 'nothing to compare with, and the installer may still run',
    expected: { hostKeys: [] },
    answer: { kind: 'open', hostKeys: ['ssh-rsa B'] },
    want: /^missed: .*may be the installer’s own.*reported none/,
  },
  {
    name: 'nothing to compare with, and the installer has ended',
    expected: { hostKeys: [], ended },
    answer: { kind: 'open', hostKeys: ['ssh-rsa B'] },
    want: /^made: .*it was silent after its report; host key not checked: the installer reported none/,
  },
  {
    name: 'no ssh-keyscan here, and the installer may still run',
    expected: { hostKeys: [key] },
    answer: { kind: 'open', hostKeys: undefined },
    want: /^missed: .*openssh-client/,
  },
  {
    name: 'no ssh-keyscan here, and the installer has ended',
    expected: { hostKeys: [key], ended },
    answer: { kind: 'open', hostKeys: undefined },
    want: /^made: .*openssh-client/,
  },
  {
    name: 'nobody',
    expected: { hostKeys: [key] },
    answer: { kind: 'closed', reason: 'ECONNREFUSED' },
    want: /^silent: nothing answers .*ECONNREFUSED/,
  },
];

for (const row of rows) {
  test(`judgeContact(): ${row.name}`, () => {
    const judgement = judgeContact(row.expected, '172.22.10.55', row.answer);
    const told =
      judgement.kind === 'made'
        ? `${judgement.isVerified ? 'verified' : 'made'}: ${judgement.how}`
        : `${judgement.isSilent ? 'silent' : 'missed'}: ${judgement.seen}`;
    assert.match(told, row.want);
  });
}
