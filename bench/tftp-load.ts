import { createSocket, type Socket } from 'node:dgram';

/**
 * A TFTP client that throws the bytes away, for bench/tftp.ts:
 *
 *     node bench/tftp-load.ts ADDRESS FILE CLIENTS BLKSIZE WINDOW
 *
 * Fetches FILE CLIENTS times at once and prints {"seconds", "bytes", "again"} as JSON. The same for every server.
 */
interface Fetch {
  readonly bytes: number;
  readonly again: number;
}

const noLookup = (address: string, _options: unknown, done: (error: null, address: string, family: number) => void) =>
  done(null, address, 4);
const ack = (block: number) => Buffer.from([0, 4, block >>> 8, block & 255]);

function request(file: string, blockSize: number, window: number): Buffer {
  const options = ['blksize', String(blockSize), ...(window > 1 ? ['windowsize', String(window)] : [])];
  return Buffer.from(`\0\x01${[file, 'octet', ...options].join('\0')}\0`, 'latin1');
}

function fetchFile(socket: Socket, address: string, file: string, wanted: readonly [number, number]): Promise<Fetch> {
  let [blockSize, window] = wanted;
  let [expected, inWindow, bytes, again, port] = [1, 0, 0, 0, 69];
  let last: Buffer = request(file, blockSize, window);
  return new Promise((resolve, reject) => {
    let isAlive = true;
    const send = (packet: Buffer) => {
      last = packet;
      socket.send(packet, port, address);
    };
    const timer = setInterval(() => {
      if (!isAlive) {
        again++;
        socket.send(last, port, address);
      }
      isAlive = false;
    }, 1000);
    socket.on('message', (packet, from) => {
      if (port === 69) port = from.port;
      if (from.port !== port) return;
      isAlive = true;
      const kind = packet[1];
      if (kind === 6) {
        const words = packet.toString('latin1', 2).split('\0');
        const value = (name: string, otherwise: number) =>
          words.includes(name) ? Number(words[words.indexOf(name) + 1]) : otherwise;
        blockSize = value('blksize', 512);
        window = value('windowsize', 1);
        send(ack(0));
      } else if (kind === 3) {
        const block = packet.readUInt16BE(2);
        if (block !== expected) {
          if (window > 1 && inWindow > 0) send(ack((expected + 65535) & 65535));
          inWindow = 0;
          return;
        }
        expected = (block + 1) & 65535;
        bytes += packet.length - 4;
        const isLast = packet.length - 4 < blockSize;
        if (++inWindow >= window || isLast) {
          inWindow = 0;
          send(ack(block));
        }
        if (!isLast) return;
        clearInterval(timer);
        socket.close();
        resolve({ bytes, again });
      } else {
        clearInterval(timer);
        socket.close();
        reject(new Error(packet.toString('latin1', 4)));
      }
    });
    send(last);
  });
}

const [address = '', file = '', clients = '1', blockSize = '512', window = '1'] = process.argv.slice(2);
const sockets = await Promise.all(
  Array.from({ length: Number(clients) }, () => {
    const socket = createSocket({ type: 'udp4', lookup: noLookup, recvBufferSize: 1 << 20 });
    return new Promise<Socket>((resolve) => socket.bind(0, () => resolve(socket)));
  }),
);
const start = performance.now();
const fetched = await Promise.all(
  sockets.map((socket) => fetchFile(socket, address, file, [Number(blockSize), Number(window)])),
);
const seconds = (performance.now() - start) / 1000;
const sum = (key: keyof Fetch) => fetched.reduce((total, each) => total + each[key], 0);
console.log(JSON.stringify({ seconds, bytes: sum('bytes'), again: sum('again') }));
