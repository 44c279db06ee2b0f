import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hideTokens } from './hide-tokens.ts';

const TOKEN = 'kX3-_q9ZkX3-_q9ZkX3-_q9ZkX3-_q9Z';

for (const [given, want] of [
  [`answer/${TOKEN}/preseed.cfg`, 'answer/…/preseed.cfg'],
  [`/report/${TOKEN}/done`, '/report/…/done'],
  [`//ANSWER//${TOKEN}`, '//ANSWER//…'],
  [`boot\\answer\\${TOKEN}\\x`, 'boot\\answer\\…\\x'],
  [`%2fanswer%2F${TOKEN}/x`, '%2fanswer%2F…/x'],
  [
    `wget http://10.0.0.1/answer/${TOKEN}/preseed.cfg failed, then url=http://10.0.0.1/report/${TOKEN}/failed "x"`,
    'wget http://10.0.0.1/answer/…/preseed.cfg failed, then url=http://10.0.0.1/report/…/failed "x"',
  ],
  ['no answer/ here, and an answer', 'no answer/ here, and an answer'],
  ['boot/grub/grub.cfg', 'boot/grub/grub.cfg'],
] as const) {
  test(`${given} is shown as ${want}`, () => assert.equal(hideTokens(given), want));
}
