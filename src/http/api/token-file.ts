import { randomBytes } from 'node:crypto';
import { lstat, open, readFile } from 'node:fs/promises';
import { ProvisionError } from '../../net/provision-error.ts';

/** Name of the token's file in the data folder. */
export const tokenFileName = 'admin.token';

/** A token of one's own choice is taken when it is at least this long. */
const SHORTEST = 32;

/**
 * The admin API's token: made on the first start, for its owner's eyes only. Throws ProvisionError `store-failed` when the
 * file cannot be made, can be read by others, or holds something that is no token.
 */
export async function loadToken(path: string): Promise<string> {
  const failed = (reason: string, cause?: unknown) =>
    new ProvisionError('store-failed', `Cannot use the token file "${path}": ${reason}`, { cause });
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(`${randomBytes(32).toString('base64url')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw failed(String(error), error);
  }
  const found = await lstat(path);
  if (!found.isFile()) throw failed('it is no ordinary file; take it away, and a new one is made');
  if ((found.mode & 0o077) !== 0) {
    throw failed(
      `others than its owner may read it; look who did, then delete it (a new one is made), or: chmod 600 ${path}`,
    );
  }
  const token = (await readFile(path, 'utf8')).trim();
  if (token.length < SHORTEST || !/^[\x21-\x7e]+$/.test(token)) {
    throw failed(`expected one line of at least ${SHORTEST} printable characters; delete it, and a new one is made`);
  }
  return token;
}
