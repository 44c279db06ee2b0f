import { isMap, type Node, type Pair, type YAMLMap } from 'yaml';

/** One change of a text: what stands between two offsets makes room for other text. */
export interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** A map to add to. Without `map` it is empty: then `pair` is what it will be the value of, or the whole file is it. */
export interface MapPlace {
  readonly map?: YAMLMap | undefined;
  readonly pair?: Pair | undefined;
}

/** Lines that are put in end as those of the text do. */
export function splice(text: string, { from, to, text: inserted }: Splice): string {
  const lines = text.includes('\r\n') ? inserted.replaceAll('\n', '\r\n') : inserted;
  return text.slice(0, from) + lines + text.slice(to);
}

/** Adds pairs ("key: value") at the end of a map, in the style that it is written in. */
export function addPairs(text: string, { map, pair }: MapPlace, pairs: readonly string[]): Splice {
  const last = map?.items.at(-1);
  if (map && last && map.flow) {
    const end = endOf(last);
    return { from: end, to: end, text: pairs.map((one) => `, ${one}`).join('') };
  }
  if (map && last) {
    const column = columnOf(text, startOf(last));
    return insertLines(text, blockEnd(text, last, column), pairs, column);
  }
  if (pair === undefined) {
    if (map?.flow) return { from: offsets(map)[0], to: offsets(map)[1], text: `{ ${pairs.join(', ')} }` };
    return insertLines(text, documentEnd(text), pairs, 0);
  }
  const column = columnOf(text, startOf(pair)) + 2;
  if (map) {
    const [from, to] = offsets(map);
    const before = text.slice(0, from).trimEnd().length;
    return { from: before, to, text: pairs.map((one) => `\n${' '.repeat(column)}${one}`).join('') };
  }
  return insertLines(text, lineEnd(text, offsets(pair.key)[1]), pairs, column);
}

/** Takes a pair out of a map, with its line and what is commented on that line. Comments above it stay. */
export function removePair(text: string, map: YAMLMap, pair: Pair): Splice {
  const index = map.items.indexOf(pair);
  const next = map.items[index + 1];
  const previous = map.items[index - 1];
  if (!map.flow) {
    const from = lineStart(text, startOf(pair));
    // `- name: …` and `? name` share the line with what belongs to something else.
    const isAlone = text.slice(from, startOf(pair)).trim() === '';
    return { from: isAlone ? from : startOf(pair), to: lineEnd(text, endOf(pair)), text: '' };
  }
  if (next) return { from: startOf(pair), to: startOf(next), text: '' };
  if (previous) return { from: endOf(previous), to: endOf(pair), text: '' };
  const [from, to] = offsets(map);
  return { from, to, text: '{}' };
}

/** Puts another value, of one line, in the place of a pair's value. */
export function replaceValue(text: string, pair: Pair, value: string): Splice {
  const [, keyEnd] = offsets(pair.key);
  const colon = text.indexOf(':', keyEnd) + 1;
  const node = pair.value as Node | null;
  const [start, end] = node?.range ?? [colon, colon];
  if (start >= end || text.slice(start, end).trim() === '') return { from: colon, to: colon, text: ` ${value}` };
  // A block map begins on the next line; what replaces it stands on the key's.
  const isBlock = isMap(pair.value) && !pair.value.flow;
  if (isBlock) return { from: colon, to: endOf(pair), text: ` ${value}` };
  // The range of a block scalar has its last line break, which stays, as does a comment behind its `|` or `>`.
  const [, comment = ''] = /^[|>][-+\d]*([ \t]+#.*)/.exec(text.slice(start, end)) ?? [];
  if (text[end - 1] === '\n') return { from: start, to: text.slice(0, end).trimEnd().length, text: value + comment };
  return { from: start, to: end, text: value + comment };
}

function insertLines(text: string, at: number, pairs: readonly string[], column: number): Splice {
  const isOpenLine = at > 0 && text[at - 1] !== '\n';
  const lines = pairs.map((one) => `${' '.repeat(column)}${one}\n`).join('');
  return { from: at, to: at, text: `${isOpenLine ? '\n' : ''}${lines}` };
}

/** After the pair's last line, and after comments that are indented as its content is. */
function blockEnd(text: string, pair: Pair, column: number): number {
  let end = lineEnd(text, endOf(pair));
  for (;;) {
    const line = /^( *)#[^\n]*(\n|$)/.exec(text.slice(end));
    if (line === null || (line[1] ?? '').length < column) return end;
    end += line[0].length;
  }
}

/** Before a `...` that ends the document. */
function documentEnd(text: string): number {
  const mark = /^\.\.\.\s*$/m.exec(text);
  return mark ? mark.index : text.length;
}

export function startOf(pair: Pair): number {
  return offsets(pair.key)[0];
}

/** Where the text of a pair ends, without white space after it. */
export function endOf(pair: Pair): number {
  const value = pair.value as Node | null;
  if (isMap(value) && !value.flow) {
    const last = value.items.at(-1);
    if (last) return endOf(last);
  }
  const [, keyEnd] = offsets(pair.key);
  const end = value?.range ? value.range[1] : keyEnd;
  return Math.max(end, keyEnd);
}

function offsets(node: unknown): readonly [number, number] {
  const range = (node as Node | null)?.range;
  return range ? [range[0], range[1]] : [0, 0];
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** After the line break that ends the line. A block scalar ends with one of its own. */
export function lineEnd(text: string, offset: number): number {
  if (offset > 0 && text[offset - 1] === '\n') return offset;
  const found = text.indexOf('\n', offset);
  return found < 0 ? text.length : found + 1;
}

export function columnOf(text: string, offset: number): number {
  return offset - lineStart(text, offset);
}
