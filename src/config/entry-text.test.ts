import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameOfEntry, readEntries, replaceEntry } from './entry-text.ts';

const RACK = `profiles:
  # Not for the Macs.
  debian: { os: debian-12 }   # ours

  rocky:   # theirs
    os: rocky-9
    # quiet ones

    arguments: >-
      a
      b
    # the end
  last:
    os: alma-9

machines: {}
`;

function entries(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    readEntries([{ name: 'r.yaml', text }], 'profiles').map(({ name, text: own }) => [name, own]),
  );
}

function replace(text: string, name: string, own: string) {
  const placed = replaceEntry([{ name: 'r.yaml', text }], 'profiles', { name, text: own });
  return { text: placed?.texts[0]?.text, toText: placed?.toText };
}

test('an entry is shown with its comments, as if it stood at the left', () => {
  assert.deepEqual(entries(RACK), {
    debian: 'debian: { os: debian-12 }   # ours',
    rocky: 'rocky:   # theirs\n  os: rocky-9\n  # quiet ones\n\n  arguments: >-\n    a\n    b\n  # the end',
    last: 'last:\n  os: alma-9',
  });
  assert.deepEqual(
    readEntries([{ name: 'r.yaml', text: RACK }], 'profiles').map(({ line }) => line),
    [3, 5, 13],
  );
});

test('what was shown and put back unchanged changes nothing', () => {
  const flow = 'profiles: { a: { os: x }, b: { os: y } }\n';
  const crooked = 'profiles:\n    a:\n      os: x\n  # left\n      kernel: y\n    b: {}\n';
  for (const text of [RACK, flow, crooked, 'profiles:\n  a:\n  b: {}', 'profiles: {}\n', 'a: [\n']) {
    for (const [name, own] of Object.entries(entries(text))) assert.equal(replace(text, name, own).text, text, name);
  }
  assert.equal(entries(crooked).a, 'a:\n      os: x\n  # left\n      kernel: y');
});

test('a text of other lines takes the place of the old one; places of the file are places of the text', () => {
  const own = 'debian:\n  os: debian-13\n\n  source: x\n';
  const { text, toText } = replace(RACK, 'debian', own);
  const want = '  debian:\n    os: debian-13\n\n    source: x\n';
  assert.equal(text, RACK.replace('  debian: { os: debian-12 }   # ours\n', want));
  assert.equal(entries(text ?? '').debian, own.trimEnd());
  assert.deepEqual(toText?.('r.yaml', 3, 3), { line: 1, column: 1 });
  assert.deepEqual(toText?.('r.yaml', 6, 13), { line: 4, column: 11 });
  assert.equal(toText?.('r.yaml', 7, 1), undefined);
  assert.equal(toText?.('other.yaml', 3, 1), undefined);
  assert.equal(replace(RACK, 'nobody', own).text, undefined);
});

test('a file whose lines end with \\r\\n keeps them; the entry is shown without', () => {
  const rack = RACK.replaceAll('\n', '\r\n');
  assert.deepEqual(entries(rack), entries(RACK));
  for (const [name, own] of Object.entries(entries(rack))) assert.equal(replace(rack, name, own).text, rack, name);
  const own = 'debian:\n  os: debian-13\n\n  source: x\n';
  const want = replace(RACK, 'debian', own).text?.replaceAll('\n', '\r\n');
  for (const text of [own, own.replaceAll('\n', '\r\n')]) {
    const placed = replace(rack, 'debian', text);
    assert.equal(placed.text, want);
    assert.deepEqual(placed.toText?.('r.yaml', 6, 13), { line: 4, column: 11 });
  }
  const last = 'profiles:\r\n  a:\r\n    os: x\r\n';
  assert.equal(replace(last, 'a', 'a:\n  os: y\n').text, last.replace('x', 'y'));
});

test('a text is one entry, and says what it is called', () => {
  assert.deepEqual(nameOfEntry('web: { os: debian-12, <<: *base }\n'), { name: 'web' });
  assert.deepEqual(nameOfEntry('12:\n  os: x'), { name: '12' });
  const wrong = (text: string) => {
    const result = nameOfEntry(text);
    return 'problems' in result
      ? result.problems.map(({ line, column, message }) => `${line}:${column} ${message}`)
      : [];
  };
  assert.match(wrong('')[0] ?? '', /^1:1 expected "NAME:"/);
  assert.match(wrong('- a')[0] ?? '', /^1:1 expected "NAME:"/);
  assert.match(wrong('a:\n  os: x\nb: {}')[0] ?? '', /^3:1 a second entry/);
  assert.match(wrong('a: { os: x\n  b: y')[0] ?? '', /^1:10 is not valid YAML/);
  assert.match(wrong('a: {}\n---\nb: {}')[0] ?? '', /second document/);
});

test('every line of a file ends as it did, however mixed that is, and a lone CR is the end of one', () => {
  const mixed = 'profiles:\r\n  a:\n    os: x # one\r# two\r\n    kernel: y\n  b:\r\n    os: z\n';
  assert.deepEqual(entries(mixed), { a: 'a:\n    os: x # one\n# two\n    kernel: y', b: 'b:\n  os: z' });
  for (const [name, own] of Object.entries(entries(mixed))) assert.equal(replace(mixed, name, own).text, mixed, name);
  const { text } = replace(mixed, 'b', 'b:\n  os: z\n  kernel: v\n');
  assert.equal(text, mixed.replace('    os: z\n', '    os: z\n    kernel: v\n'));
  const added = replace('profiles:\r\n  b: { os: z }\r\n', 'b', 'b:\n  os: z');
  assert.equal(added.text, 'profiles:\r\n  b:\r\n    os: z\r\n');
});
