import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, judgeContact } from './judge-contact.ts';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI';
const rows: readonly { name: string; expected: string[]; answer: Answer; want: RegExp }[] = [
  {
    name: 'the reported key',
    expected: [key],
    answer: { kind: 'open', hostKeys: ['ssh-rsa B', key] },
    want: /^made: .*with the host key/,
  },
  {
    name: 'another key',
    expected: [key],
    answer: { kind: 'open', hostKeys: ['ssh-ed25519 OTHER'] },
    want: /^missed: .*another host key/,
  },
  {
    name: 'no key at all',
    expected: [key],
    answer: { kind: 'open', hostKeys: [] },
    want: /^missed: .*another host key/,
  },
  {
    name: 'nothing to compare with',
    expected: [],
    answer: { kind: 'open', hostKeys: ['ssh-rsa B'] },
    want: /^made: .*reported none/,
  },
  {
    name: 'no ssh-keyscan here',
    expected: [key],
    answer: { kind: 'open', hostKeys: undefined },
    want: /^made: .*openssh-client/,
  },
  {
    name: 'nobody',
    expected: [key],
    answer: { kind: 'closed', reason: 'ECONNREFUSED' },
    want: /^missed: nothing answers .*ECONNREFUSED/,
  },
];
for (const row of rows) {
  test(`judgeContact(): ${row.name}`, () => {
    const judgement = judgeContact(row.expected, '172.22.10.55', row.answer);
    assert.match(`${judgement.kind}: ${judgement.kind === 'made' ? judgement.how : judgement.seen}`, row.want);
  });
}
