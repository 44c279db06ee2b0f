import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { withLf, withLineEnds } from './line-ends.ts';

test('withLineEnds() gives an edited text the line ends that it had', () => {
  const rows = [
    ['a\nb\nc\n', 'a\r\nb\r\nc\r\n', 'a\r\nb\r\nc\r\n'],
    ['a\nB\nnew\nc\n', 'a\r\nb\r\nc\r\n', 'a\r\nB\r\nnew\r\nc\r\n'],
    // Lines that the edit did not reach end as they did, however mixed that is.
    ['a\nX\nc\nd\n', 'a\r\nb\r\nc\nd\r\n', 'a\r\nX\r\nc\nd\r\n'],
    ['a\nb\nc', 'a\r\nb', 'a\r\nb\r\nc'],
    ['', 'a\r\n', ''],
    ['a\nb\n', 'a\rb\r', 'a\rb\r'],
    ['a\nb\n', 'a\nb\n', 'a\nb\n'],
    ['a\r\nb\n', 'a\nb\n', 'a\r\nb\n'],
  ] as const;
  for (const [edited, before, want] of rows) assert.equal(withLineEnds(edited, before), want);
});

test('a text that was only shown is the same again, and an edit changes no other line', () => {
  const line = fc.constantFrom('', 'a', 'b', 'long line');
  const end = fc.constantFrom('\r\n', '\n', '\r');
  const text = fc.array(fc.tuple(line, end), { maxLength: 8 }).map((parts) => parts.flat().join(''));
  fc.assert(fc.property(text, (before) => assert.equal(withLineEnds(withLf(before), before), before)));
  fc.assert(
    fc.property(text, text, (begin, rest) => {
      const edited = withLineEnds(`${withLf(begin)}new\n${withLf(rest)}`, begin + rest);
      assert.equal(withLf(edited), `${withLf(begin)}new\n${withLf(rest)}`);
    }),
  );
});
