import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createAccount, formatSourceProblem } from '../account.ts';
import { readStatements, type Statement } from './statements.ts';

function read(text: string) {
  const account = createAccount();
  const statements = readStatements(text, 'f', account);
  return { statements, problems: account.problems.map(formatSourceProblem) };
}

/** `a b; c d { e; }` of what was read. */
function inWords(statements: readonly Statement[]): string {
  return statements
    .map(({ words, block }) => {
      const head = words.map(({ kind, text }) => (kind === 'string' ? `"${text}"` : text)).join(' ');
      return block === undefined ? `${head};` : `${head} { ${inWords(block)} }`;
    })
    .join(' ');
}

const rows: readonly { name: string; text: string; want: string; problems?: readonly string[] }[] = [
  { name: 'nothing', text: ' \n\t# only a comment', want: '' },
  { name: 'comments between and after words', text: 'a # b;\n c; # d', want: 'a c;' },
  { name: 'addresses and hex as words with marks', text: 'x 10.0.0.1, 0a:FF;', want: 'x 10 . 0 . 0 . 1 , 0a : FF;' },
  { name: 'names with dashes and numbers', text: 'max-lease-time -1; 1a-b;', want: 'max-lease-time -1; 1a-b;' },
  { name: 'marks inside text', text: 'a "x;{}# y";', want: 'a "x;{}# y";' },
  { name: 'a quote in text', text: 'a "x\\"y";', want: 'a "x\\"y";' },
  { name: 'nested blocks', text: 'a { b { c; } d; }', want: 'a { b { c; } d; }' },
  { name: 'a semicolon after a block', text: 'key k { x; };', want: 'key k { x; }' },
  {
    name: 'if and its else',
    text: 'if a = b { c; } elsif d { e; } else { f; }',
    want: 'if a = b { c; } elsif d { e; } else { f; }',
  },
  {
    name: 'the braces of an option’s type',
    text: 'option x code 200 = array of { ip-address, integer 8 }; a;',
    want: 'option x code 200 = array of { ip-address , integer 8 }; a;',
  },
  { name: 'a statement over several lines', text: 'option x\n a,\n b;', want: 'option x a , b;' },
  { name: 'an expression over several lines', text: 'match if exists\noption x;', want: 'match if exists option x;' },
  {
    name: 'a missing semicolon before another statement',
    text: 'option a 1\noption b 2;\nrange 3',
    want: 'option a 1; option b 2; range 3;',
    problems: ['f:1:11: a semicolon is missing here', 'f:3:8: a semicolon is missing here'],
  },
  {
    name: 'a missing semicolon before a brace',
    text: 'a { b }',
    want: 'a { b; }',
    problems: ['f:1:6: a semicolon is missing here'],
  },
  {
    name: 'a block without an end',
    text: 'a {\n b;',
    want: 'a { b; }',
    problems: ['f:1:1: this block has no closing }'],
  },
  {
    name: 'an end without a block',
    text: 'a; } b;',
    want: 'a; b;',
    problems: ['f:1:4: this } closes nothing: take it out'],
  },
  { name: 'a block without a head', text: '{ a; { b; } }', want: 'a; b;' },
  {
    name: 'text without an end',
    text: 'a "x;\nb "y";',
    want: 'a "x"; b "y";',
    problems: ['f:1:3: this text has no closing quote: expected one on the same line'],
  },
];
for (const { name, text, want, problems = [] } of rows) {
  test(`readStatements() reads ${name}`, () => {
    const found = read(text);
    assert.equal(inWords(found.statements), want);
    assert.deepEqual(found.problems, problems);
  });
}

const strings: readonly (readonly [source: string, hex: string])[] = [
  ['abc', '616263'],
  ['\\t\\r\\n\\b\\"\\\\', '090d0a08225c'],
  ['\\x41\\xfF', '41ff'],
  ['\\101\\377\\0', '41ff00'],
  ['ä€', 'c3a4e282ac'],
  ['\\q', '71'],
];
for (const [source, hex] of strings) {
  test(`the text "${source}" is the bytes ${hex}`, () => {
    const [statement] = read(`x "${source}";`).statements;
    assert.equal(Buffer.from(statement?.words[1]?.bytes ?? []).toString('hex'), hex);
  });
}

test('quotes have one space where the source had white space or comments, and the lines of a long block', () => {
  const text = (source: string) => read(source).statements[0]?.text;
  assert.equal(text('a   b\n# c\n d ;'), 'a b d ;');
  assert.equal(text('range 10.0.0.1  10.0.0.2;'), 'range 10.0.0.1 10.0.0.2;');
  assert.equal(text('a { # x\n b; }'), 'a { b; }');
  const long = `class "x" {\n    match if ${'a'.repeat(60)};\n    # no\n    filename "${'b'.repeat(40)}";\n}`;
  assert.equal(text(long), long.replace('    # no\n', ''));
});

test('no secret is quoted, wherever it stands', () => {
  const source = 'key k { algorithm hmac-md5; SECRET # what\n "hush, hush"; } ldap-password "hush"; secret hush==;';
  const { statements } = read(source);
  assert.deepEqual(
    statements.map(({ text }) => text),
    ['key k { … }', 'ldap-password …;', 'secret …;'],
  );
  const broken = [
    'key k { secret "hush; }',
    'key k { secret hush }',
    'KEY k { secret; hush { } hush',
    'key "k" { hush; "',
  ];
  for (const text of broken) {
    const found = read(text);
    assert.doesNotMatch(JSON.stringify([found.problems, found.statements.map((one) => one.text)]), /hush/, text);
  }
});

test('places count lines and columns from 1, also after text over several lines', () => {
  const { statements } = read('a;\n  b "x\ny";\n c;');
  assert.deepEqual(
    statements.map(({ place }) => [place.line, place.column]),
    [
      [1, 1],
      [2, 3],
      [4, 2],
    ],
  );
});

test('deep nesting ends with a problem, not with the stack', () => {
  const { problems } = read('a {'.repeat(100_000));
  assert.deepEqual(problems, ['f:1:153: blocks are nested deeper than 50: the rest is not read']);
});

test('a megabyte of one kind of character is read in one go', () => {
  for (const char of [
    '"',
    '{',
    '}',
    ';',
    'a',
    'a ',
    ' ',
    '\n',
    '#',
    '\\',
    '"\n',
    'option x code 1 = {',
    'a\n',
    '0:',
    '=',
  ]) {
    read(char.repeat(Math.floor(1_000_000 / char.length)));
  }
});

test('whatever the text is, nothing is thrown and no word is lost', () => {
  const piece = fc.constantFrom(
    'subnet',
    'option',
    'code',
    '=',
    '{',
    '}',
    ';',
    '"',
    '\\',
    '#',
    '\n',
    ' ',
    ':',
    '.',
    'x',
    '10',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 40 }), (pieces) => {
      const text = pieces.join('');
      const words = (all: readonly Statement[]): number =>
        all.reduce((sum, { words: own, block }) => sum + own.length + words(block ?? []), 0);
      const { statements } = read(text);
      assert.ok(words(statements) <= text.length);
      for (const { text: quote } of statements) assert.equal(typeof quote, 'string');
    }),
    { numRuns: 2000 },
  );
});
