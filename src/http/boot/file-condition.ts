/** A file as its headers describe it. */
export interface FileVersion {
  readonly sizeBytes: number;
  /** Milliseconds since 1970; undefined: nobody knows yet. */
  readonly modifiedMs?: number | undefined;
  /** What its content is known by, where that is known. */
  readonly etag?: string | undefined;
}

/** The headers of a request that decide how much of a file is sent. Lower-case names, as Node gives them. */
export interface ConditionHeaders {
  readonly range?: string | undefined;
  readonly 'if-match'?: string | undefined;
  readonly 'if-none-match'?: string | undefined;
  readonly 'if-modified-since'?: string | undefined;
  readonly 'if-unmodified-since'?: string | undefined;
  readonly 'if-range'?: string | undefined;
}

/** `end` is the last byte, included; a file without bytes has end -1. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** What of a file is to be sent; `ranges`: several, in the order in which they were asked for. */
export type FilePart =
  | { readonly status: 200 | 206; readonly start: number; readonly end: number }
  | { readonly status: 206; readonly ranges: readonly ByteRange[] }
  | { readonly status: 304 | 412 | 416 };

/** A strong entity tag: what the content is known by, else size and time of change, as nginx makes it. */
export function etagOf(version: FileVersion): string {
  const { etag, sizeBytes, modifiedMs = 0 } = version;
  return etag ?? `"${sizeBytes.toString(16)}-${Math.trunc(modifiedMs).toString(16)}"`;
}

export function lastModifiedOf({ modifiedMs }: FileVersion): string | undefined {
  return modifiedMs === undefined ? undefined : new Date(modifiedMs).toUTCString();
}

/**
 * Decides by the preconditions in their order (RFC 9110 section 13.2.2) and then by the range. EDK2 resumes with `Range` and
 * `If-Match` or `If-Unmodified-Since`, GRUB seeks with `Range: bytes=N-`, curl resumes with `Range` alone.
 */
export function decideFilePart(method: string, headers: ConditionHeaders, version: FileVersion): FilePart {
  const etag = etagOf(version);
  // Unknown is neither before nor after anything.
  const modified = Math.trunc((version.modifiedMs ?? Number.NaN) / 1000) * 1000;
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined) {
    if (!lists(ifMatch, etag, 'strong')) return { status: 412 };
  } else if (modified > dateOf(headers['if-unmodified-since'], Number.POSITIVE_INFINITY)) {
    return { status: 412 };
  }
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined) {
    if (lists(ifNoneMatch, etag, 'weak')) return { status: 304 };
  } else if (isUnmodified(version, modified, dateOf(headers['if-modified-since'], Number.NEGATIVE_INFINITY))) {
    return { status: 304 };
  }
  const whole: FilePart = { status: 200, start: 0, end: version.sizeBytes - 1 };
  if (method !== 'GET' || headers.range === undefined) return whole;
  const ifRange = headers['if-range'];
  if (ifRange !== undefined && ifRange !== etag && dateOf(ifRange, Number.NaN) !== modified) return whole;
  return parseRange(headers.range, version.sizeBytes) ?? whole;
}

/** What is known by its content may have been replaced by something older: only the very date that it was sent with counts. */
function isUnmodified({ etag }: FileVersion, modified: number, since: number): boolean {
  return etag === undefined ? modified <= since : modified === since;
}

/** A client that asks for more of them asks for nonsense (zchunk's readers ask for 127 and fewer). */
const MOST_RANGES = 256;

/** Parses byte ranges. undefined: none that we serve (other units, malformed, too many), so the whole is sent. */
export function parseRange(text: string, sizeBytes: number): FilePart | undefined {
  if (!text.includes(',')) return parseOneRange(text, sizeBytes);
  const pieces = text.replace(/^bytes=/i, '').split(',', MOST_RANGES + 1);
  const parsed = pieces.map((piece) => parseOneRange(`bytes=${piece.trim()}`, sizeBytes));
  if (pieces.length > MOST_RANGES || parsed.includes(undefined)) return undefined;
  const ranges = parsed.flatMap((part) => (part && 'start' in part ? [{ start: part.start, end: part.end }] : []));
  const [first, second] = ranges;
  if (first === undefined) return { status: 416 };
  // Overlapping ranges would make a small file into a large answer.
  const total = ranges.reduce((sum, { start, end }) => sum + end - start + 1, 0);
  if (total > sizeBytes) return undefined;
  return second === undefined ? { status: 206, ...first } : { status: 206, ranges };
}

function parseOneRange(text: string, sizeBytes: number): FilePart | undefined {
  const match = /^bytes=\s*([0-9]{0,15})-([0-9]{0,15})\s*$/i.exec(text);
  const [, first = '', last = ''] = match ?? [];
  if (!match || (first === '' && last === '')) return undefined;
  if (first === '') {
    const length = Math.min(Number(last), sizeBytes);
    return length === 0 ? { status: 416 } : { status: 206, start: sizeBytes - length, end: sizeBytes - 1 };
  }
  const start = Number(first);
  const end = last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (last !== '' && Number(last) < start) return undefined;
  return start >= sizeBytes ? { status: 416 } : { status: 206, start, end };
}

function lists(header: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  return header.split(',').some((item) => {
    const tag = item.trim();
    return tag === '*' || tag === etag || (comparison === 'weak' && tag === `W/${etag}`);
  });
}

/** Milliseconds since 1970, or `otherwise` for an absent or unreadable date. */
function dateOf(text: string | undefined, otherwise: number): number {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? otherwise : time;
}
