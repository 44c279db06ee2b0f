/**
 * The upstream of the mirror that a machine is installed from: Debian itself, as apt on this host knows it, with the suite of
 * installer components that was assembled here beside it. The virtual rack has no way out, so it stands outside, behind a unix socket.
 */
import { execFile } from 'node:child_process';
import { createReadStream, statSync } from 'node:fs';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { join, normalize } from 'node:path';
import { promisify } from 'node:util';

/** Where the rack finds it. */
export const UPSTREAM_PORT = 8099;

/** Debian, without a slash at the end; rejects when apt has no Debian source over plain HTTP. */
export async function findDebian(): Promise<string> {
  const { stdout } = await promisify(execFile)('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI)',
    'Created-By: Packages',
  ]);
  const found = stdout.split('\n').find((uri) => uri.startsWith('http://') && !uri.includes('security'));
  if (found === undefined) throw new Error('apt has no Debian source over plain HTTP here');
  return found.replace(/\/$/, '');
}

/** Serves what is below `folder`, and everything else from `debian`, at a unix socket. Counts what it was asked for. */
export async function serveUpstream(socket: string, folder: string, debian: string) {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    const path = normalize(decodeURIComponent(request.url ?? '/')).replace(/^\/debian\//, '');
    const own = join(folder, path);
    // What Debian has signed comes from Debian. A cache on the way may hold some small files of the release before (seen: Release.gpg
    // of September beside a Release of November); the folder has those that were mended, byte for byte what the signature names.
    if (path === 'dists/trixie/Release.gpg') return void response.writeHead(404).end();
    const isOurs = path.startsWith('dists/trixie-lab/') || path.endsWith('.udeb') || path.endsWith('-amd64/Release');
    if (isOurs && isFile(own)) return void createReadStream(own).pipe(response);
    forward(`${debian}/${path}`, request, response);
  });
  await new Promise<void>((done) => void server.listen(socket, done));
  return { requests: () => requests, close: () => server.close() };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function forward(url: string, { headers }: IncomingMessage, response: ServerResponse): void {
  const { range, 'if-range': ifRange, 'if-none-match': ifNoneMatch, 'if-modified-since': since } = headers;
  const passed = { range, 'if-range': ifRange, 'if-none-match': ifNoneMatch, 'if-modified-since': since };
  const kept = Object.fromEntries(Object.entries(passed).filter(([, value]) => value !== undefined));
  const asked = get(url, { headers: kept }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  asked.once('error', (error) => response.writeHead(502).end(error.message));
}

/** Inside the rack: its address, which leads to the socket. */
export async function openWayOut(socket: string): Promise<{ close(): void }> {
  const server = createTcpServer((client) => {
    const outside = connect(socket);
    client.on('error', () => outside.destroy());
    outside.on('error', () => client.destroy());
    client.pipe(outside).pipe(client);
  });
  await new Promise<void>((done) => void server.listen(UPSTREAM_PORT, '127.0.0.1', done));
  return { close: () => server.close() };
}
