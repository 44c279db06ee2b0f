import { utf8Text } from '../net/utf8.ts';

const PIECE = 8192;

/** One character for each byte (ISO 8859-1): metadata are ASCII but for descriptions, and this is fast. */
export function latin1Text(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += PIECE) {
    // Spreading takes eight times as long; apply() takes anything that has a length and indices.
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + PIECE) as unknown as number[]);
  }
  return text;
}

/** What `latin1Text` has read, as the UTF-8 that it was. */
export function utf8OfLatin1(text: string): string {
  if (isAscii(text)) return text;
  return utf8Text(Uint8Array.from(text, (char) => char.charCodeAt(0)));
}

/** The same text in memory of its own: a part of a long text keeps all of it from being freed. */
export function ownText(text: string): string {
  return [text.slice(0, 1), text.slice(1)].join('');
}

/** A small file as text; U+FFFD where it is no UTF-8, and without a byte order mark. */
export function textOf(bytes: Uint8Array): string {
  return utf8OfLatin1(latin1Text(bytes)).replace(/^\ufeff/, '');
}

/** Without white space at the end of a line, of which nothing depends. Linear: `/[ \t\r]+$/` takes a day for a megabyte of blanks. */
export function withoutTrailing(line: string): string {
  let end = line.length;
  while (end > 0 && ' \t\r'.includes(line.charAt(end - 1))) end--;
  return line.slice(0, end);
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}
