import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needs } from '../needs.ts';
import { openSegment, runProgram, startProgram } from '../support/segment.ts';
import { launchServer, newFolder, startServer, writeConfig } from '../support/server.ts';

/** What an operator does to a server that runs: stops it, signals it, edits its configuration, loses its terminal. */

function configuration(port = 80, more = ''): string {
  return `
server: { httpPort: ${port} }
networks:
  management:
    interface: br0
    subnet: 172.22.10.0/24
    address: 172.22.10.2
    dhcp: { mode: authoritative, conflictProbe: false, pools: [{ range: 172.22.10.5-172.22.10.30 }] }
${more}`;
}

test('stopped in the middle of a reload, the server ends and leaves nothing open', async (t) => {
  if (!needs(t, 'ip')) return;
  await openSegment(t);
  const server = await startServer(t, { yaml: configuration() });
  // The HTTP port is the first that a reload opens; DHCP and TFTP come after it.
  const halfway = server.nextEvent('server.listening', { what: 'HTTP' });
  writeFileSync(server.config, configuration(8080));
  process.kill(server.pid, 'SIGHUP');
  await halfway;
  process.kill(server.pid, 'SIGTERM');
  assert.equal(
    await Promise.race([server.ended, sleep(20_000, 'still running')]),
    'rackready up ended with exit code 0',
  );
});

test('SIGHUP during the start is a reload after it, and not the end', async (t) => {
  if (!needs(t, 'ip')) return;
  await openSegment(t);
  const server = launchServer(t, { yaml: configuration() });
  // The first thing that is told, long before the server is up.
  await server.event('server.listening');
  process.kill(server.pid, 'SIGHUP');
  await server.event('server.started');
  const loaded = () => server.events.filter(({ id }) => id === 'config.loaded').length;
  if (loaded() < 2) await server.nextEvent('config.loaded');
  assert.equal(loaded(), 2);
});

const PROGRAM = resolve(import.meta.dirname, '..', '..', 'rackready');

/** Runs the server with its output as the shell words say, and what `status` says of it; then it is stopped. */
async function startedWith(output: string): Promise<string> {
  const data = newFolder('output');
  const up = `${PROGRAM} up --config ${writeConfig(configuration())} --data ${data} --verbose`;
  const status = `${PROGRAM} status --data ${data}`;
  const waiting = `until [ -S ${join(data, 'rackready.sock')} ]; do sleep 0.2; done`;
  const script = `(${up} ${output}) & ${waiting}; sleep 1; ${status}; kill $(cat ${join(data, 'rackready.pid')}); wait`;
  return (await runProgram(['bash', '-c', script], 120_000)).text;
}

test('the server does not end, nor wait, when nobody takes what it prints', async (t) => {
  if (!needs(t, 'ip')) return;
  await openSegment(t);
  const rows = {
    'a reader that has seen enough': '| head -n 1 >/dev/null',
    'a full disk': '>/dev/full',
    'standard output closed': '>&-',
  };
  for (const [name, output] of Object.entries(rows)) {
    assert.match(await startedWith(output), /TFTP/, name);
  }
});

test('a reload leaves alone what did not change: downloads go on, sockets stay', async (t) => {
  if (!needs(t, 'ip', 'curl')) return;
  const rack = await openSegment(t);
  await openSegment(t, { bridge: 'br1', address: '10.5.0.1/24', bridgeMac: '02:00:0a:05:00:01' });
  const client = await rack.addClient('cli', { mac: '02:00:00:00:00:0a' });
  await runProgram(['ip', '-n', 'cli', 'address', 'add', '172.22.10.77/24', 'dev', client.interfaceName]);
  const folder = newFolder('boot');
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'big.img'), '');
  const sizeBytes = 12_000_000;
  truncateSync(join(folder, 'big.img'), sizeBytes);
  const yaml = (mode: string, more = '') =>
    `${configuration(80, `  second: { interface: br1, subnet: 10.5.0.0/24, address: 10.5.0.1, dhcp: { mode: ${mode} } }\n${more}`)}`.replace(
      'httpPort: 80',
      `httpPort: 80, bootFolder: ${folder}`,
    );
  const server = await startServer(t, { yaml: yaml('authoritative') });
  const argv = [
    'curl',
    '-sS',
    '--limit-rate',
    '2M',
    '-o',
    '/dev/null',
    '-w',
    '%{size_download}',
    'http://172.22.10.2/big.img',
  ];
  const curl = startProgram(t, [...client.prefix, ...argv]);
  await server.event('http.start', { path: '/big.img' });
  const told = server.events.length;
  const loaded = server.nextEvent('config.loaded', { networks: 3 });
  writeFileSync(
    server.config,
    yaml('proxy', '  far: { subnet: 10.6.0.0/24, address: 172.22.10.2, dhcp: { mode: authoritative } }\n'),
  );
  await loaded;
  const opened = server.events.slice(told).filter(({ id }) => id === 'server.listening');
  assert.deepEqual(opened.map(({ data }) => `${data?.what} ${data?.where}`).sort(), [
    'DHCP (second: proxy) br1, ports 67 and 4011',
    'TFTP 10.5.0.1:69',
  ]);
  await curl.printed(new RegExp(`^${sizeBytes}$`), 60_000);
  assert.equal(
    server.events.some(({ id }) => id === 'http.aborted'),
    false,
  );
  assert.equal(
    server.events.some(({ id }) => id === 'server.cannot-listen'),
    false,
    'one socket serves both networks',
  );
});

test('a network that is taken out is not served any more, and status does not list it', async (t) => {
  if (!needs(t, 'ip')) return;
  await openSegment(t);
  const server = await startServer(t, { yaml: configuration() });
  const status = async () => (await runProgram([PROGRAM, 'status', '--data', server.data])).text;
  const before = await status();
  for (const row of [/172\.22\.10\.2:80 +HTTP +open/, /br0, ports 67.* open/, /172\.22\.10\.2:69 +TFTP +open/]) {
    assert.match(before, row);
  }
  const loaded = server.nextEvent('config.loaded', { networks: 0 });
  writeFileSync(server.config, 'networks: {}\n');
  await loaded;
  assert.doesNotMatch(await status(), /172\.22|br0/);
  const { text } = await runProgram(['ss', '-Hlnu']);
  assert.doesNotMatch(text, /:(67|69|4011) /);
});

test('the HTTP port in use: the message names who holds it, it is told once, tried again, and then works', async (t) => {
  if (!needs(t, 'ip')) return;
  await openSegment(t);
  const other = createServer().listen(80, '172.22.10.2');
  await once(other, 'listening');
  const server = await startServer(t, { yaml: configuration() });
  const told = await server.event('server.cannot-listen', { where: '172.22.10.2:80' });
  assert.match(
    String(told.data?.reason),
    new RegExp(`held by .+ \\(process ${process.pid}\\) on 172\\.22\\.10\\.2:80`),
  );
  const listening = server.nextEvent('server.listening', { where: '172.22.10.2:80' });
  other.close();
  await listening;
  assert.equal(server.events.filter(({ id }) => id === 'server.cannot-listen').length, 1);
});

const HOLD_TFTP = `require('node:dgram').createSocket({ type: 'udp4', reusePort: true })
  .bind(69, '172.22.10.2', () => console.log('holds it'))`;

test('the TFTP port in use: no try says that DHCP is served, and status says why not', async (t) => {
  if (!needs(t, 'ip')) return;
  await openSegment(t);
  const other = createSocket({ type: 'udp4', reusePort: true }).bind(69, '172.22.10.2');
  await once(other, 'listening');
  const server = await startServer(t, { yaml: configuration() });
  const reason = new RegExp(`port 69 .*held by .+ \\(process ${process.pid}\\)`);
  await server.event('server.cannot-listen', { where: 'br0', reason });
  // A try after the first one is known by the holder that it meets: the port changes hands without being free.
  const again = server.nextEvent('server.cannot-listen', { where: 'br0' });
  const holder = startProgram(t, [process.execPath, '-e', HOLD_TFTP]);
  await holder.printed(/holds it/);
  other.close();
  await again;
  const { text } = await runProgram([PROGRAM, 'status', '--data', server.data]);
  assert.match(text, /^br0 +DHCP and TFTP +cannot listen: .*port 69/m);
  const opened = server.events.filter(({ id }) => id === 'server.listening').map(({ data }) => data?.where);
  assert.deepEqual(
    opened.filter((where) => /br0|:69/.test(String(where))),
    [],
  );
  await holder.stop();
  await server.event('server.listening', { where: '172.22.10.2:69' });
  await server.event('server.listening', { where: 'br0, ports 67 and 4011' });
});

test('a second server with a data folder of its own hears that the ports are held by rackready', async (t) => {
  if (!needs(t, 'ip')) return;
  await openSegment(t);
  const first = await startServer(t, { yaml: configuration() });
  const second = await startServer(t, { yaml: configuration() });
  const holder = new RegExp(`held by rackready \\(process ${first.pid}\\)`);
  await second.event('server.cannot-listen', { where: '172.22.10.2:80', reason: holder });
  await second.event('server.cannot-listen', { where: 'br0', reason: holder });
});
