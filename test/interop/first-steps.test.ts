import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../needs.ts';
import { ip, openSegment, runProgram, startProgram } from '../support/segment.ts';

/* From a host without a configuration to one that `up` takes. */

const PROGRAM = join(import.meta.dirname, '..', '..', 'rackready');

function host() {
  const home = mkdtempSync(join(tmpdir(), 'rackready-home-'));
  const run = (words: string) =>
    runProgram(['sh', '-c', `cd ${home} && HOME=${home} RACKREADY_DATA=${home}/data ${words}`]);
  return { home, run };
}

test('init writes a right configuration once, for the interface that is named', async (t) => {
  if (!needs(t, 'ip')) return;
  await openSegment(t);
  const { home, run } = host();
  await run(
    `mkdir .ssh && echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5oPzrq3Yt8xk2x0m7m0ZtS8Hq3u0V7pX4m2QyJwJcB me' > .ssh/id_ed25519.pub`,
  );
  const written = await run(`${PROGRAM} init --interface br0`);
  assert.equal(written.code, 0, written.text);
  assert.match(
    written.text,
    /rackready\.yaml is written.*\.\/rackready check rackready\.yaml\n {2}sudo \.\/rackready up\n/s,
  );
  const text = readFileSync(join(home, 'rackready.yaml'), 'utf8');
  assert.match(text, /interface: br0\n {4}subnet: 172\.22\.10\.0\/24\n {4}address: 172\.22\.10\.2 /);
  assert.match(text, /- "ssh-ed25519 AAAA/);
  assert.equal(statSync(join(home, 'rackready.yaml')).mode & 0o777, 0o644);
  const checked = await run(`${PROGRAM} check`);
  assert.equal(checked.code, 0, checked.text);

  const again = await run(`${PROGRAM} init`);
  assert.equal(again.code, 73, again.text);
  assert.match(again.text, /rackready\.yaml is not written: it is there already/);
  assert.equal(readFileSync(join(home, 'rackready.yaml'), 'utf8'), text);
  assert.equal((await run(`${PROGRAM} init --output - | diff - rackready.yaml`)).text, '');
});

test('what cannot be served is said: no such interface, none with an address, two in one network', async (t) => {
  if (!needs(t, 'ip')) return;
  await openSegment(t);
  ip('link add br1 type bridge');
  const { run } = host();
  const missing = await run(`${PROGRAM} init --interface eth9`);
  assert.equal(missing.code, 66);
  assert.match(missing.text, /there is no Ethernet interface eth9\nInterfaces with an address here: br0/);
  assert.match((await run(`${PROGRAM} init --interface br1`)).text, /br1 is switched off/);
  ip('link set br1 up');
  assert.match((await run(`${PROGRAM} init --interface br1`)).text, /br1 has no IPv4 address/);
  ip('address add 172.22.10.9/24 dev br1');
  const twice = await run(`${PROGRAM} init`);
  assert.equal(twice.code, 78);
  assert.match(twice.text, /overlaps[\s\S]*Choose one network with --interface NAME/);
  assert.equal((await run('ls rackready.yaml')).code, 2);
  assert.equal((await run(`${PROGRAM} init --interface br1 --output x.yaml`)).code, 0);
});

test('the link with the token is for a terminal only', async (t) => {
  if (!needs(t, 'ip', 'script')) return;
  ip('link set lo up');
  await openSegment(t);
  const { home } = host();
  const data = join(home, 'data');
  const up = `cd ${home} && exec ${PROGRAM} up --data ${data}`;
  // A terminal that standard output and standard error lead to.
  const onTerminal = startProgram(t, ['script', '-qefc', up, '/dev/null']);
  await onTerminal.printed(/the web page: http:\/\/127\.0\.0\.1:8067\/#token=\S+/, 60_000);
  const token = readFileSync(join(data, 'admin.token'), 'utf8').trim();
  assert.ok(onTerminal.text().includes(`/#token=${token}`));
  const told = await runProgram([PROGRAM, 'events', '--data', data, '--level', 'debug', '--last', '500']);
  assert.equal(told.code, 0, told.text);
  assert.equal(told.text.includes(token), false, 'no event has the token');
  assert.equal((await runProgram([PROGRAM, 'status', '--data', data])).text.includes(token), false);
});
