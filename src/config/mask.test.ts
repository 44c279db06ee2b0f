import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kickstartQuote, shellQuote, yamlQuote } from '../boot/quote.ts';
import { grubQuote } from '../boot/render-grub.ts';
import { createMask } from './mask.ts';

const mask = (vars: Record<string, unknown>) => createMask({ defaults: {} as never }, { vars });

test('a secret is hidden in whatever way a template has quoted it', () => {
  const secret = `pa"ss\\w0'rd`;
  const hide = mask({ admin_password: secret });
  for (const quote of [String, shellQuote, kickstartQuote, yamlQuote, grubQuote, JSON.stringify]) {
    const shown = hide(`user --password ${quote(secret)} --name x`);
    assert.match(shown, /^user --password \S*\*{8}\S* --name x$/);
    for (const part of ['ss', 'w0', 'rd']) assert.ok(!shown.replace('--password', '').includes(part), shown);
  }
});

test('what is too short to be a secret, or is none, spoils no text', () => {
  const hide = mask({ passthrough: 1, pass: true, token: 'ab', secret: { inner: 'long enough' } });
  assert.equal(hide('10.0.1.11 true abc: long enough'), '10.0.1.11 true abc: ********');
});
