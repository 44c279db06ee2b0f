import { isUtf8 } from 'node:buffer';

/** A configuration file's text, or why its bytes are none, with the line where that shows. */
export type FileText = { readonly text: string } | { readonly problem: string; readonly line: number };

const SAVE_AS = 'save it as UTF-8';
const LF = 0x0a;

/** Reads bytes as UTF-8. What is not would become replacement characters that nobody has written. */
export function decodeFileText(bytes: Buffer): FileText {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return { problem: `is UTF-16, as Windows' editor writes it: ${SAVE_AS}`, line: 1 };
  }
  if (bytes.includes(0)) return { problem: 'is no text: it has NUL bytes', line: lineAt(bytes, bytes.indexOf(0)) };
  if (isUtf8(bytes)) return { text: bytes.toString('utf8') };
  let start = 0;
  for (let line = 1; ; line++) {
    const found = bytes.indexOf(LF, start);
    const end = found < 0 ? bytes.length : found;
    if (!isUtf8(bytes.subarray(start, end)) || found < 0) {
      return { problem: `is not UTF-8: ${SAVE_AS}, or write the letter without its accent`, line };
    }
    start = end + 1;
  }
}

function lineAt(bytes: Buffer, offset: number): number {
  return bytes.subarray(0, offset).toString('latin1').split('\n').length;
}
