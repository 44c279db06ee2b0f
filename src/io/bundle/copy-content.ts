import { createHash } from 'node:crypto';
import { constants, rmSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { ProvisionError } from '../../net/provision-error.ts';

/** A content that is somewhere on this host. */
export interface HeldContent {
  readonly sha256: string;
  readonly bytes: number;
  readonly path: string;
}

/** Who a new file belongs to. */
export interface FileLike {
  readonly mode: number;
  /** undefined: whoever writes it. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}

const PIECE = 1 << 20;
/** Whoever owns the folder of a source may have put a link or a device in its place meanwhile. */
const PLAIN = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Opens a content for reading. Rejects with ProvisionError `store-failed`: it is a link, no file, or of another length. */
export async function openContent({ path, bytes }: HeldContent): Promise<FileHandle> {
  const file = await open(path, PLAIN).catch((cause: NodeJS.ErrnoException) => {
    throw damaged(path, cause.code === 'ELOOP' ? 'is a link' : `cannot be read: ${cause.message}`, cause);
  });
  try {
    const found = await file.stat();
    if (!found.isFile()) throw damaged(path, 'is no file');
    if (found.size !== bytes) throw damaged(path, `is ${found.size} bytes long, and should be ${bytes}`);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Whether a file is what it should be, and no link to it. */
export async function isContent(content: HeldContent): Promise<boolean> {
  const file = await openContent(content).catch(() => undefined);
  if (file === undefined) return false;
  try {
    return (await sumUp(file)) === content.sha256;
  } finally {
    await file.close();
  }
}

/**
 * Copies a content to a name that it has only when it is whole, right and on disk. What is copied is compared with its checksum, so
 * that nothing else gets there whatever happens to the source meanwhile. Rejects with ProvisionError `store-failed`, and as writing does.
 */
export async function copyContent(content: HeldContent, target: string, like: FileLike): Promise<void> {
  const source = await openContent(content);
  const part = `${target}.part`;
  try {
    rmSync(part, { force: true });
    // Nobody else reads it before it is known to be what it should be.
    const file = await open(part, 'wx', 0o600);
    try {
      const sum = await sumUp(source, (piece) => file.writeFile(piece));
      if (sum !== content.sha256) throw damaged(content.path, 'does not have its checksum');
      if (like.owner) await file.chown(like.owner.uid, like.owner.gid);
      await file.chmod(like.mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, target);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  } finally {
    await source.close();
  }
}

async function sumUp(file: FileHandle, onPiece?: (piece: Uint8Array) => Promise<void>): Promise<string> {
  const sum = createHash('sha256');
  const buffer = Buffer.alloc(PIECE);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, PIECE);
    if (bytesRead === 0) return sum.digest('hex');
    const piece = buffer.subarray(0, bytesRead);
    sum.update(piece);
    await onPiece?.(piece);
  }
}

function damaged(path: string, what: string, cause?: unknown): ProvisionError {
  const hint = 'Run the same again. If it stays so, look at the disk: rackready doctor, rackready mirror scrub';
  return new ProvisionError('store-failed', `${path} ${what}`, { cause, hint });
}
