import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** What a server does with the questions that stand in a row on one of its connections: it answers some, or none yet. */
export type RowAnswer = (paths: readonly string[], socket: Socket) => readonly string[];

/** A server that sees how it is asked: what was sent over a connection before it answered. */
export interface RowUpstream {
  readonly url: string;
  /** Every path that it was asked for, in order. */
  readonly asked: string[];
  /** How many questions stood in the longest row since this was set to 0. */
  longest: number;
}

/** What a server answers with a body, and keeps the connection. */
export function ok(body: string, headers = ''): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`;
}

export const ABSENT = 'HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone';

/** Long enough for whoever asks for more at once to have done so. */
const PATIENCE_MS = 20;

/** `answer` is asked some milliseconds after something has come. */
export async function startRowUpstream(t: TestContext, answer: RowAnswer): Promise<RowUpstream> {
  const sockets = new Set<Socket>();
  const upstream = { url: '', asked: [] as string[], longest: 0 };
  const server = createServer((socket) => {
    sockets.add(socket);
    let text = '';
    let row: string[] = [];
    let timer: NodeJS.Timeout | undefined;
    const look = () => {
      timer = undefined;
      const answers = answer(row, socket);
      row = row.slice(answers.length);
      if (!socket.destroyed && answers.length > 0) socket.write(answers.join(''));
      if (row.length > 0 && answers.length > 0) timer = setTimeout(look, PATIENCE_MS);
    };
    socket.on('error', () => {});
    socket.on('close', () => clearTimeout(timer));
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      const heads = text.split('\r\n\r\n');
      text = heads.pop() ?? '';
      const paths = heads.map((head) => /^GET (\S+)/.exec(head)?.[1] ?? '');
      row.push(...paths);
      upstream.asked.push(...paths);
      upstream.longest = Math.max(upstream.longest, row.length);
      timer ??= setTimeout(look, PATIENCE_MS);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  upstream.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return upstream;
}
