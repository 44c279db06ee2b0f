import { broken } from '../failure.ts';
import { textOf, withoutTrailing } from '../text.ts';

const BEGIN = '-----BEGIN PGP SIGNED MESSAGE-----';
const SIGNATURE = '-----BEGIN PGP SIGNATURE-----';
const END = '-----END PGP SIGNATURE-----';

/**
 * The text that a clear-signed file vouches for (RFC 9580 section 7): dash-escapes undone, without white space at the ends of
 * lines, which no signature covers. Nothing may stand before or behind, so that there is no doubt what was signed. Throws
 * `upstream-failed` that names `file`.
 */
export function signedText(file: string, bytes: Uint8Array): string {
  const lines = textOf(bytes).split('\n').map(withoutTrailing);
  if (lines[0] !== BEGIN) throw broken(file, 'it does not begin as a signed message');
  const head = lines.indexOf('');
  const begin = lines.indexOf(SIGNATURE);
  const end = lines.indexOf(END);
  if (head < 0 || begin < head || end < begin) throw broken(file, 'it has no signature, or ends within it');
  for (const line of lines.slice(1, head)) {
    if (!/^Hash: [A-Za-z0-9, -]+$/.test(line)) throw broken(file, `"${line}" in the head of a signed message`);
  }
  if (lines.slice(end + 1).some((line) => line !== '')) throw broken(file, 'something follows its signature');
  return lines
    .slice(head + 1, begin)
    .map((line) => {
      if (!line.startsWith('-')) return line;
      if (line.startsWith('- ')) return line.slice(2);
      if (line === '-') return '';
      throw broken(file, `a line that begins with "-" is not escaped: "${line}"`);
    })
    .join('\n');
}

/**
 * Whether any part of a file is armoured OpenPGP: then all of it has to be. Text in front of a signed message would pass for
 * signed otherwise, because gpgv skips it.
 */
export function isClearSigned(bytes: Uint8Array): boolean {
  return textOf(bytes).includes('-----BEGIN PGP');
}
