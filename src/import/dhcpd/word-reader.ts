import { formatIpv4, type Ipv4, parseIpv4 } from '../../net/ipv4.ts';
import { type Mac, parseMac } from '../../net/mac.ts';
import type { Word } from './words.ts';

/** An address as a configuration gives it: dhcpd also takes host names, which it looks up when it starts. */
export interface Target {
  /** Undefined: a host name. */
  readonly address?: Ipv4 | undefined;
  readonly text: string;
}

/** Takes values from the words of a statement, one after the other. Each gives undefined where something else stands. */
export interface WordReader {
  isAtEnd(): boolean;
  /** The next word as messages quote it. */
  peek(): string;
  /** Takes the next word when it is this one, in any case. */
  takeKeyword(...allowed: readonly string[]): string | undefined;
  takeMark(mark: string): boolean;
  /** Any word: a name, or a number. */
  takeName(): string | undefined;
  /** Words with dots between them. */
  takeDotted(): string | undefined;
  takeString(): Uint8Array | undefined;
  takeAddress(): Ipv4 | undefined;
  /** An address, or a host name with or without dots. */
  takeTarget(): Target | undefined;
  /** A whole number as C writes it: 10, 0x0a, 012, -10. */
  takeInteger(): number | undefined;
  /** `00:1b:21`: octets of one or two hex digits. */
  takeHex(): Uint8Array | undefined;
  takeMac(): Mac | undefined;
}

export function readerOf(words: readonly Word[], from = 0): WordReader {
  let at = from;
  const isMark = (mark: string, index = at) => words[index]?.kind === 'mark' && words[index]?.text === mark;
  const textAt = (kind: Word['kind']) => (words[at]?.kind === kind ? (words[at]?.text ?? '') : undefined);
  /** Takes words with marks between them, like `172.22.10.0` or `00:1b:21`, when they make up a value. */
  const takeJoined = <Value>(mark: string, form: RegExp, make: (parts: string[]) => Value | undefined) => {
    const parts: string[] = [];
    let index = at;
    for (;;) {
      const part = words[index];
      if (part?.kind !== 'word' || !form.test(part.text)) return undefined;
      parts.push(part.text);
      index++;
      if (!isMark(mark, index) || words[index + 1]?.kind !== 'word') break;
      index++;
    }
    const value = make(parts);
    if (value !== undefined) at = index;
    return value;
  };
  const takeHex = () => takeJoined(':', /^[0-9a-f]{1,2}$/i, octetsOf);
  const takeAddress = () => takeJoined('.', /^[0-9]{1,3}$/, (parts) => parseIpv4(parts.map(Number).join('.')));
  return {
    isAtEnd: () => at >= words.length,
    peek: () => JSON.stringify((words[at]?.text ?? 'the end').slice(0, 40)),
    takeKeyword: (...allowed) => {
      const text = textAt('word')?.toLowerCase() ?? '';
      if (!allowed.includes(text)) return undefined;
      at++;
      return text;
    },
    takeMark: (mark) => {
      if (!isMark(mark)) return false;
      at++;
      return true;
    },
    takeName: () => (textAt('word') === undefined ? undefined : words[at++]?.text),
    takeDotted: () => takeJoined('.', /./, (parts) => parts.join('.')),
    takeString: () => (textAt('string') === undefined ? undefined : words[at++]?.bytes),
    takeAddress,
    takeTarget: () => {
      const address = takeAddress();
      if (address !== undefined) return { address, text: formatIpv4(address) };
      const text = takeJoined('.', /^[A-Za-z0-9_][A-Za-z0-9_-]*$/, (parts) =>
        parts.every((part) => /^[0-9]+$/.test(part)) ? undefined : parts.join('.'),
      );
      // A name may end with a dot.
      if (text !== undefined && isMark('.')) at++;
      return text === undefined ? undefined : { text };
    },
    takeInteger: () => {
      const value = readInteger(textAt('word') ?? '');
      if (value !== undefined) at++;
      return value;
    },
    takeHex,
    takeMac: () => takeJoined(':', /^[0-9a-f]{1,2}$/i, (parts) => parseMac(parts.map(padded).join(':'))),
  };
}

function octetsOf(parts: readonly string[]): Uint8Array {
  return Uint8Array.from(parts, (part) => Number.parseInt(part, 16));
}

function padded(octet: string): string {
  return octet.padStart(2, '0');
}

function readInteger(text: string): number | undefined {
  const [, sign = '', digits = ''] = /^(-?)(0x[0-9a-f]{1,12}|[0-9]{1,15})$/i.exec(text) ?? [];
  if (digits === '') return undefined;
  const isOctal = /^0[0-7]+$/.test(digits);
  const value = isOctal ? Number.parseInt(digits, 8) : Number(digits);
  return sign === '' ? value : -value;
}

/** A string as text, when it is UTF-8 without control characters but line breaks; undefined for bytes that are no text. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return /(?![\n\r\t])\p{Cc}/u.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
