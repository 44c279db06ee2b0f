import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakePorts } from '../../../test/support/api.ts';
import { createApi } from './create-api.ts';

function setup() {
  const { ports, calls } = fakePorts();
  const app = createApi(ports);
  const ask = async (method: 'GET' | 'POST', path: string, payload?: object) => {
    const response = await app.inject({ method, url: `/api/v1${path}`, ...(payload && { payload }) });
    return { status: response.statusCode, body: response.json() };
  };
  return { ask, calls };
}

const MAC = '02:00:00:00:00:01';

test('a machine is written into the configuration, with one card or several', async () => {
  const { ask, calls } = setup();
  const { status, body } = await ask('POST', '/machines', { name: 'sm9', macs: [MAC], profile: 'debian-12' });
  const server = { kind: 'loaded', networks: 1, machines: 3 };
  assert.deepEqual([status, body], [200, { saved: { files: ['/etc/rackready.yaml'], server } }]);
  await ask('POST', '/machines', { name: 'sm9', macs: [MAC, '02:00:00:00:00:02'] });
  assert.deepEqual(calls, [
    `add sm9 {"mac":"${MAC}","profile":"debian-12"}`,
    `add sm9 {"macs":["${MAC}","02:00:00:00:00:02"]}`,
  ]);
});

const refusals: readonly (readonly [string, object, number, string])[] = [
  ['a name that is taken', { name: 'sm1', macs: [MAC] }, 409, 'edit-refused'],
  ['a wrong value', { name: 'sm9', macs: [MAC], address: '10.0.0.1' }, 422, 'config-invalid'],
  ['an unknown key', { name: 'sm9', macs: [MAC], adress: '10.0.0.2' }, 400, 'bad-request'],
  ['no card', { name: 'sm9', macs: [] }, 400, 'bad-request'],
];

for (const [what, payload, want, code] of refusals) {
  test(`${what} is refused with ${want}`, async () => {
    const { status, body } = await setup().ask('POST', '/machines', payload);
    assert.deepEqual([status, body.error.code], [want, code]);
  });
}

test('where the server may not write, the answer has the command, quoted for a shell', async () => {
  const hostName = "it's; reboot";
  const { status, body } = await setup().ask('POST', '/machines', { name: 'locked', macs: [MAC], hostName });
  assert.equal(status, 409);
  assert.deepEqual(body.error, {
    code: 'cannot-write',
    message: 'the server’s account may not write /etc/rackready.yaml: EACCES: permission denied',
    hint: 'Do it with the command, or see docs/operating.md.',
    command: `sudo ./rackready machines add locked --mac ${MAC} --host-name 'it'\\''s; reboot'`,
  });
});

test('templates: only those that the configuration uses are read, checked and saved', async () => {
  const { ask, calls } = setup();
  const [template] = (await ask('GET', '/templates')).body.templates;
  const path = encodeURIComponent(template.path);
  assert.equal((await ask('GET', `/templates/text?path=${path}`)).body.version, 'v1');
  for (const other of ['/etc/shadow', `${template.path}/../../shadow`]) {
    assert.equal((await ask('GET', `/templates/text?path=${encodeURIComponent(other)}`)).status, 404, other);
    assert.equal((await ask('POST', '/templates/check', { path: other, text: '' })).status, 404, other);
    assert.equal((await ask('POST', '/templates/save', { path: other, text: '', version: 'v1' })).status, 404, other);
  }
  assert.equal((await ask('GET', '/templates/text')).status, 400);
  calls.length = 0;
  const { check } = (await ask('POST', '/templates/check', { path: template.path, text: 'x', machine: 'sm1' })).body;
  assert.deepEqual(check, { errors: [], machines: ['sm1'], problems: [], preview: 'x' });
  assert.deepEqual(calls, [`check ${template.path} x sm1`]);
  const old = await ask('POST', '/templates/save', { path: template.path, text: 'x', version: 'v0' });
  assert.deepEqual([old.status, old.body.error.code], [409, 'changed-meanwhile']);
  const locked = await ask('POST', '/templates/save', { path: template.path, text: 'x', version: 'v1' });
  assert.equal(locked.body.error.command, "sudo tee '/etc/rackready/my rack.ks.liquid' < CHANGED-TEMPLATE");
});

test('notes of a machine: refused when somebody else has changed them, and a command where they may not be written', async () => {
  const { ask, calls } = setup();
  const path = '/machines/sm1/notes';
  assert.equal((await ask('POST', path, { notes: 'PSU replaced', before: '' })).status, 200);
  assert.deepEqual(calls, ['notes sm1 "PSU replaced" ""']);
  const stale = await ask('POST', path, { notes: 'PSU replaced', before: 'fan' });
  assert.deepEqual([stale.status, stale.body.error.code], [409, 'changed-meanwhile']);
  const locked = await ask('POST', path, { notes: 'locked\nout\n', before: '' });
  assert.equal(locked.status, 200);
  const { body } = await ask('POST', path, { notes: 'locked\nout', before: '' });
  assert.equal(body.error.command, "sudo ./rackready machines set sm1 'notes=locked\nout'");
  assert.equal((await ask('POST', '/machines/sm99/notes', { notes: '', before: '' })).status, 404);
  assert.equal((await ask('POST', path, { notes: '' })).status, 400);
});

test('profiles: read, checked and saved by their text; one that was changed meanwhile is refused', async () => {
  const { ask, calls } = setup();
  const { body } = await ask('GET', '/config/profiles');
  assert.deepEqual([body.profiles[0].name, body.profiles[0].line], ['rocky-9', 4]);
  assert.equal((await ask('GET', '/config/profiles/text?name=rocky-9')).body.version, 'v1');
  assert.equal((await ask('GET', '/config/profiles/text?name=rocky')).status, 404);
  assert.equal((await ask('GET', '/config/profiles/text')).status, 400);
  calls.length = 0;
  const edit = { name: 'rocky-9', text: 'rocky-9: { os: alma-9 }' };
  assert.deepEqual((await ask('POST', '/config/profiles/check', { ...edit, machine: 'sm1' })).body.check.machines, [
    'sm1',
  ]);
  assert.deepEqual(calls, [`check profile ${JSON.stringify(edit)} sm1`]);
  assert.equal((await ask('POST', '/config/profiles/check', { text: '' })).body.error.code, 'no-configuration');
  const stale = await ask('POST', '/config/profiles/save', { ...edit, version: 'v0' });
  assert.deepEqual([stale.status, stale.body.error.code], [409, 'changed-meanwhile']);
  const locked = await ask('POST', '/config/profiles/save', { ...edit, version: 'v1' });
  assert.deepEqual(
    [locked.status, locked.body.error.code, locked.body.error.command],
    [409, 'cannot-write', undefined],
  );
  assert.match(locked.body.error.hint, /docs\/operating\.md/);
});
