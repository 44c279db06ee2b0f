import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

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
  readonly headers: IncomingHttpHeaders;
  /** To be read to its end or destroyed. */
  readonly body: IncomingMessage;
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
  const { connections, stallMs = 30_000, connectMs = 15_000 } = options;
  const how = { keepAlive: true, maxSockets: connections, scheduling: 'fifo' } as const;
  const agents = { 'http:': new HttpAgent(how), 'https:': new HttpsAgent(how) };
  const open = async (url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal) => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const isTls = url.protocol === 'https:';
    const asked = (isTls ? httpsRequest : httpRequest)(url, {
      agent: isTls ? agents['https:'] : agents['http:'],
      headers: { 'User-Agent': USER_AGENT, Accept: '*/*', ...headers },
      signal,
      timeout: connectMs,
      maxHeaderSize: 16 * 1024,
    });
    asked.once('response', (response) => {
      asked.setTimeout(stallMs);
      resolve(response);
    });
    asked.on('timeout', () => asked.destroy(new Error('nothing came in time')));
    asked.once('error', reject);
    asked.end();
    try {
      return await promise;
    } catch (error) {
      signal.throwIfAborted();
      throw new RequestFailed(`${url.host} does not answer: ${reasonOf(error)}`);
    }
  };
  return {
    get: async (url, headers, signal) => {
      let at = parseUrl(url);
      for (let redirects = 0; ; redirects++) {
        const response = await open(at, headers, signal);
        const status = response.statusCode ?? 0;
        if (EXPECTED.includes(status))
          return { status: status as HttpAnswer['status'], headers: response.headers, body: response };
        response.destroy();
        if (![301, 302, 303, 307, 308].includes(status)) throw refusal(at, status, response.headers['retry-after']);
        if (redirects === MOST_REDIRECTS)
          throw new RequestFailed(`${url} is redirected again and again`, { isFinal: true });
        at = redirectTarget(at, response.headers.location);
      }
    },
    close: () => {
      agents['http:'].destroy();
      agents['https:'].destroy();
    },
  };
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
