import { randomBytes } from 'node:crypto';

/** An unguessable, URL-safe token of a grant: 192 bits. */
export function newToken(): string {
  return randomBytes(24).toString('base64url');
}
