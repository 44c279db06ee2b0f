import { type HttpConnection, openConnection } from './http-connection.ts';
import type { ConnectionAnswer, HttpBody } from './http-exchange.ts';

/** Why a request came to nothing. `isFinal`: asking again gives the same. */
export class RequestFailed extends Error {
  readonly isFinal: boolean;
  /** What the server asked us to wait. */
  readonly retryAfterMs: number | undefined;
  constructor(
    message: string,
    options: { readonly isFinal?: boolean; readonly retryAfterMs?: number | undefined } = {},
  ) {
    super(message);
    this.isFinal = options.isFinal ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}

export interface HttpAnswer {
  readonly status: 200 | 206 | 304 | 404 | 416;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: HttpBody;
}

/** Asks upstream servers, over connections that stay open. */
export interface HttpClient {
  /** Rejects with RequestFailed for every status but those of `HttpAnswer`, and for redirects that lead nowhere. */
  get(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer>;
  close(): void;
}

export interface HttpClientOptions {
  /** Connections to one host at a time. */
  readonly connections: number;
  readonly connectMs?: number | undefined;
  /** How long nothing may come. */
  readonly stallMs?: number | undefined;
}

const MOST_REDIRECTS = 5;
const USER_AGENT = 'rackready-mirror';
const EXPECTED = [200, 206, 304, 404, 416];

export function createHttpClient(options: HttpClientOptions): HttpClient {
  const hosts = new Map<string, Host>();
  const hostOf = (url: URL): Host => {
    const known = hosts.get(url.origin) ?? createHost(url, options);
    hosts.set(url.origin, known);
    return known;
  };
  const ask = async (url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal) => {
    signal.throwIfAborted();
    try {
      return await hostOf(url).ask(requestOf(url, headers), signal);
    } catch (error) {
      signal.throwIfAborted();
      throw new RequestFailed(`${url.host} does not answer: ${reasonOf(error)}`);
    }
  };
  return {
    get: async (url, headers, signal) => {
      let at = parseUrl(url);
      for (let redirects = 0; ; redirects++) {
        const { head, body } = await ask(at, headers, signal);
        const { status } = head;
        if (EXPECTED.includes(status)) return { status: status as HttpAnswer['status'], headers: head.headers, body };
        body.discard();
        if (![301, 302, 303, 307, 308].includes(status)) throw refusal(at, status, head.headers['retry-after']);
        if (redirects === MOST_REDIRECTS)
          throw new RequestFailed(`${url} is redirected again and again`, { isFinal: true });
        at = redirectTarget(at, head.headers.location);
      }
    },
    close: () => {
      for (const host of hosts.values()) host.close();
    },
  };
}

/** One server, and the connections to it. */
interface Host {
  ask(request: string, signal: AbortSignal): Promise<ConnectionAnswer>;
  close(): void;
}

function createHost(url: URL, { connections, connectMs = 15_000, stallMs = 30_000 }: HttpClientOptions): Host {
  const open = new Set<HttpConnection>();
  const free: HttpConnection[] = [];
  const waiting: PromiseWithResolvers<HttpConnection>[] = [];
  const onFree = (connection: HttpConnection) => {
    const next = waiting.shift();
    if (next) next.resolve(connection);
    else free.push(connection);
  };
  const onClose = (connection: HttpConnection) => {
    open.delete(connection);
    const at = free.indexOf(connection);
    if (at >= 0) free.splice(at, 1);
    if (waiting.length > 0) waiting.shift()?.resolve(connect());
  };
  const connect = (): HttpConnection => {
    const connection = openConnection(url, { connectMs, stallMs, onFree, onClose });
    open.add(connection);
    return connection;
  };
  const take = (): Promise<HttpConnection> => {
    const known = free.shift();
    if (known) return Promise.resolve(known);
    if (open.size < connections) return Promise.resolve(connect());
    const turn = Promise.withResolvers<HttpConnection>();
    waiting.push(turn);
    return turn.promise;
  };
  return {
    ask: async (request, signal) => {
      for (;;) {
        const connection = await take();
        if (signal.aborted) {
          onFree(connection);
          signal.throwIfAborted();
        }
        try {
          return await connection.ask(request, signal);
        } catch (error) {
          // A server closes what it has not been asked on for a while, also at the very moment of the next question.
          if (!connection.isUsed() || signal.aborted) throw error;
        }
      }
    },
    close: () => {
      for (const turn of waiting.splice(0)) turn.reject(new Error('nobody asks any more'));
      for (const connection of open) connection.close();
    },
  };
}

function requestOf(url: URL, headers: Readonly<Record<string, string>>): string {
  const { username, password } = url;
  const login = [username, password].map(decodeURIComponent).join(':');
  const lines = Object.entries({
    Host: url.host,
    'User-Agent': USER_AGENT,
    Accept: '*/*',
    ...(username !== '' && { Authorization: `Basic ${Buffer.from(login).toString('base64')}` }),
    ...headers,
  }).map(([name, value]) => `${name}: ${value.replace(/[^\t\x20-\x7e\x80-\xff]/g, '')}\r\n`);
  return `GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n`;
}
function parseUrl(text: string, base?: URL): URL {
  if (!URL.canParse(text, base?.href)) throw new RequestFailed(`"${text}" is no URL`, { isFinal: true });
  return new URL(text, base);
}

function redirectTarget(from: URL, location: string | undefined): URL {
  if (location === undefined) throw new RequestFailed(`${from.href} is redirected to nowhere`, { isFinal: true });
  const to = parseUrl(location, from);
  if (to.protocol === 'http:' || to.protocol === 'https:') return to;
  throw new RequestFailed(`${from.href} is redirected to ${to.protocol}, which is not followed`, { isFinal: true });
}

function refusal(url: URL, status: number, retryAfter: string | undefined): RequestFailed {
  const isBusy = status === 408 || status === 429 || status >= 500;
  return new RequestFailed(`${url.href} answers with status ${status}`, {
    isFinal: !isBusy,
    retryAfterMs: isBusy ? retryAfterMs(retryAfter) : undefined,
  });
}

/** Seconds, or a date (RFC 9110 section 10.2.3). */
function retryAfterMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^[0-9]{1,6}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, message } = error as NodeJS.ErrnoException;
  return message || code || error.name;
}
