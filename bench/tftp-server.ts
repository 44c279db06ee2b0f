import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openTftpServer } from '../src/io/tftp/server.ts';

/** rackready's TFTP server by itself, for bench/tftp.ts: node bench/tftp-server.ts ADDRESS FOLDER MTU. Runs until killed. */
const [address = '', folder = '', mtu = '1500'] = process.argv.slice(2);
const socket = createSocket('udp4');
socket.bind(69, address);
await once(socket, 'listening');
await openTftpServer({
  socket,
  localAddress: address,
  network: 'bench',
  mtu: Number(mtu),
  limits: { maxBlockSize: 65464, maxWindow: 16, perClient: 256, total: 1024 },
  resolve: (name) => {
    const path = join(folder, name);
    return existsSync(path) ? { kind: 'file', name, path } : { kind: 'missing', name, expected: false };
  },
  emit: (id, _subject, data) => {
    if (process.env.VERBOSE) console.error(id, JSON.stringify(data));
  },
});
console.log('ready');
