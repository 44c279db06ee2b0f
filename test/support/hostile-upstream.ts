import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { Plan, PlannedFile, UpstreamReader } from '../../src/mirror/plan.ts';
import { ProvisionError } from '../../src/net/provision-error.ts';

/** What an upstream does instead of giving a file. `true`: it has answered by itself. */
export type Fault = (request: IncomingMessage, response: ServerResponse, body: Buffer) => boolean;

/** An upstream whose files and misdeeds a test decides on. Its index is `INDEX`, which `planIndex` reads. */
export interface Upstream {
  readonly url: string;
  /** By path. Change it, then `seal()`. */
  readonly files: Map<string, Buffer>;
  readonly faults: Map<string, Fault>;
  /** "GET /path" with the range, in order. */
  readonly asked: string[];
  /** Writes the index of the files as they are; `revision` grows by itself unless given. */
  seal(revision?: string): void;
}

export const INDEX = 'index.json';

export async function startUpstream(
  t: TestContext,
  files: Readonly<Record<string, Buffer | string>>,
): Promise<Upstream> {
  const table = new Map(Object.entries(files).map(([path, body]) => [path, Buffer.from(body)]));
  const faults = new Map<string, Fault>();
  const asked: string[] = [];
  let revision = 0;
  const server = createServer((request, response) => answer({ table, faults, asked }, request, response));
  await listen(server);
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const upstream: Upstream = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tree/`,
    files: table,
    faults,
    asked,
    seal: (given) => {
      revision += 1;
      table.set(INDEX, Buffer.from(JSON.stringify(indexOf(table, given ?? String(revision)))));
    },
  };
  upstream.seal();
  return upstream;
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}

interface Shop {
  readonly table: ReadonlyMap<string, Buffer>;
  readonly faults: ReadonlyMap<string, Fault>;
  readonly asked: string[];
}

function answer({ table, faults, asked }: Shop, request: IncomingMessage, response: ServerResponse): void {
  const path = decodeURIComponent((request.url ?? '/').replace(/^\/tree\/|\?.*$/g, ''));
  asked.push([request.method, path, request.headers.range].filter((word) => word !== undefined).join(' '));
  const body = table.get(path);
  if (faults.get(path)?.(request, response, body ?? Buffer.alloc(0))) return;
  if (body === undefined) response.writeHead(404).end();
  else sendFile(request, response, body);
}

/** As a good server does: strong tags, conditions, single ranges. */
export function sendFile(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const etag = `"${createHash('md5').update(body).digest('hex')}"`;
  const { range } = request.headers;
  if (request.headers['if-none-match'] === etag) return void response.writeHead(304, { ETag: etag }).end();
  const start = Number(/^bytes=([0-9]+)-$/.exec(range ?? '')?.[1]);
  const isWanted = !Number.isNaN(start) && (request.headers['if-range'] ?? etag) === etag;
  if (isWanted && start >= body.length) return void response.writeHead(416).end();
  const part = isWanted ? body.subarray(start) : body;
  const head = { ETag: etag, 'Content-Length': part.length };
  if (isWanted) {
    response.writeHead(206, { ...head, 'Content-Range': `bytes ${start}-${body.length - 1}/${body.length}` });
  } else response.writeHead(200, head);
  response.end(part);
}

/** Sends so many bytes of a body under the head of the whole, and cuts the connection. Only so many `times`. */
export function cutAfter(bytes: number, times = Number.POSITIVE_INFINITY): Fault {
  let left = times;
  return (request, response, body) => {
    if (request.headers.range !== undefined || left-- <= 0) return false;
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    response.writeHead(200, { 'Content-Length': body.length, ETag: etag });
    response.write(body.subarray(0, bytes), () => response.destroy());
    return true;
  };
}

/** Answers with a status, so many times. */
export function status(
  code: number,
  headers: Readonly<Record<string, string>> = {},
  times = Number.POSITIVE_INFINITY,
): Fault {
  let left = times;
  return (_request, response) => {
    if (left-- <= 0) return false;
    response.writeHead(code, headers).end();
    return true;
  };
}

interface Index {
  readonly revision: string;
  readonly files: readonly {
    readonly path: string;
    readonly bytes: number;
    readonly sha256: string;
    readonly isOptional: boolean;
  }[];
}

function indexOf(table: ReadonlyMap<string, Buffer>, revision: string): Index {
  const files = [...table].filter(([path]) => path !== INDEX);
  return {
    revision,
    files: files.map(([path, body]) => ({
      path,
      bytes: body.length,
      sha256: createHash('sha256').update(body).digest('hex'),
      isOptional: path.startsWith('optional/'),
    })),
  };
}

/** A planner for such an upstream: the simplest that has an entry file, packages and a file to boot. */
export async function planIndex(reader: UpstreamReader): Promise<Plan> {
  const bytes = await reader.read(INDEX, { maxBytes: 1 << 20 });
  if (bytes === 'absent') throw new ProvisionError('upstream-failed', `${INDEX}: upstream does not have it`);
  const index: Index = JSON.parse(Buffer.from(bytes).toString());
  const files = index.files.map(
    ({ path, bytes: length, sha256, isOptional }): PlannedFile => ({
      path,
      bytes: length,
      digests: [{ algorithm: 'sha256', hex: sha256 }],
      role: path.endsWith('.rpm') ? 'package' : path.startsWith('images/') ? 'boot' : 'other',
      isOptional,
    }),
  );
  const entry: PlannedFile = { path: INDEX, bytes: bytes.length, digests: [], role: 'metadata', isOptional: false };
  return {
    files: [...files, entry],
    entries: [INDEX],
    contents: new Map([[INDEX, bytes]]),
    revision: `=${index.revision}`,
    remarks: [],
  };
}
