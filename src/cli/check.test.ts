import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { check } from './check.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../test/fixtures/config/${name}`, import.meta.url));

function emptyFolder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'rackready-check-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

test('check() says how much a right configuration holds', async () => {
  assert.deepEqual(await check(fixture('office-proxy.yaml'), {}), {
    exitCode: 0,
    output: '1 network, 0 machines: no problems',
  });
});

test('check() counts warnings, which are no reason to fail', async () => {
  const { exitCode, output } = await check(fixture('seed-rack.yaml'), {});
  assert.equal(exitCode, 0);
  assert.match(output, /seed-rack\.yaml:26:9: warning: profiles\.centos-7\.os: .*\n1 network, 9 machines: 1 warning$/);
});

test('check() prints every problem and their number', async () => {
  const { exitCode, output } = await check(fixture('broken-meaning.yaml'), {});
  assert.equal(exitCode, 1);
  assert.equal(output.split('\n').at(-1), '28 errors, 2 warnings');
  assert.equal(output.split('\n').length, 31);
});

test('check() as JSON', async () => {
  const { exitCode, output } = await check(fixture('broken-keys.yaml'), { json: true });
  assert.equal(exitCode, 1);
  const { ok, problems } = JSON.parse(output);
  assert.equal(ok, false);
  assert.deepEqual(problems[0], {
    file: fixture('broken-keys.yaml'),
    line: 3,
    column: 13,
    path: 'server.httpPort',
    message: 'is "80a": expected a whole number of 1-65535',
    severity: 'error',
  });
});

test('check() of a path that does not exist says so', async (t) => {
  const path = join(emptyFolder(t), 'none.yaml');
  const { exitCode, output } = await check(path, {});
  assert.equal(exitCode, 66);
  assert.ok(output.startsWith(`${path} does not exist.`));
});

test('the command exits with what check() says', () => {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const run = (name: string) => spawnSync(process.execPath, [main, 'check', fixture(name)], { encoding: 'utf8' });
  const right = run('big-pool.yaml');
  assert.deepEqual([right.status, right.stdout], [0, '1 network, 0 machines: no problems\n'], right.stderr);
  assert.equal(run('broken-secrets.yaml').status, 1);
  assert.equal(run('none.yaml').status, 66);
});
