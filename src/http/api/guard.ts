import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from './failures.ts';
import { about, inputs, isOpenToAll } from './inputs.ts';

export interface GuardOptions {
  readonly token: string;
  /** Names besides IP addresses and localhost that the API may be called by. */
  readonly hostNames: readonly string[];
  readonly now: () => number;
  /** Told once for a burst of failed attempts from an address. */
  readonly onRefused: (address: string, failures: number) => void;
}

/** Failed attempts from one address within a minute, after which all but the right token gets 429. */
const MOST_FAILURES = 10;
const WINDOW_MS = 60_000;
/** Addresses that are remembered; the oldest is forgotten. */
const MOST_ADDRESSES = 1_000;
const COOKIE = 'rackready_token';
const SESSION = '/api/v1/session';

/**
 * Lets in who has the token: `Authorization: Bearer TOKEN`, or the cookie that POST /session sets; only the files of the web
 * page need neither. Before that, the Host
 * header must be an address or a known name, so that no page of a foreign domain reaches us by rebinding its name to our
 * address. There is no CORS header, and what a cookie may change must come from our own origin.
 *
 * The right token gets in even while its address fails too often: on loopback all accounts of the host share one address,
 * and nobody may lock out the others. 256 bits are not found by trying.
 */
export function addGuard(app: FastifyInstance, options: GuardOptions): void {
  const expected = digest(options.token);
  const isRight = (given: string | undefined) => given !== undefined && timingSafeEqual(digest(given), expected);
  const failures = createFailureCount(options);
  const refuse = (request: FastifyRequest, reply: FastifyReply): never => {
    const { tooMany } = failures.add(request.ip);
    if (tooMany) {
      reply.header('Retry-After', String(WINDOW_MS / 1000));
      throw new ApiError(429, 'too-many-attempts', 'too many attempts with a wrong token', 'Wait a minute.');
    }
    reply.header('WWW-Authenticate', 'Bearer realm="rackready"');
    throw new ApiError(401, 'token-wanted', 'the token is missing or wrong', 'rackready status names the token file.');
  };
  app.addHook('onRequest', async (request, reply) => {
    checkHost(request, options.hostNames);
    if (request.method === 'POST' && request.url === SESSION) return;
    if (isOpenToAll(request.routeOptions.config)) return;
    if (isRight(bearerOf(request))) return;
    if (!isRight(cookieOf(request))) refuse(request, reply);
    checkOrigin(request);
  });
  addSession(app, { isRight, refuse });
}

interface Session {
  readonly isRight: (token: string | undefined) => boolean;
  readonly refuse: (request: FastifyRequest, reply: FastifyReply) => never;
}

/** Trades the token for a cookie, for browsers. */
function addSession(app: FastifyInstance, { isRight, refuse }: Session): void {
  const token = { type: 'string', maxLength: 255 };
  const attributes = 'Path=/; HttpOnly; SameSite=Strict';
  const answer = { type: 'object', properties: {} };
  app.post<{ Body: { token: string } }>(
    SESSION,
    {
      ...about({ summary: 'Trades the token for a cookie (TCP only).', answer, fails: [429] }),
      schema: { body: { ...inputs({ token }), required: ['token'] } },
    },
    async (request, reply) => {
      checkOrigin(request);
      if (!isRight(request.body.token)) refuse(request, reply);
      reply.header('Set-Cookie', `${COOKIE}=${request.body.token}; ${attributes}`);
      return {};
    },
  );
  app.delete(SESSION, about({ summary: 'Takes the cookie away (TCP only).', answer }), async (_request, reply) => {
    reply.header('Set-Cookie', `${COOKIE}=; Max-Age=0; ${attributes}`);
    return {};
  });
}

function checkHost({ headers }: FastifyRequest, names: readonly string[]): void {
  const host = hostName(headers.host ?? '');
  if (isIP(host) !== 0 || host === 'localhost' || names.includes(host)) return;
  const message = `the Host header names "${host.slice(0, 80)}", which is not this server`;
  throw new ApiError(403, 'wrong-host', message, 'Call it by its address, or as localhost.');
}

/** SameSite does not look at ports: another program's page on this host must not ride on the cookie. */
function checkOrigin({ method, headers }: FastifyRequest): void {
  if (method === 'GET' || method === 'HEAD') return;
  const { origin } = headers;
  if (origin === undefined || origin === `http://${headers.host}` || origin === `https://${headers.host}`) return;
  throw new ApiError(403, 'wrong-origin', 'the request comes from a page of another origin', 'Use a Bearer token.');
}

/** "127.0.0.1:8067" and "[::1]:8067" without the port, in small letters. */
function hostName(host: string): string {
  const [, ipv6, name] = /^(?:\[([^\]]*)\]|([^:]*))(?::[0-9]+)?$/.exec(host) ?? [];
  return (ipv6 ?? name ?? '').toLowerCase();
}

function bearerOf({ headers }: FastifyRequest): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
}

function cookieOf({ headers }: FastifyRequest): string | undefined {
  const pairs = (headers.cookie ?? '').split(/; */);
  return pairs.find((pair) => pair.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1);
}

/** Digests have one length, so comparing them tells nothing of the token's. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function createFailureCount({ now, onRefused }: GuardOptions) {
  const counts = new Map<string, { since: number; count: number }>();
  return {
    add(address: string): { readonly tooMany: boolean } {
      const at = now();
      const known = counts.get(address);
      const entry = known && at - known.since < WINDOW_MS ? known : { since: at, count: 0 };
      entry.count++;
      counts.delete(address);
      counts.set(address, entry);
      const [oldest] = counts.keys();
      if (counts.size > MOST_ADDRESSES && oldest !== undefined) counts.delete(oldest);
      if (entry.count === 1 || entry.count === MOST_FAILURES + 1) onRefused(address, entry.count);
      return { tooMany: entry.count > MOST_FAILURES };
    },
  };
}
