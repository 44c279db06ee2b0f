import type { Account, Place } from '../account.ts';

/**
 * A token of dhcpd.conf(5). `word` is what dhcpd calls a number or a name: letters, digits, "-" and "_"; addresses and
 * hex strings are several words with "." or ":" marks between them, as dhcpd reads them too.
 */
export interface Word {
  readonly kind: 'word' | 'string' | 'mark';
  /** A word or mark as it is written; a string without its quotes, as it is written. */
  readonly text: string;
  /** What a string says after its escapes. */
  readonly bytes?: Uint8Array | undefined;
  /** Offsets into the file's text. */
  readonly from: number;
  readonly to: number;
  readonly line: number;
  readonly column: number;
  readonly isFirstOnLine: boolean;
}

const space = /[ \t\r\v\f\n]/y;
const word = /[A-Za-z0-9-][A-Za-z0-9_-]*/y;

/** Splits a file's text. Comments go; a string that has no end on its line is reported and ends there. */
export function readWords(text: string, file: string, account: Account): Word[] {
  const words: Word[] = [];
  let line = 1;
  let lineStart = 0;
  let at = 0;
  const matchAt = (form: RegExp): string | undefined => {
    form.lastIndex = at;
    return form.exec(text)?.[0];
  };
  const add = (kind: Word['kind'], to: number, wordText: string, bytes?: Uint8Array) => {
    const isFirstOnLine = words.at(-1)?.line !== line;
    words.push({ kind, text: wordText, bytes, from: at, to, line, column: at - lineStart + 1, isFirstOnLine });
  };
  while (at < text.length) {
    const char = text[at] ?? '';
    if (char === '\n') {
      line++;
      at++;
      lineStart = at;
    } else if (char === '#') {
      const end = text.indexOf('\n', at);
      at = end < 0 ? text.length : end;
    } else if (char === '"') {
      const found = readString(text, at);
      if (!found.isClosed) {
        const place: Place = { file, line, column: at - lineStart + 1 };
        account.complain(place, 'this text has no closing quote: expected one on the same line');
      }
      add('string', found.to, text.slice(at + 1, found.isClosed ? found.to - 1 : found.to), found.bytes);
      for (let index = at; index < found.to; index++) {
        if (text[index] !== '\n') continue;
        line++;
        lineStart = index + 1;
      }
      at = found.to;
    } else if (matchAt(space) !== undefined) {
      at++;
    } else {
      const found = matchAt(word);
      const to = at + (found?.length ?? 1);
      add(found === undefined ? 'mark' : 'word', to, text.slice(at, to));
      at = to;
    }
  }
  return words;
}

interface FoundString {
  readonly bytes: Uint8Array;
  /** After the closing quote. */
  readonly to: number;
  readonly isClosed: boolean;
}

/** dhcpd's own limit for one token. A text that goes on past a line's end is an unclosed one, as good as always. */
const MAX_STRING = 1500;

function readString(text: string, from: number): FoundString {
  const whole = scanString(text, from, Math.min(text.length, from + MAX_STRING));
  const inside = text.slice(from, whole.to);
  if (whole.isClosed && !(inside.includes('\n') && /[;{}]/.test(inside))) return whole;
  const lineEnd = text.indexOf('\n', from);
  const end = lineEnd < 0 ? text.length : lineEnd;
  const line = scanString(text, from, end);
  if (line.isClosed) return line;
  // A semicolon on the line ends the statement rather than being text.
  const semicolon = text.slice(from, end).indexOf(';');
  return { ...scanString(text, from, semicolon < 0 ? end : from + semicolon), isClosed: false };
}

function scanString(text: string, from: number, end: number): FoundString {
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  let at = from + 1;
  let plainFrom = at;
  const flush = (to: number) => {
    if (to > plainFrom) bytes.push(...encoder.encode(text.slice(plainFrom, to)));
  };
  while (at < end) {
    const char = text[at];
    if (char === '"') {
      flush(at);
      return { bytes: Uint8Array.from(bytes), to: at + 1, isClosed: true };
    }
    if (char !== '\\') {
      at++;
      continue;
    }
    flush(at);
    const escaped = readEscape(text, at, end);
    bytes.push(...escaped.bytes);
    at = escaped.to;
    plainFrom = at;
  }
  flush(end);
  return { bytes: Uint8Array.from(bytes), to: end, isClosed: false };
}

const escapes: Readonly<Record<string, number>> = { t: 9, r: 13, n: 10, b: 8 };

/** `\t \r \n \b`, `\ooo`, `\xhh`; any other character stands for itself. */
function readEscape(text: string, at: number, end: number): { readonly bytes: readonly number[]; readonly to: number } {
  const rest = text.slice(at + 1, Math.min(end, at + 4));
  const octal = /^[0-3][0-7]{0,2}/.exec(rest)?.[0];
  if (octal !== undefined) return { bytes: [Number.parseInt(octal, 8)], to: at + 1 + octal.length };
  const hex = /^x([0-9a-fA-F]{2})/.exec(rest)?.[1];
  if (hex !== undefined) return { bytes: [Number.parseInt(hex, 16)], to: at + 4 };
  const char = String.fromCodePoint(text.codePointAt(at + 1) ?? 0);
  const code = escapes[char];
  const to = Math.min(end, at + 1 + char.length);
  if (at + 1 >= end) return { bytes: [], to: end };
  return { bytes: code === undefined ? [...new TextEncoder().encode(char)] : [code], to };
}
