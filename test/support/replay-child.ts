import { createSocket, type Socket } from 'node:dgram';
import { createInterface } from 'node:readline';
import { openRawSender } from '../../src/io/udp/raw-sender.ts';
import { openStrangerListener } from '../../src/io/udp/stranger-listener.ts';
import { formatIpv4 } from '../../src/net/ipv4.ts';
import { mac } from '../../src/net/mac.ts';

/*
 * Runs in a client's network namespace: sends datagrams as a machine without an address does (frames of its own), or from
 * an ordinary socket, and prints every DHCP reply that reaches the card. One JSON object a line in both directions.
 *
 *     {"kind":"raw","mac":"…","hex":"…"}                          0.0.0.0:68 -> 255.255.255.255:67
 *     {"kind":"udp","port":4011,"to":"…","toPort":4011,"hex":"…"}
 */
type Order =
  | { readonly kind: 'raw'; readonly mac: string; readonly hex: string }
  | {
      readonly kind: 'udp';
      readonly address?: string;
      readonly port: number;
      readonly to: string;
      readonly toPort: number;
      readonly hex: string;
    };

const [interfaceName = 'eth0'] = process.argv.slice(2);
const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
const sender = await openRawSender({ interface: interfaceName });
if (sender.kind !== 'raw') throw new Error(sender.reason);
await openStrangerListener({ interface: interfaceName }, ({ payload, sourceAddress, sourceMac }) => {
  say({ source: formatIpv4(sourceAddress), sourceMac, hex: Buffer.from(payload).toString('hex') });
});

const sockets = new Map<string, Promise<Socket>>();
function socketOn(address: string, port: number): Promise<Socket> {
  const key = `${address}:${port}`;
  const known = sockets.get(key);
  if (known) return known;
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  const opened = new Promise<Socket>((resolve) => {
    socket.bind({ address, port, exclusive: true }, () => {
      socket.setBroadcast(true);
      resolve(socket);
    });
  });
  socket.on('message', (bytes, from) => {
    // What comes to port 68 is printed by the listener already.
    if (port !== 68) say({ source: from.address, sourcePort: from.port, toPort: port, hex: bytes.toString('hex') });
  });
  sockets.set(key, opened);
  return opened;
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const order = JSON.parse(line) as Order;
  const payload = Buffer.from(order.hex, 'hex');
  if (order.kind === 'raw') {
    sender.sendRawBroadcast({ sourceMac: mac(order.mac), sourcePort: 68, destinationPort: 67, payload });
    return;
  }
  void socketOn(order.address ?? '0.0.0.0', order.port).then((socket) => socket.send(payload, order.toPort, order.to));
});
say({ ready: true });
