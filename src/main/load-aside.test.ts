import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { formatProblem } from '../config/problem.ts';
import { loadAside } from './load-aside.ts';

function setup(t: TestContext, machine = '') {
  const folder = mkdtempSync(join(tmpdir(), 'rackready-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of ['k', 'i']) writeFileSync(join(folder, name), '');
  const path = join(folder, 'rackready.yaml');
  writeFileSync(
    path,
    `networks: { n: { interface: lo, subnet: 10.0.0.0/24, address: 10.0.0.2, dhcp: { mode: observe } } }
profiles: { p: { os: custom, kernel: k, initrd: i, answerFile: a.liquid, arguments: "{{ urls.answer }}" } }
machines: { m: { mac: "02:00:00:00:00:01", profile: p${machine} } }
`,
  );
  return { path, template: join(folder, 'a.liquid') };
}

test('templates are read and rendered aside: while one is not there yet, this thread goes on', async (t) => {
  const { path, template } = setup(t);
  // Whoever reads it waits for its writer, which is this thread.
  execFileSync('mkfifo', [template]);
  const loading = loadAside(path, new AbortController().signal);
  await writeFile(template, '{{ machine.name }}');
  const loaded = await loading;
  assert.equal(loaded.kind, 'settings');
  assert.ok(loaded.kind === 'settings' && loaded.settings.machines.has('m'));
});

test('what breaks in rendering refuses the configuration', async (t) => {
  const { path, template } = setup(t);
  writeFileSync(template, '{{ machine.nmae }}');
  const loaded = await loadAside(path, new AbortController().signal);
  assert.ok(loaded.kind === 'problems');
  assert.match(loaded.problems.map(formatProblem).join('\n'), /machines\.m: cannot be rendered: .*a\.liquid:1:/);
});

test('a file that is no configuration, and a server that stops, are problems as well', async (t) => {
  const { path, template } = setup(t, ', frofile: x');
  writeFileSync(template, '');
  const loaded = await loadAside(path, new AbortController().signal);
  assert.ok(loaded.kind === 'problems' && /frofile/.test(loaded.problems.map(formatProblem).join()));
  assert.equal((await loadAside(`${path}.not-there`, new AbortController().signal)).kind, 'problems');
  const stopped = await loadAside(path, AbortSignal.abort());
  assert.ok(stopped.kind === 'problems' && /could not be checked/.test(stopped.problems[0]?.message ?? ''));
});
