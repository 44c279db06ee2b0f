import assert from 'node:assert/strict';
import { execFile as execFileCallback } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { probeBootSector, runBootSector, runNetworkRom, translation } from '../../src/lab/accel.ts';
import { systemPath } from '../../src/lab/enclose.ts';
import { openRack } from '../../src/lab/rack.ts';
import { mac } from '../../src/net/mac.ts';
import { needs } from '../needs.ts';
import { rackProblem } from './rack.ts';

const execFile = promisify(execFileCallback);
const env = { ...process.env, PATH: systemPath() };
const QEMU = 'qemu-system-x86_64';

test('a client on the rack reaches the host, and nothing is left after close()', async (t) => {
  if (!needs(t, 'ip')) return;
  const rack = await openRack({ address: '172.22.10.2/24' });
  t.after(() => rack.close());
  const client = await rack.addClient('cli', { mac: '02:00:00:00:00:99' });
  const run = async (...argv: string[]): Promise<string> => {
    const [command = '', ...args] = [...client.prefix, ...argv];
    return (await execFile(command, args, { env })).stdout;
  };
  await run('ip', 'address', 'add', '172.22.10.9/24', 'dev', client.interfaceName);
  assert.match(await run('ip', 'link', 'show', client.interfaceName), /02:00:00:00:00:99/);
  const server = createServer((socket) => socket.end(socket.remoteAddress ?? 'unknown'));
  t.after(() => server.close());
  await once(server.listen(0, '172.22.10.2'), 'listening');
  const { port } = server.address() as AddressInfo;
  const seen = await run(process.execPath, '-e', `require('net').connect(${port}, '172.22.10.2').pipe(process.stdout)`);
  assert.equal(seen, '172.22.10.9');
  assert.equal(networkInterfaces()[rack.bridge]?.[0]?.mac, '02:00:ac:16:0a:02', 'the bridge keeps its own address');
  const { folder } = rack;
  await rack.close();
  assert.equal(existsSync(folder), false);
  assert.deepEqual(Object.keys(networkInterfaces()), ['lo']);
});

test('a machine starts, shows its console, and is gone after stop()', async (t) => {
  if (!needs(t, QEMU, '/usr/lib/ipxe/qemu/pxe-virtio.rom')) return;
  const problem = rackProblem();
  if (problem !== undefined) return t.skip(problem);
  const rack = await openRack({ accelerator: translation });
  t.after(() => rack.close());
  const machine = await rack.powerOn({ name: 'pc', mac: mac('02:00:00:00:00:01'), firmware: 'bios', memoryMb: 64 });
  const line = await machine.console.waitFor(/net0: /, AbortSignal.timeout(120_000));
  assert.match(line, /net0: 02:00:00:00:00:01/);
  assert.match(readFileSync(machine.serialLog, 'latin1'), /iPXE/);
  await machine.stop();
  assert.equal((await machine.ended).kind, 'stopped');
  assert.equal(existsSync(`/proc/${machine.pid}`), false);
});

test('a machine that dies says why', async (t) => {
  if (!needs(t, QEMU)) return;
  const problem = rackProblem();
  if (problem !== undefined) return t.skip(problem);
  const rack = await openRack({ accelerator: translation });
  t.after(() => rack.close());
  const order = { name: 'pc', mac: mac('02:00:00:00:00:01'), firmware: 'bios', nic: 'no-such-card' } as const;
  const end = await (await rack.powerOn(order)).ended;
  assert.equal(end.kind, 'died');
  assert.match(end.reason, /no-such-card/);
});

test('the accelerator probe recognises an accelerator that works, and says why another one does not', async (t) => {
  if (!needs(t, QEMU, '/usr/lib/ipxe/qemu/pxe-virtio.rom')) return;
  assert.equal(probeBootSector().length, 512);
  assert.equal(await runBootSector(QEMU, 'tcg', 60_000), undefined);
  assert.equal(await runNetworkRom(QEMU, 'tcg', 120_000), undefined);
  assert.match((await runBootSector(QEMU, 'no-such-accelerator', 60_000)) ?? '', /no-such-accelerator/);
});
