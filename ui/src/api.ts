import type { ErrorView } from '../../src/http/api/views.ts';

/** What the server refused, or that it cannot be reached. */
export class ApiProblem extends Error {
  /** HTTP status; 0: no answer. */
  readonly status: number;
  /** Of the API; empty: no answer. */
  readonly code: string;
  readonly hint: string;
  /** A command line that does what this account may not. */
  readonly command: string | undefined;
  constructor(status: number, { message, code, hint, command }: ErrorView['error']) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
    this.command = command;
  }
}

type Listener = () => void;
const signedOut = new Set<Listener>();

/** Hears when the server wants the token again. */
export function onSignedOut(listener: Listener): () => void {
  signedOut.add(listener);
  return () => signedOut.delete(listener);
}

export function get<Answer>(path: string): Promise<Answer> {
  return call<Answer>('GET', path);
}

export function post<Answer>(path: string, body?: object): Promise<Answer> {
  return call<Answer>('POST', path, body);
}

/** Rejects with ApiProblem. `path` is below /api/v1. */
export async function call<Answer>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<Answer> {
  const init: RequestInit = { method, credentials: 'same-origin', cache: 'no-store' };
  if (body !== undefined) {
    init.headers = { 'Content-Type': 'application/json' };
    init.body = JSON.stringify(body);
  }
  const response = await fetch(`/api/v1${path}`, init).catch(() => undefined);
  const text = await response?.text().catch(() => undefined);
  if (response === undefined || text === undefined) {
    const hint = 'Is it running? The page tries again.';
    throw new ApiProblem(0, { code: '', message: 'The server does not answer.', hint });
  }
  if (response.ok) return JSON.parse(text) as Answer;
  if (response.status === 401 && path !== '/session') for (const listener of signedOut) listener();
  throw new ApiProblem(response.status, errorIn(text, response.status));
}

function errorIn(text: string, status: number): ErrorView['error'] {
  try {
    return (JSON.parse(text) as ErrorView).error;
  } catch {
    return { code: '', message: `The server answered with ${status}.`, hint: 'Look at its log.' };
  }
}

/** Any failure as something that can be shown. */
export function problemOf(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return new ApiProblem(0, {
    code: '',
    message: String(error),
    hint: 'This is a defect of the page: please report it.',
  });
}
