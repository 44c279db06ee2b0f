import { chmod, lstat, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { ProvisionError } from '../../net/provision-error.ts';

/** Where the API of a data folder listens: `rackready.sock` in it. */
export const socketName = 'rackready.sock';

/** sun_path of unix(7) has 108 bytes, the last of them zero. */
const LONGEST_PATH = 107;

/**
 * Lets the API listen on a unix socket that its owner and group may use. The socket of a process that died is replaced.
 * Throws ProvisionError: `store-busy` when another server answers there, `store-failed` when it cannot be made.
 */
export async function listenUnix(app: FastifyInstance, path: string): Promise<void> {
  const failed = (reason: string, cause?: unknown) =>
    new ProvisionError('store-failed', `Cannot open the control socket "${path}": ${reason}`, { cause });
  if (Buffer.byteLength(path) > LONGEST_PATH) {
    throw failed(`the path is longer than ${LONGEST_PATH} bytes; give --data a shorter one`);
  }
  await removeStale(path, failed);
  try {
    await app.listen({ path });
    await chmod(path, 0o660);
  } catch (error) {
    throw failed(error instanceof Error ? error.message : String(error), error);
  }
}

async function removeStale(path: string, failed: (reason: string) => ProvisionError): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return;
  if (!found.isSocket()) throw failed('there is something else of that name; move it away');
  if (await isAnswered(path)) {
    throw new ProvisionError('store-busy', `Cannot open the control socket "${path}": another rackready answers there`);
  }
  await rm(path, { force: true });
}

function isAnswered(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(path);
  socket.once('connect', () => resolve(true));
  // Refused: nobody listens. Anything else (no permission, queue full) means that somebody might.
  socket.once('error', (error: NodeJS.ErrnoException) =>
    resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
  );
  return promise.finally(() => socket.destroy());
}
