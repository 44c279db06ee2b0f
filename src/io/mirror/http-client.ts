import type { ConnectionAnswer, HttpBody } from './http-exchange.ts';
import { createHost, type Host, QUESTIONS_A_CONNECTION } from './http-host.ts';
import { isOwnHost } from './own-host.ts';

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
  /** How many questions at a time it makes use of. */
  readonly questions: number;
  /**
   * Rejects with RequestFailed for every status but those of `HttpAnswer`, and for redirects that lead nowhere. `bytes`: how long the
   * file is, whose content is checked by whoever asks; where it is given, the question may go out before those ahead of it are
   * answered.
   */
  get(
    url: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    bytes?: number | undefined,
  ): Promise<HttpAnswer>;
  /** What came was not what had been asked for: from now on a question goes out when the one before it is answered. */
  mistrust(): void;
  /** So many connections to one host from now on; more are closed when they are idle and somebody asks. */
  limit(connections: number): void;
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
  let isTrusted = true;
  let most = options.connections;
  const hostOf = (url: URL): Host => {
    const known = hosts.get(url.origin) ?? createHost(url, { ...options, connections: () => most });
    hosts.set(url.origin, known);
    return known;
  };
  const ask = async (url: URL, question: Asking): Promise<ConnectionAnswer> => {
    const { headers, signal, bytes } = question;
    signal.throwIfAborted();
    try {
      return await hostOf(url).ask({ request: requestOf(url, headers), signal, bytes });
    } catch (error) {
      signal.throwIfAborted();
      throw new RequestFailed(`${url.host} does not answer: ${reasonOf(error)}`);
    }
  };
  /** That there is nothing is believed only of an answer that stands for itself, as a file may not be asked for again. */
  const askSurely = async (url: URL, question: Asking): Promise<ConnectionAnswer> => {
    const answer = await ask(url, question);
    if (!answer.isPipelined || !isFinal(answer.head.status)) return answer;
    answer.body.discard();
    return ask(url, { ...question, bytes: undefined });
  };
  return {
    questions: options.connections * QUESTIONS_A_CONNECTION,
    limit: (connections) => {
      most = connections;
    },
    mistrust: () => {
      isTrusted = false;
    },
    get: async (url, headers, signal, bytes) => {
      let at = parseUrl(url);
      for (let redirects = 0; ; redirects++) {
        const { head, body } = await askSurely(at, { headers, signal, bytes: isTrusted ? bytes : undefined });
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

interface Asking {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly bytes: number | undefined;
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
  // Who may see the one may see the other, at the same server; nobody else gets the password.
  if (to.origin === from.origin && to.username === '')
    Object.assign(to, { username: from.username, password: from.password });
  const isHttp = to.protocol === 'http:' || to.protocol === 'https:';
  // What only this host may see, an upstream must not have it publish.
  if (isHttp && (!isOwnHost(to.hostname) || isOwnHost(from.hostname))) return to;
  const where = isHttp ? to.host : to.protocol;
  throw new RequestFailed(`${from.href} is redirected to ${where}, which is not followed`, { isFinal: true });
}

const isBusyStatus = (status: number) => status === 408 || status === 429 || status >= 500;
const isFinal = (status: number) => status === 304 || (status >= 400 && !isBusyStatus(status));

function refusal(url: URL, status: number, retryAfter: string | undefined): RequestFailed {
  const isBusy = isBusyStatus(status);
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
