import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakePorts, SECRET_TOKEN } from '../../../test/support/api.ts';
import { createApi } from './create-api.ts';
import type { ErrorView, EventView, LeaseView, MachineView, WakeView } from './views.ts';

type Method = 'GET' | 'POST' | 'DELETE';

function setup() {
  const fake = fakePorts();
  const app = createApi(fake.ports);
  const ask = async <Answer>(method: Method, path: string, payload?: object) => {
    const response = await app.inject({ method, url: `/api/v1${path}`, ...(payload && { payload }) });
    return { status: response.statusCode, body: response.json<Answer>(), text: response.body };
  };
  return { ...fake, ask };
}

test('GET status is what the server says of itself', async () => {
  const { ask } = setup();
  const { status, body } = await ask<{ version: string; pid: number }>('GET', '/status');
  assert.deepEqual([status, body.version, body.pid], [200, '0.1.0', 42]);
});

test('GET leases lists them by address, with dotted addresses, ISO times and the state that counts', async () => {
  const { ask } = setup();
  const { body } = await ask<{ leases: LeaseView[] }>('GET', '/leases');
  assert.deepEqual(
    body.leases.map(({ address, state, machine, endsAt }) => [address, state, machine, endsAt]),
    [
      ['10.0.0.9', 'bound', null, null],
      ['172.22.10.5', 'bound', 'sm1', '2026-11-23T03:39:00.000Z'],
      ['172.22.10.40', 'abandoned', null, '2026-11-23T03:39:00.000Z'],
      ['172.22.10.41', 'expired', null, '2026-11-23T02:38:59.999Z'],
    ],
  );
});

test('GET leases takes network and state as conditions', async () => {
  const { ask } = setup();
  const addresses = async (query: string) =>
    (await ask<{ leases: LeaseView[] }>('GET', `/leases?${query}`)).body.leases.map(({ address }) => address);
  assert.deepEqual(await addresses('network=lab'), ['10.0.0.9']);
  assert.deepEqual(await addresses('state=expired'), ['172.22.10.41']);
  assert.deepEqual(await addresses('state=bound&network=management'), ['172.22.10.5']);
});

test('a lease is released and forgotten by its address', async () => {
  const { ask, calls } = setup();
  const { body } = await ask<{ lease: LeaseView }>('POST', '/leases/172.22.10.5/release');
  assert.equal(body.lease.machine, 'sm1');
  assert.equal((await ask('DELETE', '/leases/172.22.10.40')).status, 200);
  assert.deepEqual(calls, [`release ${0xac160a05}`, `forget ${0xac160a28}`]);
  const unknown = await ask<ErrorView>('DELETE', '/leases/172.22.10.99');
  assert.deepEqual([unknown.status, unknown.body.error.code], [404, 'unknown-lease']);
});

test('GET machines lists them by name', async () => {
  const { ask } = setup();
  const { body } = await ask<{ machines: MachineView[] }>('GET', '/machines');
  assert.deepEqual(
    body.machines.map(({ name, state, outcome }) => [name, state, outcome?.result]),
    [
      ['sm1', 'installed', 'succeeded'],
      ['sm2', 'ready', undefined],
    ],
  );
});

test('POST install grants with the given or the machine’s own profile, and shows no token', async () => {
  const { ask, calls } = setup();
  const { body, text } = await ask<{ machine: MachineView }>('POST', '/machines/sm1/install');
  assert.deepEqual([body.machine.operation?.stage, body.machine.operation?.profile], ['granted', 'debian-12']);
  assert.equal(text.includes(SECRET_TOKEN), false);
  await ask('POST', '/machines/sm1/install', { profile: 'rocky-9' });
  assert.deepEqual(calls, ['install sm1 undefined', 'install sm1 rocky-9']);
});

test('POST wake says what was sent where, and by what', async () => {
  const { ask, calls } = setup();
  const { body } = await ask<{ machine: MachineView; wake: WakeView }>('POST', '/machines/sm1/wake');
  assert.equal(body.machine.name, 'sm1');
  const way = { network: 'management', interface: 'br0', to: '255.255.255.255', packets: 3 };
  assert.deepEqual(body.wake, { sent: [{ mac: '00:25:90:96:c4:9a', ...way }], answersAt: null, skipped: [] });
  assert.deepEqual(calls, ['wake sm1']);
});

const failures: readonly (readonly [Method, string, object | undefined, number, string, RegExp])[] = [
  ['GET', '/machines/sm', undefined, 404, 'unknown-machine', /did you mean sm[12]\?/],
  ['POST', '/machines/sm9/install', undefined, 404, 'unknown-machine', /did you mean sm[12]\?/],
  ['GET', '/machines/00:25:90:96:c4:9b', undefined, 404, 'unknown-machine', /is a card of sm2: use that name/],
  [
    'POST',
    '/machines/m-00-25-90-00-00-40/install',
    undefined,
    404,
    'unknown-machine',
    /add NAME --mac 00:25:90:00:00:40/,
  ],
  ['POST', '/machines/sm2/retire', undefined, 409, 'refused', /rackready machines sm2/],
  ['POST', '/machines/sm2/unretire', undefined, 409, 'refused', /rackready machines sm2/],
  ['POST', '/machines/sm2/install', undefined, 404, 'unknown-profile', /Profiles: debian-12, rocky-9/],
  ['POST', '/machines/sm1/install', { profile: 'debian-21' }, 404, 'unknown-profile', /did you mean debian-12\?/],
  ['POST', '/machines/sm1/install', { profil: 'debian-12' }, 400, 'bad-request', /Mend/],
  ['POST', '/machines/sm2/cancel', undefined, 409, 'refused', /rackready machines sm2/],
  ['POST', '/machines/sm9/wake', undefined, 404, 'unknown-machine', /did you mean sm[12]\?/],
  ['POST', '/machines/sm2/wake', undefined, 409, 'refused', /by hand/],
  ['POST', '/reload', undefined, 422, 'config-invalid', /rackready check/],
  ['GET', '/leases?stat=bound', undefined, 400, 'bad-request', /Mend/],
  ['POST', '/leases/172.22.10.555/release', undefined, 400, 'bad-request', /Mend/],
  ['GET', '/events?level=loud', undefined, 400, 'bad-request', /Mend/],
  ['GET', '/events?limit=0', undefined, 400, 'bad-request', /Mend/],
  ['GET', '/events?mac=nonsense', undefined, 400, 'bad-request', /Mend/],
  ['GET', '/stories?mac=nonsense', undefined, 400, 'bad-request', /Mend/],
  ['GET', '/stories?limit=0', undefined, 400, 'bad-request', /Mend/],
  ['GET', '/stories/stream?mac=nonsense', undefined, 400, 'bad-request', /Mend/],
  ['GET', '/stories/sm9', undefined, 404, 'unknown-machine', /did you mean sm[12]\?/],
  ['GET', '/nothing', undefined, 404, 'not-found', /api\/v1/],
];

for (const [method, path, payload, status, code, hint] of failures) {
  test(`${method} ${path} ${payload ? JSON.stringify(payload) : ''} fails with ${status} ${code} and says what to do`, async () => {
    const { ask } = setup();
    const answer = await ask<ErrorView>(method, path, payload);
    assert.deepEqual([answer.status, answer.body.error.code], [status, code]);
    assert.match(answer.body.error.hint, hint);
    assert.notEqual(answer.body.error.message, '');
  });
}

test('GET events gives the newest, or what follows a number, under all conditions', async () => {
  const { ask, feed } = setup();
  for (let index = 0; index < 5; index++) feed.tell('interface.gone', { network: 'lab' }, { name: `eth${index}` });
  feed.tell('config.loaded', {}, { files: 1, machines: 2, networks: 3 });
  const seqs = async (query: string) =>
    (await ask<{ events: EventView[] }>('GET', `/events?${query}`)).body.events.map(({ seq }) => seq);
  assert.deepEqual(await seqs('limit=2'), [5, 6]);
  assert.deepEqual(await seqs('after=1&limit=2'), [2, 3]);
  assert.deepEqual(await seqs('level=error&limit=2'), [4, 5]);
  assert.deepEqual(await seqs('network=nowhere'), []);
  const { body } = await ask<{ events: EventView[] }>('GET', '/events?limit=1');
  assert.equal(body.events[0]?.time, '2026-11-23T02:39:00.006Z');
});
