/** A request's target, made into a path that is safe to look up and to show. */
export type NormalPath =
  | { readonly kind: 'path'; readonly path: string; readonly query: string }
  | { readonly kind: 'refused'; readonly status: 400 | 414; readonly shown: string; readonly reason: string };

/** Nothing that boots asks for longer paths; a token and a name take about a hundred. */
const LONGEST_TARGET = 1024;

/**
 * Normalises a request target (RFC 9112 section 3.2). Seen from real clients: doubled slashes (shim asks `//grubx64.efi`),
 * percent-encoded colons in MAC addresses (iPXE), absolute targets (clients that think of a proxy). `..` is refused and not
 * resolved: nobody honest sends it. Percent signs are decoded once.
 */
export function normalizePath(target: string): NormalPath {
  const refused = (status: 400 | 414, reason: string): NormalPath => ({
    kind: 'refused',
    status,
    shown: printable(target.slice(0, 80)),
    reason,
  });
  if (target.length > LONGEST_TARGET) return refused(414, `the path is longer than ${LONGEST_TARGET} bytes`);
  const local = target.replace(/^https?:\/\/[^/?#]*/i, '').replace(/#.*$/s, '');
  const mark = local.indexOf('?');
  const raw = mark < 0 ? local : local.slice(0, mark);
  const query = mark < 0 ? '' : local.slice(mark + 1);
  const decoded = decode(raw === '' ? '/' : raw);
  if (decoded === undefined) return refused(400, 'the path has a malformed percent-encoding');
  if (!decoded.startsWith('/')) return refused(400, 'the path does not begin with a slash');
  if (decoded !== printable(decoded)) return refused(400, 'the path has control characters');
  const parts = decoded.split(/[/\\]/).filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) return refused(400, 'the path leaves the boot folder');
  const slash = parts.length > 0 && /[/\\]\.?$/.test(decoded) ? '/' : '';
  return { kind: 'path', path: `/${parts.join('/')}${slash}`, query };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // A "%" without two hex digits, or bytes that are no UTF-8.
    return undefined;
  }
}

/** Control characters as question marks. */
export function printable(text: string): string {
  // Nearly all of them are plain, and this is done with every request.
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return Array.from(text, (char) => (isControl(char.codePointAt(0) ?? 0) ? '?' : char)).join('');
}

function isControl(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}
