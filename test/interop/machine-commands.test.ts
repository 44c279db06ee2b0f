import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Status } from '../../src/http/api/ports.ts';
import type { RenderView } from '../../src/http/api/render-view.ts';
import { needs } from '../needs.ts';
import { type Ran, run } from '../support/http.ts';
import { ip, openSegment } from '../support/segment.ts';
import { newFolder, rackready, startServer, writeConfig } from '../support/server.ts';

const RACK = `# The rack, by hand.
networks:
  management:
    interface: br0
    subnet: 172.22.10.0/24
    address: 172.22.10.2   # this host
    dhcp: { mode: authoritative, conflictProbe: false, pools: [{ range: 172.22.10.5-172.22.10.30 }] }
machines:
  sm1:   { mac: "00:25:90:96:c4:9a", address: 172.22.10.55 }   # left
`;

async function cli(data: string, ...args: string[]): Promise<Ran> {
  const ran = await rackready(data, ...args);
  return { ...ran, text: ran.stdout.toString() };
}

async function startHere(t: TestContext) {
  await openSegment(t);
  return startServer(t, { yaml: RACK });
}

test('machines add, set and remove change the file, and the running server says that it has read it', async (t) => {
  if (!needs(t, 'ip')) return;
  const { config, data } = await startHere(t);
  chmodSync(config, 0o640);
  const added = await cli(data, 'machines', 'add', 'sm2', '--mac', '00:25:90:96:c6:5a', '--address', '172.22.10.56');
  assert.equal(added.code, 0, added.stderr);
  assert.match(added.text, /sm2 is added: .*\nthe server has read it: 2 machines\n/);
  const line = '  sm2: { mac: "00:25:90:96:c6:5a", address: 172.22.10.56 }\n';
  assert.equal(readFileSync(config, 'utf8'), RACK + line);
  assert.equal(statSync(config).mode & 0o777, 0o640);
  assert.match((await cli(data, 'machines')).text, /^sm2 .*172\.22\.10\.56/m);

  const set = await cli(data, 'machines', 'set', 'sm1', 'address=172.22.10.60', 'vars.role=web', '--json');
  assert.deepEqual(JSON.parse(set.text), {
    files: [config],
    server: { kind: 'loaded', machines: 2, networks: 1 },
  });
  assert.ok(readFileSync(config, 'utf8').includes('address: 172.22.10.60, vars: { role: web } }   # left\n'));

  const removed = await cli(data, 'machines', 'remove', 'sm2');
  assert.equal(removed.code, 0, removed.stderr);
  assert.equal((await cli(data, 'machines', 'show', 'sm2')).code, 1);
  assert.deepEqual(readdirSync(join(config, '..')), ['rackready.yaml'], 'no draft is left behind');
});

test('notes go through set, show, export and import, line by line', async (t) => {
  if (!needs(t, 'ip')) return;
  const { config, data } = await startHere(t);
  const set = await cli(data, 'machines', 'set', 'sm1', 'notes=PSU: "new"\nfan 3 is loud');
  assert.equal(set.code, 0, set.stderr);
  assert.match(readFileSync(config, 'utf8'), /172\.22\.10\.55, notes: "PSU: \\"new\\"\\nfan 3 is loud" \} {3}# left\n/);
  assert.match((await cli(data, 'machines', 'show', 'sm1')).text, /^notes: {8}PSU: "new"\n {14}fan 3 is loud$/m);
  const exported = join(newFolder('exported'), 'machines.yaml');
  writeFileSync(exported, (await cli(data, 'machines', 'export')).text);
  const out = await cli(data, 'machines', 'set', 'sm1', 'notes=');
  assert.equal(out.code, 0, out.stderr);
  assert.equal(readFileSync(config, 'utf8'), RACK);
  const imported = await cli(data, 'machines', 'import', exported, '--replace');
  assert.equal(imported.code, 0, imported.stderr);
  assert.match((await cli(data, 'machines', 'show', 'sm1')).text, /fan 3 is loud/);
  const bad = await cli(data, 'machines', 'set', 'sm1', `notes=${'x'.repeat(10_001)}`);
  assert.match(bad.stderr, /rackready\.yaml:\d+:\d+: machines\.sm1\.notes: is 10001 characters long/);
});

test('a bad edit changes nothing and names the line', async () => {
  const config = writeConfig(RACK);
  const data = newFolder('data');
  const edit = (...args: string[]) => cli(data, 'machines', ...args, '--config', config);
  const bad = await edit('add', 'sm2', '--mac', '00:25:90:96:c4:9a');
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /rackready\.yaml:10:15: machines\.sm2\.mac: 00:25:90:96:c4:9a is already given/);
  const pool = await edit('set', 'sm1', 'address=172.22.10.7', '--json');
  const { error } = JSON.parse(pool.text) as { error: { code: string; message: string } };
  assert.equal(error.code, 'config-invalid');
  assert.match(error.message, /rackready\.yaml:9:\d+: machines\.sm1\.address: 172\.22\.10\.7 is in the pool/);
  assert.match((await edit('set', 'sm2', 'address=172.22.10.7')).stderr, /no machine "sm2".*did you mean sm1\?/);
  assert.equal((await edit('set', 'sm1', 'address')).code, 64);
  assert.equal((await cli(data, 'machines', 'remove', 'sm1', '--config', '/nowhere.yaml')).code, 66);
  assert.equal(readFileSync(config, 'utf8'), RACK);
});

test('a folder and a symbolic link: the right file is written, the link stays a link, the owner stays', async (t) => {
  const folder = newFolder('folder');
  const store = newFolder('store');
  const [head = '', machines = ''] = RACK.split('machines:\n');
  writeFileSync(join(folder, '10-net.yaml'), head);
  const edit = (...args: string[]) => cli(newFolder('data'), 'machines', ...args, '--config', folder);
  const first = await edit('add', 'a1', '--mac', '00:25:90:00:00:01');
  assert.equal(first.code, 0, first.stderr);
  assert.equal(readFileSync(join(folder, 'machines.yaml'), 'utf8'), 'machines:\n  a1: { mac: "00:25:90:00:00:01" }\n');
  writeFileSync(join(store, 'rack.yaml'), `machines:\n${machines}`);
  chownSync(join(store, 'rack.yaml'), 4711, 4712);
  symlinkSync(join(store, 'rack.yaml'), join(folder, '05-rack.yaml'));
  assert.equal((await edit('set', 'sm1', 'hostName=left')).code, 0);
  const real = statSync(join(store, 'rack.yaml'));
  assert.deepEqual([real.uid, real.gid], [4711, 4712]);
  assert.match(readFileSync(join(folder, '05-rack.yaml'), 'utf8'), /hostName: left/);
  assert.ok(existsSync(join(folder, '05-rack.yaml')));
  t.diagnostic(first.text);
});

test('export and import: the same comes back, differences want --replace, a thousand machines in one go', async (t) => {
  const config = writeConfig(RACK);
  const data = newFolder('data');
  const edit = (...args: string[]) => cli(data, 'machines', ...args, '--config', config);
  const exported = (await edit('export')).text;
  assert.equal(exported, 'machines:\n  sm1: { mac: "00:25:90:96:c4:9a", address: 172.22.10.55 }\n');
  const file = join(newFolder('import'), 'in.yaml');
  writeFileSync(file, exported);
  assert.match((await edit('import', file)).text, /nothing to change/);
  assert.equal(readFileSync(config, 'utf8'), RACK);
  writeFileSync(file, exported.replace('.55', '.61'));
  assert.match((await edit('import', file)).stderr, /written differently in the configuration: sm1/);
  assert.match((await edit('import', file, '--replace')).text, /0 added, 1 replaced, 0 as they were/);
  assert.match(readFileSync(config, 'utf8'), /172\.22\.10\.61 } {3}# left\n$/);
  const many = Array.from({ length: 1000 }, (_, index) => {
    const mac = `02:00:00:00:${(index >> 8).toString(16).padStart(2, '0')}:${(index & 255).toString(16).padStart(2, '0')}`;
    return `  n${index}: { mac: "${mac}" }\n`;
  });
  writeFileSync(file, `machines:\n${many.join('')}`);
  assert.match((await edit('import', file)).text, /1000 added, 0 replaced/);
  assert.equal((await edit('export', '--machines', 'n7', 'n999')).text, `machines:\n${many[7]}${many[999]}`);
  assert.equal((await edit('export', '--machines', 'n1000')).code, 1);
  t.diagnostic(`${readFileSync(config).length} bytes`);
});

test('render of a running server names the lines of its file, and leaves no trace', async (t) => {
  if (!needs(t, 'ip')) return;
  const { data, events } = await startHere(t);
  const count = events.length;
  const { code, text, stderr } = await cli(data, 'render', 'sm1', '--firmware', 'bios');
  assert.equal(code, 0, stderr);
  assert.match(text, /^address +172\.22\.10\.55 +machines\.sm1\.address \(rackready\.yaml:9:47\)$/m);
  assert.match(text, /^== DHCP for bios: offer$/m);
  const all = JSON.parse((await cli(data, 'render', 'sm1', '--json')).text) as RenderView;
  assert.deepEqual([all.decision.kind, all.boots.length], ['local', 6]);
  assert.equal((await cli(data, 'render', 'sm')).code, 1);
  assert.match((await cli(data, 'leases')).stderr, /no leases/);
  assert.deepEqual(events.slice(count), []);
});

interface Asked {
  readonly status: number;
  readonly body: string;
}

function ask(port: number, path: string, headers: Record<string, string> = {}): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers }, async (response) => {
      let body = '';
      for await (const chunk of response.setEncoding('utf8')) body += chunk;
      resolve({ status: response.statusCode ?? 0, body });
    });
    asked.once('error', reject).end();
  });
}

test('the admin API on TCP: token, moved and turned off by a reload; the boot listener has none of it', async (t) => {
  if (!needs(t, 'ip', 'curl')) return;
  ip('link set lo up');
  await openSegment(t);
  const data = newFolder('data');
  mkdirSync(data, { recursive: true });
  const { config, event, nextEvent } = await startServer(t, { yaml: RACK, data });
  await event('server.listening', { what: 'Admin API', where: '127.0.0.1:8067' });
  const status = JSON.parse((await cli(data, 'status', '--json')).text) as Status;
  assert.deepEqual(status.admin, {
    socket: join(data, 'rackready.sock'),
    listen: '127.0.0.1:8067',
    problem: null,
    tokenFile: join(data, 'admin.token'),
  });
  assert.match((await cli(data, 'status')).text, /http:\/\/127\.0\.0\.1:8067\/ with the token in .*admin\.token/);
  assert.equal(statSync(status.admin.tokenFile).mode & 0o777, 0o600);
  const token = readFileSync(status.admin.tokenFile, 'utf8').trim();
  assert.equal((await cli(data, 'status', '--link')).text, `http://127.0.0.1:8067/#token=${token}\n`);
  const bearer = { Authorization: `Bearer ${token}` };
  assert.equal((await ask(8067, '/api/v1/machines')).status, 401);
  await event('admin.refused', { address: '127.0.0.1' });
  assert.match((await ask(8067, '/api/v1/machines', bearer)).body, /"name":"sm1"/);
  assert.equal((await ask(8067, '/api/v1/machines', { ...bearer, Host: 'evil.example' })).status, 403);
  assert.match((await ask(8067, '/api/v1/openapi.json', bearer)).body, /^\{"openapi":"3\.1\.0"/);
  const boot = await run('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', 'http://172.22.10.2/api/v1/machines']);
  if (boot.code === 0) assert.equal(boot.stdout.toString(), '404');

  const moved = nextEvent('server.listening', { what: 'Admin API', where: '127.0.0.1:8068' });
  writeFileSync(config, `server: { admin: { listen: "127.0.0.1:8068" } }\n${RACK}`);
  await moved;
  assert.equal((await ask(8068, '/api/v1/machines', bearer)).status, 200);
  await assert.rejects(ask(8067, '/api/v1/machines', bearer), /ECONNREFUSED/);
  writeFileSync(config, `server: { admin: { listen: off } }\n${RACK}`);
  assert.equal((await cli(data, 'status', '--reload')).code, 0);
  await assert.rejects(ask(8068, '/api/v1/machines', bearer), /ECONNREFUSED/);
  assert.match((await cli(data, 'status')).text, /not by TCP/);
});
