import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { MirrorJson } from '../../src/http/api/mirror-json.ts';
import { needs } from '../needs.ts';
import { startUpstream, type Upstream } from '../support/hostile-upstream.ts';
import { openSegment } from '../support/segment.ts';
import { newFolder, startServer } from '../support/server.ts';
import { tinyYum } from '../support/tiny-yum.ts';

/* What `rackready mirror …` answers to slips of the keyboard, and to what makes no sense now: what is the matter, and what to type. */

function show({ files }: Upstream, packages: readonly string[], revision: number): void {
  files.clear();
  const tree = tinyYum(Object.fromEntries(packages.map((name) => [`Packages/${name}-1-1.noarch.rpm`, name])), revision);
  for (const [path, body] of Object.entries(tree)) files.set(path, body);
}

async function openMirrors(t: TestContext) {
  const upstream = await startUpstream(t, {});
  show(upstream, ['a', 'b'], 1);
  await openSegment(t);
  const server = await startServer(t, {
    yaml: `
networks:
  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false } }
mirrors:
  m: { from: "${upstream.url}", kind: yum }
  still: { from: "${upstream.url}", kind: yum, mode: frozen }
  void: { from: "file://${newFolder('void')}/", kind: yum }
`,
  });
  const rackready = (line: string) => server.rackready(...line.split(' '));
  return {
    upstream,
    server,
    /** All that is to be said, in order, or nothing of it. */
    says: async (line: string, code: number, ...patterns: readonly RegExp[]) => {
      const said = await rackready(`mirror ${line}`);
      assert.equal(said.code, code, `${line}: ${said.text}`);
      for (const pattern of patterns) assert.match(said.text, pattern, line);
      return said.text;
    },
    completes: async (line: string) =>
      (await rackready(`completion bash -- rackready ${line}`)).text.split('\n').filter((word) => word !== ''),
    view: async (name: string) => JSON.parse((await rackready(`mirror status ${name} --json`)).text) as MirrorJson,
  };
}

test('a slip, or a mirror that is not in a state for it: each answer says what to type', async (t) => {
  if (!needs(t, 'ip')) return;
  const { upstream, says, view, completes } = await openMirrors(t);
  await says('bogus', 64, /there is no command mirror bogus/);
  await says('scrub --start --pause', 64, /cannot be used with/);
  await says('tag m a/b 2026', 64, /letters, digits/);

  // Never filled.
  await says('approve m', 1, /nothing is held\nFill it with: rackready mirror sync m\n/);
  await says('freeze m', 0);
  const unfreeze = 'Fill it with: rackready mirror freeze m --off && rackready mirror sync m';
  for (const [line, code] of [
    ['status m', 0],
    ['verify m', 1],
    ['approve m', 1],
  ] as const)
    assert.ok((await says(line, code)).includes(unfreeze), line);
  await says('snapshots m', 0, /rackready mirror freeze m --off && rackready mirror sync m/);
  await says('freeze m --off', 0, /it follows its upstream again/);

  await says('scrub --pause', 0);
  await says('scrub', 0, /^it rests; go on with: rackready mirror scrub --resume\n/);
  await says('scrub --resume', 0);

  // Two states.
  await says('sync m', 0, /published: 2 files, 2 B/);
  show(upstream, ['a', 'b', 'c'], 2);
  await says('sync m', 0);
  const [second = '', first = ''] = (await view('m')).snapshots.map(({ id }) => id);
  for (const line of ['rollback m 2026', 'tag m prod 2026'].map((one) => one.replace('2026', first.slice(0, 4))))
    assert.ok((await says(line, 1)).includes(`is the beginning of 2 snapshots: ${second}, ${first}`), line);
  await says(`rollback m ${first.slice(0, 2)}`, 1, /too short to name a snapshot/);
  await says(`tag m ${first} ${second}`, 1, /looks like the id of a snapshot/);
  const moved = async (line: string) => JSON.parse(await says(`${line} --json`, 0)) as { before: string | null };
  assert.equal((await moved(`tag m prod ${second}`)).before, null);
  const back = (id: string) => `rackready mirror tag m prod ${id}\n`;
  const told = await says(`tag m prod ${first}`, 0);
  assert.ok(told.startsWith(`${first} is called prod, which ${second} was until now; `), told);
  assert.ok(told.endsWith(`Move it back with: ${back(second)}`), told);
  assert.ok(!(await says(`tag m prod ${first}`, 0)).includes('Move it back'));
  const gone = await says('tag m prod', 0);
  assert.equal(gone, `the tag prod is taken away from ${first}. Give it back with: ${back(first)}`);
  await says('tag m prod', 1, /there is no tag prod\n/);
  await says('tag m constructor', 1, /there is no tag constructor\n/);
  assert.equal((await moved(`tag m prod ${second}`)).before, null);
  assert.equal((await moved(`tag m prod ${first}`)).before, second);
  assert.deepEqual(await completes('mirror sync '), ['m', 'still', 'void']);
  assert.deepEqual(await completes('mirror rollback m '), [first, second, 'prod'].toSorted());
  assert.deepEqual(await completes('mirror tag m '), ['prod']);
  assert.deepEqual(await completes('mirror approve m '), []);

  const kept = /^0 snapshots forgotten, 0 files deleted \(0 B\); 2 stay: [^\n]*`keep`[^\n]*\n/;
  await says('prune m', 0, kept);

  // Held.
  show(upstream, ['z'], 1);
  await says('sync m', 1, /held: .*it goes back.*\n.*\(1 file, 1 B/);
  const held = (await view('m')).held?.id ?? '';
  assert.deepEqual(await completes('mirror approve m '), [held]);

  // Held, and there is nothing that could be published.
  await says('sync void', 1, /held: The upstream file:.* is empty\n/);
  await says(
    'status void',
    0,
    /Nothing is served yet\. When what is the matter is mended: rackready mirror sync void\n/,
  );
  await says('approve void', 1, /there is nothing to publish: /);

  // The configuration says that it stays.
  await says('sync still', 0, /published: 1 file, 1 B/);
  await says('freeze still --off', 0, /stays as it is all the same.*mode: frozen/);
  await says('freeze still', 0);
  await says('sync still', 1, /mode: frozen.*\n.*in the configuration/);
  await says('status still', 0, /next run +never \(mode: frozen\)\n/, /: 1 file, 1 B/);
});

test('a run that is in progress, and one that failed', async (t) => {
  if (!needs(t, 'ip')) return;
  const { upstream, server, says } = await openMirrors(t);
  await says('sync m', 0);
  show(upstream, ['a', 'new'], 2);
  // It never ends.
  upstream.faults.set('Packages/new-1-1.noarch.rpm', () => true);
  await says('sync m --no-wait', 0, /a run began/);
  await says('sync m --no-wait', 0, /a run is in progress already/);
  await says('snapshots still', 0, /no snapshots; fill/);
  for (const line of ['verify m', 'approve m', 'prune m', 'rollback m 2026', 'tag m x 2026', 'freeze m'])
    await says(line, 1, /in progress\nWait for its end, or end it with: rackready mirror stop m\n/);
  await says('prune still', 0, /; files are deleted when no run is in progress/);
  await says('stop m', 0, /the run is stopped/);
  await server.event('mirror.stopped', { mirror: 'm' });
  await says('stop m', 1, /nothing runs/);
  await says('status m', 0, /The old state is served\. Go on with: rackready mirror sync m\n/);
  upstream.faults.set('Packages/new-1-1.noarch.rpm', (_request, response) => {
    response.writeHead(404).end();
    return true;
  });
  await says('sync m', 1, /failed: /);
  await says('status m', 0, /what to do +\S+/, /The old state is served\. .*rackready mirror sync m\n/);
  await says('approve m', 1, /nothing is held\nSee what the last run came to with: rackready mirror status m\n/);
});

test('where there are no mirrors, that is what is said', async (t) => {
  if (!needs(t, 'ip')) return;
  await openSegment(t);
  const server = await startServer(t, {
    yaml: 'networks:\n  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false } }\n',
  });
  for (const words of [['scrub'], ['scrub', '--start']]) {
    const ran = await server.rackready('mirror', ...words);
    assert.equal(ran.code, 1);
    assert.match(`${ran.stderr}`, /there are no mirrors\ndocs\/mirrors\.md says how/);
  }
});
