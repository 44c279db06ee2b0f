import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Machines that boot, for bench/story.ts:
 *
 *     node bench/story-load.ts SERVER RELAY FILE MACHINES SECONDS ROUND
 *
 * Spread over SECONDS, each asks for an address by DHCP as UEFI firmware (through this relay) and loads FILE by TFTP from that
 * address. Prints {"dhcp": [ms …], "tftp": [ms …], "lost"} as JSON. The addresses must be routed to this namespace.
 */
const [server = '', relay = '', file = '', machines = '1000', seconds = '10', round = '0'] = process.argv.slice(2);
const TRY_MS = 1_000;
const TRIES = 5;

interface Waiting {
  readonly type: number;
  readonly done: (reply: Buffer) => void;
}
const waiting = new Map<string, Waiting>();

const octets = (address: string) => address.split('.').map(Number);
const dotted = (bytes: Uint8Array) => [...bytes].join('.');

function question(mac: Buffer, xid: number, type: number, more: readonly number[]): Buffer {
  const bytes = Buffer.alloc(300);
  bytes.set([1, 1, 6, 1]);
  bytes.writeUInt32BE(xid, 4);
  bytes.set(octets(relay), 24);
  bytes.set(mac, 28);
  bytes.set([99, 130, 83, 99, 53, 1, type], 236);
  const vendorClass = Buffer.from('PXEClient:Arch:00007:UNDI:003016');
  bytes.set([60, vendorClass.length, ...vendorClass, 93, 2, 0, 7, ...more, 255], 243);
  return bytes;
}

/** Sends until the reply is there; undefined: it did not come. */
async function ask(socket: Socket, bytes: Buffer, mac: Buffer, wanted: number): Promise<Buffer | undefined> {
  const key = mac.toString('hex');
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  waiting.set(key, { type: wanted, done: resolve });
  for (let tries = 0; tries < TRIES; tries++) {
    socket.send(bytes, 67, server);
    const reply = await Promise.race([promise, sleep(TRY_MS, undefined)]);
    if (reply) return reply;
  }
  return undefined;
}

async function lease(socket: Socket, mac: Buffer, xid: number): Promise<string | undefined> {
  const offer = await ask(socket, question(mac, xid, 1, []), mac, 2);
  if (offer === undefined) return undefined;
  const address = offer.subarray(16, 20);
  const more = [50, 4, ...address, 54, 4, ...octets(server)];
  return (await ask(socket, question(mac, xid, 3, more), mac, 5)) && dotted(address);
}

/** Block by block; false: it did not come. */
async function load(address: string): Promise<boolean> {
  const socket = createSocket('udp4');
  socket.bind({ address, port: 0, exclusive: true });
  await once(socket, 'listening');
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), TRY_MS * TRIES);
  let expected = 1;
  socket.on('message', (packet, from) => {
    if (packet[1] === 6) return socket.send(Buffer.of(0, 4, 0, 0), from.port, from.address);
    if (packet[1] !== 3) return resolve(false);
    const block = packet.readUInt16BE(2);
    if (block !== expected) return;
    expected++;
    socket.send(Buffer.of(0, 4, block >>> 8, block & 255), from.port, from.address);
    if (packet.length < 4 + 1428) resolve(true);
  });
  socket.send(Buffer.from(`\0\x01${file}\0octet\0blksize\x001428\0`, 'latin1'), 69, server);
  const isWhole = await promise;
  clearTimeout(timer);
  socket.close();
  return isWhole;
}

const relaySocket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
relaySocket.on('message', (bytes) => {
  const key = bytes.toString('hex', 28, 34);
  const one = waiting.get(key);
  if (one === undefined || bytes[242] !== one.type) return;
  waiting.delete(key);
  one.done(bytes);
});
relaySocket.bind(67, relay);
await once(relaySocket, 'listening');
const times = { dhcp: [] as number[], tftp: [] as number[], lost: 0 };

async function boot(index: number): Promise<void> {
  const mac = Buffer.of(2, 0, 0, 0, index >> 8, index & 255);
  const since = performance.now();
  const address = await lease(relaySocket, mac, Number(round) * 100_000 + index);
  if (address === undefined) {
    times.lost++;
    return;
  }
  const leased = performance.now();
  times.dhcp.push(leased - since);
  if (await load(address)) times.tftp.push(performance.now() - leased);
  else times.lost++;
}

const gapMs = (Number(seconds) * 1000) / Number(machines);
const boots: Promise<void>[] = [];
const begin = performance.now();
for (let index = 0; index < Number(machines); index++) {
  const early = begin + index * gapMs - performance.now();
  if (early > 1) await sleep(early);
  boots.push(boot(index));
}
await Promise.all(boots);
relaySocket.close();
process.stdout.write(JSON.stringify(times));
