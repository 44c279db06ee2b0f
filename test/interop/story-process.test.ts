import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { request } from 'node:http';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { systemPath } from '../../src/lab/enclose.ts';
import { needs } from '../needs.ts';
import { ip, openSegment } from '../support/segment.ts';
import { newFolder, writeConfig } from '../support/server.ts';

/** What the process of the stories is to the system: whose it is, what it holds, when it ends. */

const env = { ...process.env, PATH: systemPath() };
const ROOT = resolve(import.meta.dirname, '..', '..');
const NOBODY = '65534 65534 65534 65534';
const NO_RIGHTS = '0000000000000000';

/** Starts the host, and waits for its line. */
async function startHost(t: TestContext): Promise<{ host: ChildProcess; pid: number; ended: Promise<unknown> }> {
  ip('link set lo up');
  const host = spawn(process.execPath, [join(ROOT, 'test', 'support', 'story-host.ts'), 'nobody'], {
    env: { ...env, RACKREADY_SECRET: 'do-not-tell' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Not before all who have its standard error are gone.
  const ended = once(host, 'close');
  t.after(() => host.kill('SIGKILL'));
  const lines = createInterface({ input: host.stdout });
  let problems = '';
  host.stderr.on('data', (chunk) => {
    problems += chunk;
  });
  const [line] = await Promise.race([once(lines, 'line'), ended.then(() => [undefined])]);
  assert.ok(line, problems);
  const { kind, pid } = JSON.parse(line) as { kind: string; pid: number };
  assert.equal(kind, 'dropped');
  return { host, pid, ended };
}

function statusOf(path: string): Record<string, string> {
  const lines = readFileSync(`${path}/status`, 'utf8').matchAll(/^(\w+):\s*(.*?)\s*$/gm);
  return Object.fromEntries(Array.from(lines, ([, name = '', value = '']) => [name, value.replace(/\s+/g, ' ')]));
}

test('it is the unprivileged account, with no right, no socket and no word of the server', async (t) => {
  if (!needs(t, 'ip')) return;
  const { pid } = await startHost(t);
  const own = `/proc/${pid}`;
  const { Uid, Gid, Groups, CapEff, CapPrm, NoNewPrivs } = statusOf(own);
  assert.deepEqual({ Uid, Gid, Groups }, { Uid: NOBODY, Gid: NOBODY, Groups: '65534' });
  assert.deepEqual({ CapEff, CapPrm, NoNewPrivs }, { CapEff: NO_RIGHTS, CapPrm: NO_RIGHTS, NoNewPrivs: '1' });
  for (const task of readdirSync(`${own}/task`)) {
    const thread = statusOf(`${own}/task/${task}`);
    assert.deepEqual([thread.Uid, thread.CapPrm], [NOBODY, NO_RIGHTS]);
  }
  const sockets = readdirSync(`${own}/fd`).filter((fd) => readlinkSync(`${own}/fd/${fd}`).startsWith('socket:'));
  assert.deepEqual(sockets, ['2', '3'], 'standard error, which is the test’s, and the pipe');
  const environment = readFileSync(`${own}/environ`, 'utf8').split('\0').filter(Boolean);
  assert.deepEqual(
    environment.filter((one) => !one.startsWith('NODE_COMPILE_CACHE=')),
    [],
  );
  assert.deepEqual(
    readFileSync(`${own}/cmdline`, 'utf8')
      .split('\0')
      .filter((word) => word !== '' && !word.startsWith('--')),
    [process.execPath, join(ROOT, 'src', 'main', 'story-process.ts')],
  );
});

test('it ends with a server that is killed', async (t) => {
  if (!needs(t, 'ip')) return;
  const { host, ended } = await startHost(t);
  host.kill('SIGKILL');
  await ended;
});

/** `rackready up` in a process group of its own, as a terminal has it. */
async function startInGroup(t: TestContext) {
  const data = newFolder('group');
  const config = writeConfig(`
networks:
  management: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: observe } }
`);
  const argv = ['up', '--config', config, '--data', data, '--json', '--verbose'];
  const server = spawn(join(ROOT, 'rackready'), argv, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const group = -(server.pid ?? 0);
  t.after(() => {
    if (server.exitCode === null && server.signalCode === null) process.kill(group, 'SIGKILL');
  });
  const ended = once(server, 'close');
  const told: string[] = [];
  const started = Promise.withResolvers<void>();
  createInterface({ input: server.stdout }).on('line', (line) => {
    const { id } = JSON.parse(line) as { id: string };
    told.push(id);
    if (id === 'server.started') started.resolve();
  });
  await Promise.race([started.promise, ended]);
  return {
    socketPath: join(data, 'rackready.sock'),
    told,
    ended,
    signal: (name: NodeJS.Signals) => process.kill(group, name),
  };
}

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  test(`${name} to the whole group: the server ends, and nothing has died`, async (t) => {
    if (!needs(t, 'ip')) return;
    await openSegment(t);
    const { socketPath, told, ended, signal } = await startInGroup(t);
    const [response] = await once(request({ socketPath, path: '/api/v1/stories' }).end(), 'response');
    assert.equal(response.resume().statusCode, 200);
    signal(name);
    assert.deepEqual(await ended, [0, null]);
    assert.deepEqual(
      told.filter((id) => id === 'worker.died' || id === 'server.stopped'),
      ['server.stopped'],
    );
  });
}
