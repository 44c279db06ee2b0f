import { createReadStream, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { openedStream } from '../../src/io/mirror/decompress.ts';
import type { Plan, UpstreamReader } from '../../src/mirror/plan.ts';
import { checkExpected, inPieces } from './mirror-reader.ts';
import { newFolder } from './server.ts';

/** A folder as an upstream. */
export function folderReader(folder: string): UpstreamReader {
  const bytesOf = (path: string) => {
    const file = join(folder, path);
    return existsSync(file) && statSync(file).isFile() ? readFileSync(file) : undefined;
  };
  return {
    read: async (path, { expect }) => {
      const bytes = bytesOf(path);
      if (bytes !== undefined && expect !== undefined) checkExpected(path, bytes, expect);
      return bytes ?? 'absent';
    },
    stream: async function* (path, { maxOpenBytes, expect }) {
      const bytes = bytesOf(path) ?? Buffer.of();
      checkExpected(path, bytes, expect);
      yield* openedStream(inPieces(bytes, 65_536), path, maxOpenBytes);
    },
  };
}

/** Takes from an upstream's folder exactly what is planned, checked, and nothing else; returns where it is. */
export async function takePlanned(upstream: string, plan: Plan): Promise<string> {
  const folder = newFolder('planned');
  const write = (path: string, bytes: Uint8Array) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  };
  for (const file of plan.files) {
    const source = join(upstream, file.path);
    const bytes = plan.contents.get(file.path) ?? (existsSync(source) ? readFileSync(source) : undefined);
    if (bytes === undefined && file.isOptional) continue;
    if (bytes === undefined) throw new Error(`${file.path} is planned, and not there`);
    checkExpected(file.path, bytes, file);
    for (const path of [file.path, ...(file.aliases ?? [])]) write(path, bytes);
  }
  return folder;
}

export interface ServedFolder {
  readonly url: string;
  /** Paths that were asked for, decoded, with the status. */
  readonly asked: readonly string[];
}

/** Serves a folder on this namespace's loopback until the test ends. */
export async function serveFolder(t: TestContext, folder: string): Promise<ServedFolder> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '/').replace(/\?.*/, ''));
    const file = join(folder, path);
    const isThere = existsSync(file) && statSync(file).isFile();
    asked.push(`${isThere ? 200 : 404} ${path}`);
    if (!isThere) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-length': statSync(file).size });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}
