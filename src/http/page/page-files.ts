import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, sep } from 'node:path';

/** A file of the web page, in memory: all of them together are some hundred kilobytes. */
export interface PageFile {
  /** As it is asked for: "/", "/assets/index-Bx2.js". */
  readonly path: string;
  readonly contentType: string;
  readonly body: Buffer;
  readonly etag: string;
  /** Whether its name changes with its content, so that a browser need never ask again. */
  readonly isHashed: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Where the build puts what it names by content. */
const HASHED = 'assets/';

/** Reads the built page (`npm run build:ui`). Empty when it was not built. Files of other kinds are left out. */
export function readPageFiles(folder: string): readonly PageFile[] {
  return namesIn(folder).flatMap((name) => {
    const contentType = TYPES[extname(name)];
    if (contentType === undefined) return [];
    const body = readFileSync(join(folder, name));
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    const path = name === 'index.html' ? '/' : `/${name}`;
    return [{ path, contentType, body, etag, isHashed: name.startsWith(HASHED) }];
  });
}

function namesIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    return files.map((file) =>
      join(file.parentPath, file.name)
        .slice(folder.length + 1)
        .replaceAll(sep, '/'),
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
