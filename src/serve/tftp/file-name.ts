/** A file name as TFTP requests carry it, made into a relative path with "/" and without "." or ".." parts. */
export type NormalName =
  | {
      readonly kind: 'name';
      readonly name: string;
      /** Bytes that cannot belong to a name were cut off its end. */
      readonly trimmed: boolean;
    }
  | { readonly kind: 'refused'; readonly name: string; readonly reason: string };

/** GRUB's buffer; nothing that boots asks for longer names. */
const LONGEST_NAME = 512;

/**
 * Normalises the name of a read request. Real firmware sends:
 * - bytes of the next DHCP option behind the name ("core.0\xff": Kontron, Lenovo T460, Gigabyte Z77X, Jetway boards),
 * - backslashes (Windows boot manager), doubled slashes (shim: directory of the loader and "/grubx64.efi"),
 * - a whole tftp:// URL, where somebody put one into option 67, or an http:// URL, which stays one.
 */
export function normalizeFileName(raw: Uint8Array): NormalName {
  const zero = raw.indexOf(0);
  const given = zero < 0 ? raw : raw.subarray(0, zero);
  const end = endOfName(given);
  const text = decodeText(given.subarray(0, Math.min(end, LONGEST_NAME)));
  const shown = [...text].map((char) => (isControl(char) ? '?' : char)).join('');
  const refused = (reason: string): NormalName => ({ kind: 'refused', name: shown, reason });

  if (end > LONGEST_NAME) return refused(`the name is longer than ${LONGEST_NAME} bytes`);
  if (shown !== text) return refused('the name has control characters');
  const slashed = text.replaceAll('\\', '/');
  // Whose address it is, the resolver knows: one of ours is served all the same.
  const [origin = ''] = /^https?:\/\/[^/]*\//i.exec(slashed) ?? [];
  const parts = slashed
    .slice(origin.length)
    .replace(/^tftp:\/\/[^/]*/i, '')
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || origin.endsWith('/../')) return refused('the name leaves the boot folder');
  if (parts.length === 0) return refused('the request names no file');
  return { kind: 'name', name: origin + parts.join('/'), trimmed: end < given.length };
}

/** Where the name ends when trailing bytes below 0x20 or above 0x7f are dropped. */
function endOfName(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && isJunk(bytes[end - 1] ?? 0)) end--;
  return end;
}

function isJunk(byte: number): boolean {
  return byte < 0x20 || byte >= 0x80;
}

function isControl(char: string): boolean {
  const code = char.charCodeAt(0);
  return code < 0x20 || code === 0x7f;
}

/** UTF-8 where it is that, else one character a byte. */
function decodeText(bytes: Uint8Array): string {
  const chars = Array.from(bytes, (byte) => String.fromCharCode(byte));
  if (!bytes.some((byte) => byte >= 0x80)) return chars.join('');
  try {
    return decodeURIComponent(Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));
  } catch {
    return chars.join('');
  }
}
