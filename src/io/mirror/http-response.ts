/** The head of a response; header names in lower case, of those that are there twice the first. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the connection may be asked again when the body is over. */
  readonly isKept: boolean;
  /** Whether it is one of HTTP/1.1 that says where its body ends: then several questions may be asked at once. */
  readonly isPersistent: boolean;
}

/** Makes a response out of the bytes of a connection, which it neither copies nor keeps. */
export interface ResponseReader {
  /** Undefined: not all of it is here yet. */
  head(): ResponseHead | undefined;
  /** Bytes of the body that are still to come; undefined: nobody says how many. */
  left(): number | undefined;
  isOver(): boolean;
  /** Takes what has come, up to the end of the head or of the body, and returns how much that was. Throws when it is no HTTP. */
  take(bytes: Uint8Array, onBody: OnBody): number;
  /** The connection has ended. Throws when the response had not. */
  end(): void;
}

const LONGEST_HEAD = 16 * 1024;
const LONGEST_LINE = 1024;
const MOST_INTERIM = 20;
const MOST_TRAILERS = 100;

type OnBody = (piece: Uint8Array) => void;

interface Length {
  readonly kind: 'length';
  left: number;
}

interface Chunked {
  readonly kind: 'chunked';
  at: 'size' | 'data' | 'after' | 'trailer';
  left: number;
}

type Framing = Length | Chunked | { readonly kind: 'until-close' };

/** RFC 9112. Strict: what leaves room for two readings is refused. */
export function createResponseReader(): ResponseReader {
  const line = createLine();
  let head: ResponseHead | undefined;
  let framing: Framing = { kind: 'length', left: 0 };
  let isOver = false;
  let interim = 0;
  let trailers = 0;

  const takeHead = (bytes: Uint8Array): number => {
    let at = 0;
    while (head === undefined && at < bytes.length) {
      at = line.take(bytes, at, LONGEST_HEAD);
      if (!line.text().endsWith('\r\n\r\n')) continue;
      const parsed = parseHead(line.clear());
      // 100 and 103 come before the answer, but not for ever: while something comes, nobody takes it for stalled.
      if (parsed.status < 200 && ++interim > MOST_INTERIM) throw new Error('it answers without an end');
      if (parsed.status < 200) continue;
      head = parsed;
      framing = framingOf(parsed);
      isOver = framing.kind === 'length' && framing.left === 0;
    }
    return at;
  };
  const takeLength = (bounded: Length, bytes: Uint8Array, onBody: OnBody): number => {
    const count = Math.min(bounded.left, bytes.length);
    bounded.left -= count;
    isOver = bounded.left === 0;
    onBody(count === bytes.length ? bytes : bytes.subarray(0, count));
    return count;
  };
  const takeChunked = (chunk: Chunked, bytes: Uint8Array, onBody: OnBody): number => {
    let at = 0;
    while (at < bytes.length && !isOver) {
      if (chunk.at === 'data') {
        const next = at + Math.min(chunk.left, bytes.length - at);
        onBody(bytes.subarray(at, next));
        chunk.left -= next - at;
        if (chunk.left === 0) chunk.at = 'after';
        at = next;
        continue;
      }
      at = line.take(bytes, at, LONGEST_LINE);
      if (!line.text().endsWith('\n')) continue;
      const text = line.clear();
      if (chunk.at === 'trailer' && ++trailers > MOST_TRAILERS) throw new Error('its trailers have no end');
      isOver = chunk.at === 'trailer' && text === '\r\n';
      Object.assign(chunk, afterLine(chunk.at, text));
    }
    return at;
  };

  return {
    head: () => head,
    left: () => (framing.kind === 'length' ? framing.left : undefined),
    isOver: () => isOver,
    take: (bytes, onBody) => {
      if (head === undefined) return takeHead(bytes);
      if (isOver || bytes.length === 0) return 0;
      if (framing.kind === 'length') return takeLength(framing, bytes, onBody);
      if (framing.kind === 'chunked') return takeChunked(framing, bytes, onBody);
      onBody(bytes);
      return bytes.length;
    },
    end: () => {
      if (head !== undefined && framing.kind === 'until-close') isOver = true;
      if (!isOver) throw new Error(head === undefined ? 'the connection ended without an answer' : 'it broke off');
    },
  };
}

/** Lines that may come in pieces. */
function createLine() {
  let text = '';
  return {
    text: () => text,
    clear: () => {
      const whole = text;
      text = '';
      return whole;
    },
    /** Takes up to and with the next line feed, or all, where there is none, and returns where it stopped. */
    take: (bytes: Uint8Array, at: number, longest: number): number => {
      const end = bytes.indexOf(0x0a, at);
      const next = end < 0 ? bytes.length : end + 1;
      if (text.length + next - at > longest) throw new Error('its head is too long');
      text += Buffer.from(bytes.buffer, bytes.byteOffset + at, next - at).toString('latin1');
      return next;
    },
  };
}

/** RFC 9112 section 7.1: size, data, line end; after the size 0 trailers and an empty line. */
function afterLine(at: 'size' | 'after' | 'trailer', line: string): { at: 'size' | 'data' | 'trailer'; left: number } {
  if (at === 'trailer') return { at, left: 0 };
  if (at === 'after') {
    if (line !== '\r\n') throw new Error('its chunks are not what they say');
    return { at: 'size', left: 0 };
  }
  const size = /^([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?\r\n$/.exec(line)?.[1];
  if (size === undefined) throw new Error('its chunks are not what they say');
  const left = Number.parseInt(size, 16);
  return { at: left === 0 ? 'trailer' : 'data', left };
}

function parseHead(text: string): ResponseHead {
  const [first = '', ...lines] = text.slice(0, -4).split('\r\n');
  const [, minor, status] = /^HTTP\/1\.([01]) ([1-5][0-9]{2})(?: [^\r\n]*)?$/.exec(first) ?? [];
  if (status === undefined) throw new Error('its answer is no HTTP/1.1');
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const [, name, given = ''] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\r\n]*)$/.exec(line) ?? [];
    if (name === undefined) throw new Error('its answer has a line that is no header');
    const key = name.toLowerCase();
    const value = given.trim();
    const isSame = headers[key] === undefined || headers[key] === value;
    if (!isSame && (key === 'content-length' || key === 'transfer-encoding')) throw new Error('it has two lengths');
    headers[key] ??= value;
  }
  const connection = (headers.connection ?? '').toLowerCase();
  const isKept = minor === '1' ? !/\bclose\b/.test(connection) : /\bkeep-alive\b/.test(connection);
  const lengths = [headers['content-length'], headers['transfer-encoding']].filter((one) => one !== undefined);
  return {
    status: Number(status),
    headers,
    isKept: isKept && lengths.length < 2,
    isPersistent: minor === '1' && isKept && lengths.length === 1,
  };
}

/** RFC 9112 section 6.3. */
function framingOf({ status, headers }: ResponseHead): Framing {
  if (status === 204 || status === 304) return { kind: 'length', left: 0 };
  const coding = headers['transfer-encoding'];
  if (coding !== undefined) {
    if (coding.toLowerCase() !== 'chunked') throw new Error(`it comes in the transfer coding ${coding}`);
    return { kind: 'chunked', at: 'size', left: 0 };
  }
  const length = headers['content-length'];
  if (length === undefined) return { kind: 'until-close' };
  if (!/^[0-9]{1,15}$/.test(length)) throw new Error(`its length is said to be "${length}"`);
  return { kind: 'length', left: Number(length) };
}
