import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hidePasswords, wordsToShow, wordsToShowIn } from './hide-passwords.ts';

test('passwords of addresses are hidden, wherever they stand, and nothing else is', () => {
  for (const [text, hidden] of [
    ['http://user:pass@host/x', 'http://***@host/x'],
    ['GET http://user:p@ss@host/x failed; rsync://u@h/m', 'GET http://***@host/x failed; rsync://***@h/m'],
    ['https://user:pa%40ss@[2001:db8::1]:8/x@y', 'https://***@[2001:db8::1]:8/x@y'],
    ['"http://:p@host"', '"http://***@host"'],
    ['http://host/a@b', 'http://host/a@b'],
    ['http://host/ and me@example.org', 'http://host/ and me@example.org'],
    ['me@example.org', 'me@example.org'],
  ] as const) {
    assert.equal(hidePasswords(text), hidden);
  }
  assert.deepEqual(wordsToShowIn({ a: ['x://u:p@h'], b: 1, c: null, d: { e: 'y' } }), {
    a: ['x://***@h'],
    b: 1,
    c: null,
    d: { e: 'y' },
  });
});

test('what an upstream calls something does not move the cursor of whoever reads it', () => {
  assert.equal(wordsToShow('package \x1b]0;x\x07\n\x9b2J of http://u:p@h/'), 'package ?]0;x???2J of http://***@h/');
});
