import type { FastifyError, FastifyInstance } from 'fastify';
import type { Finding } from '../../mirror/run/verify.ts';
import { ProvisionError, type ProvisionErrorCode } from '../../net/provision-error.ts';
import type { ErrorView } from './views.ts';

type ErrorDetails = Pick<ErrorView['error'], 'command' | 'findings'>;

/** A request that cannot be served, with its HTTP status. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string;
  /** A command line that does what was asked for. */
  readonly command: string | undefined;
  /** What `mirror verify` found. */
  readonly findings: readonly Finding[] | undefined;
  constructor(status: number, code: string, message: string, hint: string, more: ErrorDetails = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
    this.command = more.command;
    this.findings = more.findings;
  }
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, 'bad-request', message, 'Mend the request.');
}

/** The world's failures; those that are not here are 500. */
const STATUS: Partial<Record<ProvisionErrorCode, number>> = {
  'config-invalid': 422,
  'store-failed': 503,
  'store-busy': 503,
  'not-running': 503,
};

/** Answers every failure as {error: {code, message, hint}}. */
export function addFailureHandlers(app: FastifyInstance): void {
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0];
    const message = `there is no ${request.method} ${path}`;
    reply.code(404).send(view({ code: 'not-found', message, hint: 'The paths begin with /api/v1/.' }));
  });
  app.setErrorHandler((error: FastifyError | Error, _request, reply) => {
    if (error instanceof ApiError) return reply.code(error.status).send(view(error));
    if (error instanceof ProvisionError) return reply.code(STATUS[error.code] ?? 500).send(view(error));
    const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500;
    const { message } = error;
    if (status < 500) return reply.code(status).send(view({ code: 'bad-request', message, hint: 'Mend the request.' }));
    const hint = 'This is a defect of rackready: please report it.';
    return reply.code(500).send(view({ code: 'internal', message, hint }));
  });
}

function view({ code, message, hint, command, findings }: ErrorView['error']): ErrorView {
  const details = { ...(command !== undefined && { command }), ...(findings !== undefined && { findings }) };
  return { error: { code, message, hint, ...details } };
}
