/** A value of a property list. Dates stay text, data is left out. */
export type PlistValue = string | number | boolean | readonly PlistValue[] | PlistDict;
export interface PlistDict {
  readonly [key: string]: PlistValue;
}

export type Plist =
  | { readonly kind: 'value'; readonly value: PlistValue }
  | { readonly kind: 'problem'; readonly problem: string };

/** No property list that describes an image comes near. */
const MOST_DEPTH = 16;

/**
 * Reads a property list in its XML form: as much XML as Apple's tools write. Comments, processing instructions and the
 * document type are skipped; no entity is defined by the file. Never throws.
 */
export function parsePlist(text: string): Plist {
  if (text.startsWith('bplist')) {
    return { kind: 'problem', problem: 'is a binary property list: convert it with plutil -convert xml1' };
  }
  const tokens = tokensOf(text);
  const start = tokens.findIndex((token) => token.kind === 'open' && token.name === 'plist');
  if (start < 0) return { kind: 'problem', problem: 'is no property list: it has no <plist>' };
  const reader: Reader = { tokens, at: start + 1 };
  try {
    return { kind: 'value', value: readValue(reader, 0) };
  } catch (error) {
    if (error instanceof PlistError) return { kind: 'problem', problem: `cannot be read: ${error.message}` };
    throw error;
  }
}

class PlistError extends Error {}

type Token =
  | { readonly kind: 'open' | 'close' | 'empty'; readonly name: string }
  | { readonly kind: 'text'; readonly text: string };

interface Reader {
  readonly tokens: readonly Token[];
  at: number;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const form = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<![^>]*>|<(\/?)([A-Za-z]+)[^>]*?(\/?)>|([^<]+)/g;
  for (const [, slash, name, empty, content] of text.matchAll(form)) {
    if (content !== undefined) {
      if (content.trim() !== '') tokens.push({ kind: 'text', text: unescaped(content) });
    } else if (name !== undefined) {
      tokens.push({ kind: slash ? 'close' : empty ? 'empty' : 'open', name });
    }
  }
  return tokens;
}

const ENTITIES = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

function unescaped(text: string): string {
  return text.replace(/&(#x[0-9a-f]{1,6}|#[0-9]{1,7}|[a-z]+);/gi, (whole, name: string) => {
    if (!name.startsWith('#')) return ENTITIES.get(name) ?? whole;
    const code = name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

function next(reader: Reader): Token {
  const token = reader.tokens[reader.at++];
  if (token === undefined) throw new PlistError('it ends too early');
  return token;
}

function readValue(reader: Reader, depth: number): PlistValue {
  const token = next(reader);
  if (token.kind === 'text' || token.kind === 'close') throw new PlistError('a value is missing');
  return readNamed(reader, token, depth);
}

function readNamed(reader: Reader, token: Exclude<Token, { kind: 'text' }>, depth: number): PlistValue {
  if (depth > MOST_DEPTH) throw new PlistError('it is nested too deeply');
  const isEmpty = token.kind === 'empty';
  switch (token.name) {
    case 'true':
    case 'false':
      if (!isEmpty) readText(reader, token.name);
      return token.name === 'true';
    case 'dict':
      return isEmpty ? {} : readDict(reader, depth);
    case 'array':
      return isEmpty ? [] : readArray(reader, depth);
    case 'integer':
    case 'real':
      return readNumber(isEmpty ? '' : readText(reader, token.name));
    case 'string':
    case 'date':
      return isEmpty ? '' : readText(reader, token.name);
    case 'data':
      if (!isEmpty) readText(reader, token.name);
      return '';
    default:
      throw new PlistError(`<${token.name}> is no value`);
  }
}

function readText(reader: Reader, name: string): string {
  let text = '';
  for (;;) {
    const token = next(reader);
    if (token.kind === 'text') text += token.text;
    else if (token.kind === 'close' && token.name === name) return text;
    else throw new PlistError(`<${name}> holds something else than text`);
  }
}

function readNumber(text: string): number {
  const value = Number(text.trim());
  if (text.trim() === '' || !Number.isFinite(value)) throw new PlistError(`"${text.trim().slice(0, 20)}" is no number`);
  return value;
}

function readDict(reader: Reader, depth: number): PlistDict {
  const entries: [string, PlistValue][] = [];
  for (;;) {
    const token = next(reader);
    if (token.kind === 'close' && token.name === 'dict') return Object.fromEntries(entries);
    if (token.kind !== 'open' || token.name !== 'key') throw new PlistError('a key is missing in a <dict>');
    const key = readText(reader, 'key').trim();
    entries.push([key, readValue(reader, depth + 1)]);
  }
}

function readArray(reader: Reader, depth: number): PlistValue[] {
  const items: PlistValue[] = [];
  for (;;) {
    const token = next(reader);
    if (token.kind === 'close' && token.name === 'array') return items;
    if (token.kind === 'text' || token.kind === 'close') throw new PlistError('a value is missing in an <array>');
    items.push(readNamed(reader, token, depth + 1));
  }
}
