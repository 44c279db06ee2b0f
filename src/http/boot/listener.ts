import { fstatSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { hideTokens } from '../../event/hide-tokens.ts';
import { wantedPart } from '../../mirror/run/wanted-part.ts';
import { isExpectedTreeMiss } from '../../serve/boot-names.ts';
import { addressOf, type ConnectionCounter, isFromHere } from './connections.ts';
import { type Exchange, type ListenerDeps, refuse, sendRefusal, tellAborted, tellDone } from './exchange.ts';
import type { TreeFile } from './mirror-tree.ts';
import { normalizePath } from './path.ts';
import { type BootHttpAnswer, type BootHttpRequest, forwardedHeaders, type ListenerSetup } from './protocol.ts';
import { type Flight, readFlight } from './read-flight.ts';
import { openToSend, sendContent, sendFile, sendOpened } from './send-file.ts';

/** Makes the HTTP server of one network; the caller lets it listen. Plain node:http, as firmware wants its answers. */
export function createListener(setup: ListenerSetup, deps: ListenerDeps, counter: ConnectionCounter): Server {
  const { limits } = deps;
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkMs,
      maxHeaderSize: 8 * 1024,
      // Old boot loaders leave it out; it decides nothing here.
      requireHostHeader: false,
    },
    (request, response) => {
      serve(setup, deps, request, response).catch(() => response.destroy());
    },
  );
  server.setTimeout(limits.stallMs);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
    answerBadRequest(error, socket as Socket, setup, deps),
  );
  counter.watch(server, (address) =>
    deps.emit(
      'http.refused',
      { network: setup.network, address },
      { method: '-', path: '-', status: 503, reason: 'too many connections at a time', userAgent: '' },
    ),
  );
  return server;
}

async function serve(
  setup: ListenerSetup,
  deps: ListenerDeps,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const normal = normalizePath(request.url ?? '/');
  const exchange: Exchange = {
    request,
    response,
    method: request.method ?? '',
    // Whatever main answers, and also of a target that could not be normalised.
    shownPath: hideTokens(normal.kind === 'path' ? normal.path : normal.shown),
    userAgent: (request.headers['user-agent'] ?? '').slice(0, 120),
    subject: { network: setup.network, address: addressOf(request.socket) },
    startedMs: performance.now(),
    emit: deps.emit,
  };
  if (normal.kind === 'refused') return refuse(exchange, { ...normal, isLast: true });
  const body = await readBody(request, deps.limits.bodyBytes);
  if (body.kind === 'gone') return;
  if (body.kind === 'too-long') {
    const reason = `the body is longer than ${deps.limits.bodyBytes} bytes`;
    return refuse(exchange, { status: 413, reason, isLast: true });
  }
  const question = {
    method: exchange.method,
    path: normal.path,
    query: normal.query,
    headers: forwarded(request),
    remoteAddress: addressOf(request.socket),
    network: setup.network,
    isOwn: isFromHere(request.socket),
    body: body.text,
  };
  await answer(exchange, deps, question);
}

async function answer(exchange: Exchange, deps: ListenerDeps, question: Omit<BootHttpRequest, 'id'>): Promise<void> {
  let decided: BootHttpAnswer;
  try {
    decided = await deps.ask(question);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return refuse(exchange, { status: 503, reason, headers: { 'Retry-After': '5' } });
  }
  if (exchange.response.destroyed) return;
  const shown = 'shownPath' in decided && decided.shownPath ? { ...exchange, shownPath: decided.shownPath } : exchange;
  switch (decided.kind) {
    case 'file':
      return sendFile(shown, decided);
    case 'tree': {
      const subject = { ...shown.subject, address: decided.client };
      return sendTreeFile({ ...shown, subject }, decided, deps);
    }
    case 'text':
      return sendText(shown, decided, deps);
    case 'refuse':
      return refuseAsDecided(shown, decided);
  }
}

async function sendTreeFile(
  exchange: Exchange,
  decided: Extract<BootHttpAnswer, { kind: 'tree' }>,
  deps: ListenerDeps,
): Promise<void> {
  const { name, path, accelLocation } = decided;
  const found = await deps.trees
    .find(decided, ownConnection(exchange, decided.client))
    .catch((error: unknown) => String(error));
  if (typeof found === 'string')
    return refuse(exchange, { status: 503, reason: `the mirror cannot be read: ${found}` });
  if (found === undefined) {
    const reason = `there is no ${name}`;
    return refuseAsDecided(exchange, { kind: 'refuse', status: 404, reason, isExpected: isExpectedTreeMiss(path) });
  }
  const cacheControl = found.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache';
  const etag = `"${found.sha256}"`;
  const file = await openWhole(found);
  if (file !== undefined) {
    const handOverTo = accelLocation && `${accelLocation}${found.sha256.slice(0, 2)}/${found.sha256}`;
    return sendOpened(exchange, { kind: 'file', path: found.path, name, etag, cacheControl, handOverTo }, file);
  }
  const flight = flightOf(exchange, deps, decided, found);
  const version = { sizeBytes: found.bytes, etag };
  return sendContent(exchange, { name, cacheControl, version, read: (range) => readFlight(flight, range) });
}

/** That of a proxy is shared by its clients, and tells nothing. */
function ownConnection({ request: { socket } }: Exchange, client: string): string | undefined {
  return addressOf(socket) === client && !isFromHere(socket) ? `${client}:${socket.remotePort}` : undefined;
}

/** undefined: it is not on this host, or not whole. What came by request may not have been on disk when the power went. */
async function openWhole({ path, bytes }: TreeFile): Promise<FileHandle | undefined> {
  const file = await openToSend(path).catch(() => undefined);
  if (file === undefined || fstatSync(file.fd).size === bytes) return file;
  await file.close();
  return undefined;
}

/** A file that has to come first. */
function flightOf(
  { request, response }: Exchange,
  { want, limits }: ListenerDeps,
  { mirror, repo, path, name }: Extract<BootHttpAnswer, { kind: 'tree' }>,
  { path: target, sha256 }: TreeFile,
): Flight {
  return {
    target,
    part: join(repo, wantedPart(sha256)),
    begin: () => {
      const { answer, renew, hasMoved } = want({ mirror, path, name, sha256 });
      const over = answer.then(
        (given) => (given.kind === 'refuse' ? given.reason : undefined),
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      return { over, renew, hasMoved };
    },
    // Nothing moves meanwhile, and nothing is the matter: `want` has a limit of its own.
    onWait: (isWaiting) => void request.socket.setTimeout(isWaiting ? 0 : limits.stallMs),
    isGone: () => response.destroyed,
  };
}

async function sendText(
  exchange: Exchange,
  decided: Extract<BootHttpAnswer, { kind: 'text' }>,
  { confirm }: ListenerDeps,
): Promise<void> {
  const { response, method } = exchange;
  const body = Buffer.from(decided.text);
  const isHead = method === 'HEAD';
  const { promise, resolve } = Promise.withResolvers<boolean>();
  response.once('finish', () => resolve(true));
  response.once('close', () => resolve(response.writableFinished));
  response.writeHead(decided.status, {
    'Content-Type': decided.contentType,
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
  });
  response.end(isHead ? undefined : body);
  if (!(await promise)) return tellAborted(exchange, 0, body.length);
  if (decided.confirm !== undefined && !isHead) confirm(decided.confirm);
  tellDone(exchange, decided.status, isHead ? 0 : body.length);
}

function refuseAsDecided(exchange: Exchange, decided: Extract<BootHttpAnswer, { kind: 'refuse' }>): void {
  const { status, reason, isExpected, near, isTold, allow } = decided;
  const refusal = { status, reason, headers: allow === undefined ? undefined : { Allow: allow } };
  if (!isTold && (status !== 404 || isExpected === undefined)) {
    refuse(exchange, refusal);
    return;
  }
  sendRefusal(exchange, refusal);
  if (isTold || isExpected === undefined) return;
  const { method, shownPath: path, userAgent, subject } = exchange;
  const data = { method, path, userAgent, expected: isExpected, ...(near !== undefined && { near }) };
  exchange.emit('http.not-found', subject, data);
}

/** Answers what node:http could not read, and hears of clients that are gone. */
function answerBadRequest(
  error: NodeJS.ErrnoException,
  socket: Socket,
  setup: ListenerSetup,
  deps: ListenerDeps,
): void {
  const known: Readonly<Record<string, readonly [number, string]>> = {
    ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not arrive in time'],
    HPE_HEADER_OVERFLOW: [431, 'the request headers are too long'],
  };
  const [status, reason] = known[error.code ?? ''] ?? [400, `this is no HTTP request (${error.code})`];
  // ECONNRESET is how UEFI firmware says goodbye.
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE' || !socket.writable || socket.bytesRead === 0) {
    socket.destroy();
    return;
  }
  const body = `${reason}\n`;
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
  socket.destroySoon();
  const subject = { network: setup.network, address: addressOf(socket) };
  deps.emit('http.refused', subject, { method: '-', path: '-', status, reason, userAgent: '' });
}

function forwarded(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value !== 'string') continue;
    if (forwardedHeaders.includes(name) || /^x-rhn-provisioning-mac-[0-9]{1,2}$/.test(name)) {
      headers[name] = value.slice(0, 512);
    }
  }
  return headers;
}

type Body =
  | { readonly kind: 'body'; readonly text: string | undefined }
  | { readonly kind: 'too-long' }
  | { readonly kind: 'gone' };

/** Reads the body of a report. The other methods have none worth reading; Node throws it away. */
async function readBody(request: IncomingMessage, limitBytes: number): Promise<Body> {
  if (request.method !== 'POST' && request.method !== 'PUT') return { kind: 'body', text: undefined };
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) return { kind: 'too-long' };
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    // The stream is not destroyed at an early end: the refusal goes out over the same socket.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      length += chunk.length;
      if (length > limitBytes) return { kind: 'too-long' };
      chunks.push(chunk);
    }
  } catch {
    // The client went away in the middle; there is nobody to answer.
    return { kind: 'gone' };
  }
  return { kind: 'body', text: Buffer.concat(chunks).toString('utf8') };
}
