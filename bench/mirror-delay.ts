import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/*
 * A TCP proxy that lets everything arrive later, for kernels without netem: each direction by half of the round trip, a new
 * connection by a whole one, as its handshake takes.
 *
 *     mirror-delay.ts PORT TO-PORT ROUND-TRIP-MS
 */

const [, , port = '', to = '', roundTrip = ''] = process.argv;
const delayMs = Number(roundTrip) / 2;
/** As a window of TCP, which holds back whoever sends too much at once. */
const MOST_ON_THE_WAY = 4 * 1024 * 1024;

function forward(from: Socket, into: Socket): void {
  let onTheWay = 0;
  const later = (deliver: () => void) => setTimeout(deliver, delayMs);
  from.on('data', (chunk: Buffer) => {
    onTheWay += chunk.length;
    if (onTheWay > MOST_ON_THE_WAY) from.pause();
    later(() => {
      onTheWay -= chunk.length;
      if (onTheWay <= MOST_ON_THE_WAY) from.resume();
      if (into.writable && !into.write(chunk)) from.pause();
    });
  });
  into.on('drain', () => from.resume());
  from.on('end', () => later(() => into.end()));
  from.on('close', () => later(() => into.destroy()));
  from.on('error', () => {});
}

createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, async (client) => {
  client.on('error', () => {});
  await sleep(2 * delayMs);
  const server = connect({ port: Number(to), host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  forward(client, server);
  forward(server, client);
  client.resume();
}).listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
