import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needs } from '../needs.ts';
import { openSegment, runProgram } from '../support/segment.ts';
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

/** Runs the server with its output as the shell words say, until it answers `status`; then it is stopped. */
async function startedWith(output: string): Promise<string> {
  const data = newFolder('output');
  const up = `${PROGRAM} up --config ${writeConfig(configuration())} --data ${data} --verbose`;
  const script = `(${up} ${output}) & for try in $(seq 60); do sleep 0.5
    ${PROGRAM} status --data ${data} && sleep 2 && ${PROGRAM} status --data ${data} && break; done; kill $(cat ${join(data, 'rackready.pid')}); wait`;
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
