import { isMap, isScalar, LineCounter, type Pair, parseDocument, type YAMLMap } from 'yaml';
import type { ConfigText } from './edit.ts';
import { columnOf, endOf, lineEnd, startOf } from './edit-text.ts';
import { withLf, withLineEnds } from './line-ends.ts';
import { readYaml } from './yaml-source.ts';

/** An entry of a section as it is written: "NAME: …" with its comments, as if it stood at the beginning of a line. */
export interface EntryText {
  readonly name: string;
  readonly file: string;
  /** Where it begins in its file; counts from 1. */
  readonly line: number;
  /** Its lines end with \n, whatever they end with in the file. */
  readonly text: string;
}

/** Something wrong in a text; counts from 1. */
export interface TextProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** An entry that was put in the place of the old one. */
export interface PlacedEntry {
  /** All files, changed or not. */
  readonly texts: readonly ConfigText[];
  /** A place of the file, in the entry's text; undefined: it is somewhere else. */
  toText(file: string, line: number, column: number): Pick<TextProblem, 'line' | 'column'> | undefined;
}

interface Found {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** Columns that its second and later lines are indented by, as is the section. */
  readonly indent: number;
}

const parseOptions = { merge: true, logLevel: 'error', prettyErrors: false } as const;

/** The entries of a section, in the order of the files. Files that are no readable YAML have none. */
export function readEntries(texts: readonly ConfigText[], section: string): EntryText[] {
  return texts.flatMap(({ name: file, text }) =>
    findEntries(text, section).map((found) => ({
      name: found.name,
      file,
      line: lineOf(text, found.from),
      text: outdent(withLf(text.slice(found.from, found.to)), found.indent),
    })),
  );
}

/** What an entry's text is called, or why it is no text of one entry. */
export function nameOfEntry(text: string): { readonly name: string } | { readonly problems: readonly TextProblem[] } {
  const lines = new LineCounter();
  const { contents, errors } = parseDocument(text, { ...parseOptions, lineCounter: lines });
  if (errors.length > 0) return { problems: readYaml({ name: '', folder: '/', text }).problems };
  const items = isMap(contents) && !contents.flow ? contents.items : [];
  const [first, second] = items;
  if (first === undefined || !isScalar(first.key)) {
    return { problems: [{ line: 1, column: 1, message: 'expected "NAME:" and below it, indented, the keys' }] };
  }
  if (second !== undefined) {
    const { line, col } = lines.linePos(startOf(second));
    return {
      problems: [{ line, column: col, message: 'a second entry begins here: expected one, and its keys indented' }],
    };
  }
  return { name: String(first.key.value) };
}

/** Puts a text in the place of the entry; undefined: there is none of that name. Whether the result is right is for the caller to check. */
export function replaceEntry(
  texts: readonly ConfigText[],
  section: string,
  { name, text }: Pick<EntryText, 'name' | 'text'>,
): PlacedEntry | undefined {
  for (const file of texts) {
    const found = findEntries(file.text, section).find((one) => one.name === name);
    if (found === undefined) continue;
    const { from, to, indent } = found;
    const raw = withLf(file.text.slice(from, to));
    // What was shown as it stands is put back as it stands.
    const spaces = raw.includes('\n') && outdent(raw, indent) === raw ? '' : ' '.repeat(indent);
    const lines = withLf(text).trimEnd().split('\n');
    const inner = lines.map((line, index) => (index === 0 || line.trim() === '' ? line : spaces + line)).join('\n');
    const whole = withLf(file.text.slice(0, from)) + inner + withLf(file.text.slice(to));
    const edited = { name: file.name, text: withLineEnds(whole, file.text) };
    const first = lineOf(file.text, from);
    const column = columnOf(file.text, from);
    return {
      texts: texts.map((one) => (one === file ? edited : one)),
      toText: (where, line, at) => {
        const own = line - first + 1;
        if (where !== file.name || own < 1 || own > lines.length) return undefined;
        return { line: own, column: Math.max(1, at - (own === 1 ? column : spaces.length)) };
      },
    };
  }
  return undefined;
}

function findEntries(text: string, section: string): Found[] {
  const { contents, errors } = parseDocument(text, parseOptions);
  if (errors.length > 0 || !isMap(contents)) return [];
  const value = contents.items.find(({ key }) => isScalar(key) && key.value === section)?.value;
  if (!isMap(value)) return [];
  return value.items.flatMap((pair) => (isScalar(pair.key) ? [place(text, value, pair)] : []));
}

function place(text: string, map: YAMLMap, pair: Pair): Found {
  const from = startOf(pair);
  const name = isScalar(pair.key) ? String(pair.key.value) : '';
  if (map.flow) return { name, from, to: endOf(pair), indent: 0 };
  const indent = columnOf(text, from);
  let end = lineEnd(text, endOf(pair));
  // Comments that are indented as its keys are belong to it.
  for (;;) {
    const comment = /^( *)#[^\n]*(\n|$)/.exec(text.slice(end));
    if (comment === null || (comment[1] ?? '').length <= indent) break;
    end += comment[0].length;
  }
  return { name, from, to: text.slice(0, end).trimEnd().length, indent };
}

/** As it stands where a line of it stands left of the section. */
function outdent(text: string, indent: number): string {
  const spaces = ' '.repeat(indent);
  const [first = '', ...rest] = text.split('\n');
  if (rest.some((line) => line !== '' && !line.startsWith(spaces))) return text;
  return [first, ...rest.map((line) => line.slice(indent))].join('\n');
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
