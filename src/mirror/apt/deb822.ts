import { createByteWindow, indexOfAscii } from '../byte-scan.ts';
import { broken } from '../failure.ts';
import { latin1Text, utf8OfLatin1, withoutTrailing } from '../text.ts';

/** Fields of a paragraph by lower-case name; lines of a value without the blank in front, joined with `\n`. */
export type Paragraph = ReadonlyMap<string, string>;

/** Reads the only paragraph of a control file (deb822(5)). Throws `upstream-failed` that names `file` and the line. */
export function parseParagraph(file: string, text: string): Paragraph {
  const fields = new Map<string, string>();
  let name = '';
  let isOver = false;
  for (const [index, line] of text.split('\n').entries()) {
    const fail = (what: string) => broken(file, `line ${index + 1}: ${what}`);
    const trimmed = withoutTrailing(line);
    if (trimmed === '') {
      isOver ||= fields.size > 0;
    } else if (isOver) {
      throw fail('a second paragraph, where there is one only');
    } else if (/^[ \t]/.test(trimmed)) {
      const value = fields.get(name);
      if (value === undefined) throw fail('a value that goes on before it began');
      fields.set(name, `${value}\n${trimmed.trim()}`);
    } else if (!trimmed.startsWith('#')) {
      const pair = /^([!-9;-~]+):[ \t]*(.*)$/.exec(trimmed);
      if (pair === null) throw fail(`"${trimmed.slice(0, 80)}" is no field`);
      name = (pair[1] ?? '').toLowerCase();
      if (fields.has(name)) throw fail(`the field ${pair[1]} is there twice`);
      fields.set(name, pair[2] ?? '');
    }
  }
  if (fields.size === 0) throw broken(file, 'there is nothing in it');
  return fields;
}

/** Of one package: those with the longest lists of dependencies have some 30 KB. */
const LONGEST_PARAGRAPH = 4 << 20;

/**
 * Splits a Packages file into its paragraphs, each as text with one character a byte and `\n` in front. Holds one at a time. The
 * caller knows by size and checksum that nothing is missing at the end.
 */
export async function* paragraphs(file: string, source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const window = createByteWindow();
  let searched = 0;
  for await (const piece of source) {
    window.add(piece);
    for (;;) {
      const held = window.held();
      const end = indexOfAscii(held, '\n\n', searched);
      if (end < 0) {
        if (held.length > LONGEST_PARAGRAPH) throw broken(file, `a paragraph of more than ${LONGEST_PARAGRAPH} bytes`);
        searched = Math.max(0, held.length - 1);
        break;
      }
      const text = latin1Text(held.subarray(0, end));
      window.drop(end + 2);
      searched = 0;
      if (text.trim() !== '') yield `\n${text.replace(/^\n+/, '')}`;
    }
  }
  const rest = latin1Text(window.held());
  if (rest.trim() !== '') yield `\n${rest.replace(/^\n+/, '').trimEnd()}`;
}

/** A field of what `paragraphs` gives, of one line; undefined when it is not there. */
export function fieldOf(paragraph: string, name: string): string | undefined {
  const mark = `\n${name}:`;
  const at = paragraph.indexOf(mark);
  if (at < 0) return undefined;
  const end = paragraph.indexOf('\n', at + mark.length);
  return utf8OfLatin1(paragraph.slice(at + mark.length, end < 0 ? undefined : end).trim());
}
