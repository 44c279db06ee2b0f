import type { FastifyInstance } from 'fastify';
import { openToAll } from '../api/inputs.ts';
import type { PageFile } from './page-files.ts';

/**
 * Nothing but our own files and our own API. No inline script or style, no plug-in, no frame around it, and no text that a
 * machine sent can become markup: Trusted Types refuse every way to write HTML.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

const FOR_EVER = 'public, max-age=31536000, immutable';

/** Serves exactly these files, without a token: they hold nothing of the rack, and the sign-in is one of them. */
export function addPage(app: FastifyInstance, files: readonly PageFile[]): void {
  for (const { path, contentType, body, etag, isHashed } of files) {
    app.get(path, openToAll, (request, reply) => {
      reply.headers({ ...HEADERS, ETag: etag, 'Cache-Control': isHashed ? FOR_EVER : 'no-cache' });
      if (request.headers['if-none-match'] === etag) return reply.code(304).send();
      return reply.type(contentType).send(body);
    });
  }
}
