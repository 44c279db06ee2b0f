import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fakePorts } from '../../../test/support/api.ts';
import { createApi } from './create-api.ts';
import { loadToken } from './token-file.ts';
import type { ErrorView } from './views.ts';

const TOKEN = 'correct-horse-battery-staple-0123456789';
const RIGHT = { authorization: `Bearer ${TOKEN}` };

function setup() {
  const clock = { now: 0 };
  const refused: [string, number][] = [];
  const onRefused = (address: string, failures: number) => void refused.push([address, failures]);
  const guard = { token: TOKEN, hostNames: ['deploy'], now: () => clock.now, onRefused };
  const app = createApi(fakePorts().ports, { guard });
  const ask = async (
    headers: Record<string, string>,
    options: { method?: 'POST' | 'DELETE'; path?: string; payload?: object } = {},
  ) => {
    const { method = 'GET', path = '/status', payload } = options;
    const all = { host: '127.0.0.1:8067', ...headers };
    const response = await app.inject({ method, url: `/api/v1${path}`, headers: all, ...(payload && { payload }) });
    return { status: response.statusCode, headers: response.headers, body: response.json<ErrorView>() };
  };
  return { ask, clock, refused };
}

test('who has no token can neither keep a request open for ever nor take all descriptors', () => {
  const guard = { token: TOKEN, hostNames: [], now: () => 0, onRefused: () => {} };
  const { server } = createApi(fakePorts().ports, { guard });
  assert.ok(server.requestTimeout > 0 && server.requestTimeout <= 60_000, `${server.requestTimeout}`);
  assert.ok(server.maxConnections <= 4_096, `${server.maxConnections}`);
});

test('every path wants the token, also one that does not exist', async () => {
  const { ask } = setup();
  const paths = ['/status', '/machines', '/events', '/openapi.json', '/nothing', '/events/stream'];
  for (const path of paths) {
    const { status, headers, body } = await ask({}, { path });
    assert.deepEqual([status, body.error.code], [401, 'token-wanted'], path);
    assert.match(String(headers['www-authenticate']), /^Bearer/);
  }
  assert.equal((await ask({ authorization: `Bearer ${TOKEN}x` })).status, 401);
  assert.equal((await ask({ authorization: `Basic ${TOKEN}` })).status, 401);
  const { status, headers } = await ask(RIGHT);
  assert.equal(status, 200);
  assert.equal(
    Object.keys(headers).some((name) => name.startsWith('access-control-')),
    false,
  );
});

const hosts: readonly (readonly [string, number])[] = [
  ['127.0.0.1:8067', 200],
  ['localhost:8067', 200],
  ['LOCALHOST', 200],
  ['[::1]:8067', 200],
  ['deploy:8067', 200],
  ['evil.example:8067', 403],
  ['127.0.0.1.evil.example', 403],
  ['localhost.evil.example:8067', 403],
  ['deploy.evil.example', 403],
];

for (const [host, want] of hosts) {
  test(`with the right token, Host "${host}" is answered with ${want}`, async () => {
    assert.equal((await setup().ask({ ...RIGHT, host })).status, want);
  });
}

test('a session cookie is traded for the token, and only our own pages may change something with it', async () => {
  const { ask } = setup();
  const wrong = await ask({}, { method: 'POST', path: '/session', payload: { token: 'wrong' } });
  assert.equal(wrong.status, 401);
  const { status, headers } = await ask({}, { method: 'POST', path: '/session', payload: { token: TOKEN } });
  assert.equal(status, 200);
  const set = String(headers['set-cookie']);
  assert.match(set, /; HttpOnly; SameSite=Strict$/);
  const cookie = `a=b; ${set.split(';', 1)[0]}`;
  assert.equal((await ask({ cookie })).status, 200);
  const install = { method: 'POST', path: '/machines/sm1/install', payload: {} } as const;
  assert.equal((await ask({ cookie, origin: 'http://127.0.0.1:8067' }, install)).status, 200);
  const foreign = await ask({ cookie, origin: 'http://127.0.0.1:3000' }, install);
  assert.deepEqual([foreign.status, foreign.body.error.code], [403, 'wrong-origin']);
  assert.equal((await ask({ ...RIGHT, origin: 'http://127.0.0.1:3000' }, install)).status, 200);
  assert.match(
    String((await ask({ cookie }, { method: 'DELETE', path: '/session' })).headers['set-cookie']),
    /Max-Age=0/,
  );
});

test('too many failures are told once and get 429 for a minute; the right token still gets in', async () => {
  const { ask, clock, refused } = setup();
  for (let count = 0; count < 10; count++) assert.equal((await ask({})).status, 401);
  const late = await ask({});
  assert.deepEqual([late.status, late.headers['retry-after']], [429, '60']);
  assert.equal((await ask({}, { method: 'POST', path: '/session', payload: { token: 'wrong' } })).status, 429);
  assert.equal((await ask(RIGHT)).status, 200);
  assert.deepEqual(refused, [
    ['127.0.0.1', 1],
    ['127.0.0.1', 11],
  ]);
  clock.now += 60_000;
  assert.equal((await ask({})).status, 401);
});

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'rackready-token-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

test('loadToken() makes a token once, for its owner only', async (t) => {
  const path = join(folder(t), 'admin.token');
  const token = await loadToken(path);
  assert.equal(Buffer.from(token, 'base64url').length, 32);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(await loadToken(path), token);
  assert.equal(readFileSync(path, 'utf8'), `${token}\n`);
});

test('loadToken() refuses files that others may read, links, and what is too short', async (t) => {
  const open = join(folder(t), 'admin.token');
  writeFileSync(open, `${TOKEN}\n`, { mode: 0o644 });
  await assert.rejects(loadToken(open), /others than its owner may read it/);
  const link = join(folder(t), 'admin.token');
  symlinkSync(open, link);
  await assert.rejects(loadToken(link), /no ordinary file/);
  const short = join(folder(t), 'admin.token');
  writeFileSync(short, 'secret\n', { mode: 0o600 });
  await assert.rejects(loadToken(short), /at least 32/);
});
