import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bigRack } from '../../test/support/big-rack.ts';
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

test('check() counts warnings, which are no reason to fail', async (t) => {
  const path = join(emptyFolder(t), 'r.yaml');
  writeFileSync(path, 'server: { bootFolder: /nowhere }\n');
  const { exitCode, output } = await check(path, {});
  assert.equal(exitCode, 0);
  assert.match(output, /r\.yaml:1:\d+: warning: server\.bootFolder: .*\n0 networks, 0 machines: 2 warnings$/);
});

test('check() prints every problem and their number', async () => {
  const { exitCode, output } = await check(fixture('broken-meaning.yaml'), {});
  assert.equal(exitCode, 1);
  assert.equal(output.split('\n').at(-1), '28 errors, 1 warning');
  assert.equal(output.split('\n').length, 30);
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

test('check() of a changed template names every machine that it breaks, before it is saved', async (t) => {
  const folder = emptyFolder(t);
  const path = join(folder, 'rackready.yaml');
  writeFileSync(
    path,
    [
      'networks: { rack: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2 } }',
      'profiles:',
      '  el: { os: rocky-9, source: /srv/rocky }',
      'machines:',
      '  a: { mac: "00:25:90:96:c4:9a", profile: el, vars: { zone: public } }',
      '  b: { mac: "00:25:90:96:c4:9b", profile: el }',
      '  c: { mac: "00:25:90:96:c4:9c" }',
    ].join('\n'),
  );
  const shipped = readFileSync(new URL('../../templates/answer/el.ks.liquid', import.meta.url), 'utf8');
  const template = join(folder, 'changed.liquid');
  const checkWith = async (text: string, profile?: string) => {
    writeFileSync(template, text);
    return check(path, { template, profile });
  };
  const none = await checkWith(shipped);
  assert.equal(none.exitCode, 1);
  assert.match(none.output, /^no profile uses a template called changed\.liquid: name one with --profile/);
  assert.deepEqual(await checkWith(shipped, 'el'), {
    exitCode: 0,
    output: `${template}: 2 machines rendered: no problems`,
  });
  const broken = await checkWith(shipped.replace('firewall --enabled', 'firewall {{ vars.zone }}'), 'el');
  assert.equal(broken.exitCode, 1);
  assert.match(
    broken.output,
    /^b: .*changed\.liquid:\d+:\d+: undefined variable: vars\.zone\n.*: 1 machine would break$/,
  );
  const worse = await checkWith(shipped.replace('%end', ''), 'el');
  assert.match(worse.output, /^a: .*%packages is not closed by %end before %pre\nb: .*\n.*: 2 machines would break$/);
});

test('check() renders every one of a thousand machines', async (t) => {
  const folder = emptyFolder(t);
  const path = join(folder, 'rackready.yaml');
  writeFileSync(path, bigRack(1000));
  const whole = await check(path, {});
  assert.equal(whole.exitCode, 0);
  // Files of trees that are not here are warnings.
  assert.match(whole.output, /\n1 network, 1000 machines: \d+ warnings$/);
  assert.doesNotMatch(whole.output, /cannot be rendered/);
  // One of them cannot be rendered, wherever it stands.
  const shipped = readFileSync(new URL('../../templates/answer/debian.preseed.liquid', import.meta.url), 'utf8');
  const template = join(folder, 'mine.liquid');
  writeFileSync(template, `${shipped}{% if vars.number == 999 %}{{ nothing }}{% endif %}`);
  writeFileSync(path, bigRack(1000).replace(/(debian-12: \{ os: debian-12)/, '$1, answerFile: ./mine.liquid'));
  const one = await check(path, {});
  assert.equal(one.exitCode, 1);
  assert.match(one.output, /machines\.n999: cannot be rendered: .*mine\.liquid:\d+:\d+: undefined variable: nothing$/m);
  assert.match(one.output, /\n1 error, \d+ warnings$/);
  writeFileSync(template, shipped);
  const changed = join(folder, 'changed.liquid');
  writeFileSync(changed, `${shipped}{{ nothing }}`);
  const all = await check(path, { template: changed, profile: 'debian-12', json: true });
  const { machines, problems } = JSON.parse(all.output) as { machines: string[]; problems: { machine: string }[] };
  const own = Array.from({ length: 112 }, (_, index) => `n${index * 9}`);
  assert.deepEqual(machines, own);
  assert.deepEqual([...new Set(problems.map(({ machine }) => machine))], own);
});
