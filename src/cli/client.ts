import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Command, Option } from 'commander';
import { socketName } from '../http/api/listen-unix.ts';
import type { ErrorView, EventView } from '../http/api/views.ts';

/** `sysexits.h` */
const EX_UNAVAILABLE = 69;
const EX_NOPERM = 77;

/** What the API refused, or why it could not be asked, with the exit code that says so. */
export class ApiFailure extends Error {
  readonly code: string;
  readonly hint: string;
  readonly findings: ErrorView['error']['findings'];
  readonly exitCode: number;
  constructor(error: ErrorView['error'], exitCode = 1) {
    super(error.message);
    this.code = error.code;
    this.hint = error.hint;
    this.findings = error.findings;
    this.exitCode = exitCode;
  }
}

/** Options that every command which asks the server has. */
export interface ClientOptions {
  readonly data?: string | undefined;
  readonly json?: boolean | undefined;
}

export interface StreamHandler<Event> {
  /** The stream is open: older events come first. */
  readonly onOpen: () => void;
  readonly onEvent: (event: Event) => void;
  /** Ends the reading, without a failure. */
  readonly signal?: AbortSignal | undefined;
}

/** The admin API of the server of one data folder. Everything rejects with ApiFailure. */
export interface ApiClient {
  get<Answer>(path: string): Promise<Answer>;
  /** As get(), for what is no JSON. */
  download(path: string): Promise<Buffer>;
  send<Answer>(method: 'POST' | 'DELETE', path: string, body?: object): Promise<Answer>;
  /** Reads events until the server ends the stream. */
  stream<Event = EventView>(
    path: string,
    lastEventId: number | undefined,
    handler: StreamHandler<Event>,
  ): Promise<void>;
}

const DEFAULT_DATA = '/var/lib/rackready';

/** Finds the server by its data folder: --data, else RACKREADY_DATA, else /var/lib/rackready. */
export function createClient(options: ClientOptions): ApiClient {
  const socketPath = join(dataFolderOf(options), socketName);
  const call = (method: string, path: string, body?: object, more: RequestOptions = {}) =>
    open(socketPath, { ...more, method, path: `/api/v1${path}` }, body);
  return {
    get: async <Answer>(path: string) => (await readJson(await call('GET', path))) as Answer,
    download: async (path: string) => {
      const response = await call('GET', path);
      if (response.statusCode !== 200) await readJson(response);
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      return Buffer.concat(chunks);
    },
    send: async <Answer>(method: string, path: string, body?: object) =>
      (await readJson(await call(method, path, body))) as Answer,
    stream: async <Event>(path: string, lastEventId: number | undefined, handler: StreamHandler<Event>) => {
      const headers = lastEventId === undefined ? {} : { 'Last-Event-ID': String(lastEventId) };
      const { signal } = handler;
      const response = await call('GET', path, undefined, { headers, ...(signal && { signal }) });
      if (response.statusCode !== 200) await readJson(response);
      handler.onOpen();
      await readEvents(response, handler.onEvent);
    },
  };
}

/** The folder that names the server: --data, else RACKREADY_DATA, else /var/lib/rackready. */
export function dataFolderOf(options: ClientOptions): string {
  return options.data ?? (process.env.RACKREADY_DATA || DEFAULT_DATA);
}

async function open(socketPath: string, how: RequestOptions, body: object | undefined): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const type = payload === undefined ? {} : { 'Content-Type': 'application/json' };
  const asked: ClientRequest = request({ ...how, socketPath, headers: { ...how.headers, ...type } });
  asked.once('response', resolve);
  asked.once('error', (error: NodeJS.ErrnoException) => reject(unreachable(socketPath, error)));
  asked.end(payload);
  return promise;
}

function unreachable(socketPath: string, error: NodeJS.ErrnoException): ApiFailure {
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    const message = `you may not use the control socket ${socketPath}`;
    return new ApiFailure({ code: 'not-permitted', message, hint: 'Run the same with sudo.' }, EX_NOPERM);
  }
  const why = error.code === 'ENOENT' ? 'there is no such socket' : error.message;
  const message = `no rackready server answers at ${socketPath} (${why})`;
  const hint = 'Start it with: sudo ./rackready up. If its data is in another folder, name it with --data DIR.';
  return new ApiFailure({ code: 'not-running', message, hint }, EX_UNAVAILABLE);
}

async function readJson(response: IncomingMessage): Promise<unknown> {
  let text = '';
  response.setEncoding('utf8');
  try {
    for await (const chunk of response) text += chunk;
  } catch {
    // The connection broke off; what follows says that the answer is not whole.
  }
  const value = parse(text);
  if (value === undefined) {
    const message = 'the server stopped before it had answered';
    const hint = 'Look at its log, and whether it is running: ./rackready events';
    throw new ApiFailure({ code: 'not-running', message, hint }, EX_UNAVAILABLE);
  }
  if ((response.statusCode ?? 500) < 300) return value;
  throw new ApiFailure((value as ErrorView).error);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readEvents<Event>(response: IncomingMessage, onEvent: (event: Event) => void): Promise<void> {
  const lines = createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY });
  try {
    for await (const line of lines) {
      // Each of our events is one `data:` line.
      if (line.startsWith('data: ')) onEvent(JSON.parse(line.slice('data: '.length)) as Event);
    }
  } catch (error) {
    // A server that was killed does not end its stream; the caller asks again either way.
    if (!response.errored) throw error;
  }
}

/** Adds --data and --json. */
export function withClientOptions(command: Command): Command {
  return command
    .addOption(new Option('--data <DIR>', `data folder of the server (default: $RACKREADY_DATA, else ${DEFAULT_DATA})`))
    .option('--json', 'print JSON');
}

/** As runClient, for work that finds its server by itself. */
export function runCommand(options: ClientOptions, work: () => Promise<void>): Promise<void> {
  return runClient(options, work);
}

/** Runs a command's work: failures go to stderr (or, with --json, to stdout as JSON) and become the exit code. */
export async function runClient(options: ClientOptions, work: (client: ApiClient) => Promise<void>): Promise<void> {
  try {
    await work(createClient(options));
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    const { code, message, hint, findings, exitCode } = error;
    if (options.json) process.stdout.write(`${JSON.stringify({ error: { code, message, hint, findings } })}\n`);
    else process.stderr.write(`rackready: ${message}\n${hint}\n`);
    process.exitCode = exitCode;
  }
}

/** A query string of what is set. */
export function queryOf(values: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value));
  return query.size === 0 ? '' : `?${query}`;
}
