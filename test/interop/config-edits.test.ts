import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { socketName } from '../../src/http/api/listen-unix.ts';
import type { ErrorView } from '../../src/http/api/views.ts';
import { needs } from '../needs.ts';
import { openSegment, runProgram } from '../support/segment.ts';
import { newFolder, startServer, writeConfig } from '../support/server.ts';

/* What the API writes into the configuration, as the account without rights that a server runs as. */

const TEMPLATE = 'd-i debian-installer/locale string {{ locale }}\n';

async function open(t: TestContext) {
  await openSegment(t);
  const folder = newFolder('templates');
  const template = join(folder, 'own.preseed.liquid');
  writeFileSync(template, TEMPLATE);
  for (const name of ['linux', 'initrd']) writeFileSync(join(folder, name), name);
  chmodSync(folder, 0o755);
  const config = writeConfig(`
server: { user: nobody }
networks:
  lab: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: observe } }
profiles:
  own: { os: debian-12, kernel: ${folder}/linux, initrd: ${folder}/initrd, answerFile: ${template} }
machines:
  box: { mac: "02:00:00:00:00:0a", profile: own }
`);
  chmodSync(dirname(config), 0o755);
  const server = await startServer(t, { config });
  const { data } = await server.event('server.privileges');
  const ask = async <Answer>(path: string, body?: object): Promise<Answer> => {
    const how = body ? ['-H', 'Content-Type: application/json', '-d', JSON.stringify(body)] : [];
    const socket = join(server.data, socketName);
    const { text } = await runProgram(['curl', '-s', '--unix-socket', socket, ...how, `http://x/api/v1${path}`]);
    return JSON.parse(text) as Answer;
  };
  return { server, template, ask, state: `${data?.state}: ${data?.reason}`, configFolder: dirname(config) };
}

interface Saved {
  readonly saved: { readonly files: readonly string[]; readonly server: { readonly kind: string } };
}

test('the account may write only what it was given; else the answer is the command', async (t) => {
  if (!needs(t, 'ip', 'curl')) return;
  const { server, template, ask, state, configFolder } = await open(t);
  if (!state.startsWith('root was given up')) return t.skip(`the server did not give up root here: ${state}`);
  const machine = { name: 'fresh', macs: ['02:00:00:00:00:0b'], profile: 'own' };
  const before = readFileSync(server.config, 'utf8');
  const { error } = await ask<ErrorView>('/machines', machine);
  assert.equal(error.code, 'cannot-write');
  assert.equal(error.command, 'sudo ./rackready machines add fresh --mac 02:00:00:00:00:0b --profile own');
  assert.equal(readFileSync(server.config, 'utf8'), before);
  const path = encodeURIComponent(template);
  const { version } = await ask<{ version: string }>(`/templates/text?path=${path}`);
  const edited = { path: template, text: `# new\n${TEMPLATE}`, version };
  assert.equal((await ask<ErrorView>('/templates/save', edited)).error.code, 'cannot-write');

  execFileSync('chown', ['-R', 'nobody:', configFolder, dirname(template)]);
  chmodSync(server.config, 0o640);
  const { saved } = await ask<Saved>('/machines', machine);
  assert.deepEqual([saved.files, saved.server.kind], [[server.config], 'loaded']);
  assert.match(readFileSync(server.config, 'utf8'), /\n {2}fresh: { mac: "02:00:00:00:00:0b", profile: own }\n$/);
  assert.equal(statSync(server.config).mode & 0o777, 0o640);
  assert.equal((await ask<Saved>('/templates/save', edited)).saved.server.kind, 'loaded');
  assert.equal(readFileSync(template, 'utf8'), edited.text);
  const { machines } = await ask<{ machines: { name: string }[] }>('/machines');
  assert.deepEqual(
    machines.map(({ name }) => name),
    ['box', 'fresh'],
  );
});
