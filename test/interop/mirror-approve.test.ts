import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MirrorJson } from '../../src/http/api/mirror-json.ts';
import { needs } from '../needs.ts';
import { startUpstream } from '../support/hostile-upstream.ts';
import { openSegment } from '../support/segment.ts';
import { startServer } from '../support/server.ts';
import { tinyYum } from '../support/tiny-yum.ts';

const ID = /20\d{6}T\d{6}-[0-9a-f]{6}/;

const packages = (count: number, revision: number) =>
  tinyYum(
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`Packages/p${n}-1-1.noarch.rpm`, `package ${n}`])),
    revision,
  );

test('what is held is named by its id, with what it takes away, and only that is published', async (t) => {
  if (!needs(t, 'ip')) return;
  const upstream = await startUpstream(t, packages(10, 1));
  await openSegment(t);
  const server = await startServer(t, {
    yaml: `
networks:
  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false } }
mirrors:
  m: { from: "${upstream.url}", kind: yum }
`,
  });
  const rackready = (...args: string[]) => server.rackready('mirror', ...args);
  const change = async (files: Record<string, Buffer>) => {
    upstream.files.clear();
    for (const [path, body] of Object.entries(files)) upstream.files.set(path, body);
    return rackready('sync', 'm');
  };
  const show = async () => JSON.parse((await rackready('status', 'm', '--json')).text) as MirrorJson;
  const nothing = await rackready('approve', 'm');
  assert.match(nothing.text, /nothing is held/);
  assert.equal((await rackready('sync', 'm')).code, 0);
  const first = (await show()).current;

  const emptied = await change({
    ...tinyYum(
      {
        'Packages/p0-1-1.noarch.rpm': 'another one',
        'Packages/p1-1-1.noarch.rpm': 'package 1',
        'Packages/new-1-1.noarch.rpm': 'new',
      },
      2,
    ),
  });
  assert.equal(emptied.code, 1);
  const { held } = await show();
  assert.ok(held);
  const { id } = held;
  assert.match(id, ID);
  assert.deepEqual([held.files, held.added, held.removed, held.changed], [3, 1, 8, 1]);
  assert.deepEqual(held.removedExamples[0], 'Packages/p2-1-1.noarch.rpm');
  assert.deepEqual(held.addedExamples, ['Packages/new-1-1.noarch.rpm']);
  const words = /3 files, 23 B: 1 added, 8 removed, 1 changed/;
  const approve = `rackready mirror approve m ${id}`;
  assert.match(emptied.text, words);
  assert.ok(emptied.text.includes(approve), emptied.text);
  const status = await rackready('status', 'm');
  assert.match(status.text, words);
  assert.match(status.text, /removed .*Packages\/p2-1-1\.noarch\.rpm/);
  assert.ok(status.text.includes(approve), status.text);
  const told = await server.event('mirror.held', { mirror: 'm', snapshot: id });
  assert.match(JSON.stringify(told), words);
  assert.ok(JSON.stringify(told).includes(approve));

  // The same upstream again is the same state, under the same name; another one is another.
  await rackready('sync', 'm', '--force');
  assert.equal((await show()).held?.id, id);
  const other = await rackready('approve', 'm', '20200101T000000-abcdef');
  assert.equal(other.code, 1);
  assert.ok(other.text.includes(id), other.text);
  await change(packages(2, 3));
  const newer = (await show()).held?.id ?? '';
  assert.notEqual(newer, id);
  const late = await rackready('approve', 'm', id);
  assert.equal(late.code, 1);
  assert.ok(late.text.includes(newer), late.text);
  assert.equal((await show()).current, first);

  const done = await rackready('approve', 'm', newer.slice(0, 18));
  assert.equal(done.code, 0, done.text);
  assert.ok(done.text.includes(newer), done.text);
  assert.match(done.text, /2 files, 18 B: 0 added, 8 removed, 0 changed/);
  assert.match(done.text, new RegExp(`rackready mirror rollback m ${first}`));
  await server.event('mirror.published', { mirror: 'm', snapshot: newer, reason: /approved.*8 removed/ });
  const after = await show();
  assert.deepEqual([after.current, after.held], [newer, null]);
});
