/*
 * UTF-8 without the encoders of Node and browsers, which the pure folders do not have. Text that is no proper Unicode
 * (half a surrogate pair) and bytes that are no UTF-8 become U+FFFD.
 */

const REPLACEMENT = '\ufffd';

export function utf8Bytes(text: string): Uint8Array {
  const escaped = encodeURIComponent(text.toWellFormed());
  const bytes: number[] = [];
  for (let at = 0; at < escaped.length; at++) {
    if (escaped[at] !== '%') bytes.push(escaped.charCodeAt(at));
    else {
      bytes.push(Number.parseInt(escaped.slice(at + 1, at + 3), 16));
      at += 2;
    }
  }
  return Uint8Array.from(bytes);
}

export function utf8Text(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes[at] ?? 0);
    const char = length === 0 ? undefined : decodeOne(bytes.subarray(at, at + length));
    text += char ?? REPLACEMENT;
    at += char === undefined ? 1 : length;
  }
  return text;
}

/** The longest beginning of UTF-8 text that has at most `most` bytes and ends with a whole character. */
export function truncateUtf8(bytes: Uint8Array, most: number): Uint8Array {
  if (bytes.length <= most) return bytes;
  let end = Math.max(0, most);
  while (end > 0 && isContinuation(bytes[end] ?? 0)) end--;
  return bytes.subarray(0, end);
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

function decodeOne(sequence: Uint8Array): string | undefined {
  try {
    return decodeURIComponent(Array.from(sequence, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));
  } catch {
    return undefined;
  }
}
