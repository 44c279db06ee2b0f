import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyOf, freeName, NEW_PROFILE, nameIn } from './new-profile.ts';

test('a copy has another name, and leaves the anchor to the original', () => {
  assert.equal(copyOf('rocky:\n  os: rocky-9 # rocky: &a\n', 'r2'), 'r2:\n  os: rocky-9 # rocky: &a\n');
  assert.equal(copyOf('rocky: &r { os: x, <<: *y }', 'r2'), 'r2: { os: x, <<: *y }');
  assert.equal(copyOf('"a b" : &r\n  os: x', 'r2'), 'r2 :\n  os: x');
});

test('the name of a copy is free', () => {
  assert.equal(freeName('rocky', ['rocky']), 'rocky-copy');
  assert.equal(freeName('rocky', ['rocky-copy', 'rocky-copy-2']), 'rocky-copy-3');
});

test('a text says what it is called', () => {
  assert.equal(nameIn(NEW_PROFILE), 'new-profile');
  assert.equal(nameIn('# first: no\nweb : {}'), 'web');
  assert.equal(nameIn("'12': {}"), '12');
  assert.equal(nameIn(''), '');
});
