import { createServer } from 'node:http';
import { setPriority } from 'node:os';

/**
 * The control of bench/story.ts: a server that does nothing but send as many bytes to each reader as stories would be.
 *
 *     node bench/story-control.ts SOCKET BYTES_A_SECOND
 */
const [socketPath = '', perSecond = '0'] = process.argv.slice(2);
const EVERY_MS = 250;
setPriority(10);
const piece = Buffer.alloc(Math.round((Number(perSecond) * EVERY_MS) / 1000), 'x');
const server = createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  response.flushHeaders();
  const timer = setInterval(() => response.write(piece), EVERY_MS);
  response.on('close', () => clearInterval(timer));
});
server.listen(socketPath, () => process.stdout.write('open\n'));
