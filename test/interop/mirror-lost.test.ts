import assert from 'node:assert/strict';
import { readFileSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startUpstream, type Upstream } from '../support/hostile-upstream.ts';
import { openTestEngine } from '../support/mirror-engine.ts';
import { newFolder } from '../support/server.ts';
import { tinyYum } from '../support/tiny-yum.ts';
import { poolFile, sum } from '../support/told-engine.ts';

/* What an operator types about a state of which the pool has lost something. */

function show(upstream: Upstream, packages: Readonly<Record<string, string>>, revision: number): void {
  const names = Object.entries(packages).map(([name, text]) => [`Packages/${name}-1-1.noarch.rpm`, text]);
  for (const path of [...upstream.files.keys()]) upstream.files.delete(path);
  for (const [path, body] of Object.entries(tinyYum(Object.fromEntries(names), revision)))
    upstream.files.set(path, body);
}

/** Two states: `old` is in the first only, `both` in both. */
async function openTwoStates(t: TestContext) {
  const upstream = await startUpstream(t, {});
  const root = newFolder('mirrors');
  const opened = openTestEngine(t, upstream.url, { root });
  const { engine, files, configure, sync } = opened;
  await configure();
  show(upstream, { both: 'both', old: 'old' }, 1);
  assert.equal((await sync()).event, 'mirror.published');
  show(upstream, { both: 'both', new: 'new' }, 2);
  assert.equal((await sync()).event, 'mirror.published');
  while (engine.isRunning()) await new Promise(setImmediate);
  const [first = '', second = ''] = files.readState().snapshots.map(({ id }) => id);
  const refusal = async (order: Parameters<typeof engine.command>[0]) => {
    const before = [readFileSync(join(files.folder, 'state.json'), 'utf8'), liveNames(files.live)];
    const reply = await engine.command(order);
    assert.ok(reply.kind === 'refused', JSON.stringify(reply));
    assert.deepEqual([readFileSync(join(files.folder, 'state.json'), 'utf8'), liveNames(files.live)], before);
    assert.equal(files.readIntent(), undefined);
    return reply;
  };
  return { ...opened, upstream, first, second, refusal, pooled: (text: string) => poolFile(root, sum(text)) };
}

function liveNames(live: string): string {
  const read = (name: string) => readFileSync(join(live, name), 'utf8');
  return read('repodata/repomd.xml');
}

test('nobody goes back to a state that has lost something, or gives it a name', async (t) => {
  const { refusal, first, second, pooled, engine } = await openTwoStates(t);
  renameSync(pooled('old'), `${pooled('old')}.away`);
  const reason = `${first} is not whole: a file, Packages/old-1-1.noarch.rpm, is lost`;
  const all = 'Nothing was changed. See all that is lost with: rackready mirror verify m';
  const back = { kind: 'rollback', name: 'm', to: first } as const;
  const asked = `${all}. It is fetched again when somebody asks for /mirror/m@${first}/Packages/old-1-1.noarch.rpm, if the upstream still has it.`;
  assert.deepEqual(await refusal(back), { kind: 'refused', reason, hint: asked });
  assert.equal((await refusal({ kind: 'tag', name: 'm', tag: 'prod', snapshot: first })).reason, reason);
  assert.equal((await engine.command({ kind: 'tag', name: 'm', tag: 'prod', snapshot: second })).kind, 'done');
  // Both have it: the next run brings it back for both.
  truncateSync(pooled('both'), 1);
  renameSync(`${pooled('old')}.away`, pooled('old'));
  const shared = await refusal(back);
  assert.match(shared.reason, /a file, Packages\/both-1-1\.noarch\.rpm, is lost$/);
  assert.equal(shared.hint, `${all}. Then: Type: rackready mirror sync m`);
  rmSync(pooled('old'));
  assert.match((await refusal(back)).reason, /2 files, like Packages\/both-1-1\.noarch\.rpm, are lost$/);
});

test('what was lost is fetched as the refusal says, and then the way back is open', async (t) => {
  const { refusal, first, pooled, engine, files, sync } = await openTwoStates(t);
  rmSync(pooled('both'));
  const back = { kind: 'rollback', name: 'm', to: first } as const;
  assert.match((await refusal(back)).hint, /mirror verify m\. Then: Type: rackready mirror sync m$/);
  assert.equal((await engine.command({ kind: 'verify', name: 'm' })).kind, 'refused');
  await sync();
  while (engine.isRunning()) await new Promise(setImmediate);
  const reply = await engine.command(back);
  assert.equal(reply.kind, 'done', JSON.stringify(reply));
  assert.equal(files.readState().current, first);
  assert.equal(readFileSync(join(files.live, 'Packages/both-1-1.noarch.rpm'), 'utf8'), 'both');
});

test('a state without the list of its files is refused, too', async (t) => {
  const { refusal, first, files } = await openTwoStates(t);
  rmSync(join(files.folder, 'snapshots', `${first}.jsonl`));
  const { reason, hint } = await refusal({ kind: 'rollback', name: 'm', to: first });
  assert.equal(reason, `the list of the files of ${first} is not there, or not whole`);
  assert.match(hint, /Only older states have it.*rackready mirror prune m, as soon as `keep` does not hold them\.$/);
});

test('a held state that has lost something is not published, and is made anew', async (t) => {
  const { refusal, pooled, engine, files, upstream, sync } = await openTwoStates(t);
  // An upstream that goes back waits for a person.
  show(upstream, { held: 'held' }, 1);
  assert.equal((await sync()).event, 'mirror.held');
  while (engine.isRunning()) await new Promise(setImmediate);
  const id = files.readState().held?.snapshot?.id;
  rmSync(pooled('held'));
  const { reason, hint } = await refusal({ kind: 'approve', name: 'm' });
  assert.equal(reason, `${id} is not whole: a file, Packages/held-1-1.noarch.rpm, is lost`);
  assert.equal(hint, 'Nothing was changed. Make it anew with: rackready mirror sync m --force');
  assert.equal((await sync(true)).event, 'mirror.held');
  while (engine.isRunning()) await new Promise(setImmediate);
  const reply = await engine.command({ kind: 'approve', name: 'm' });
  assert.equal(reply.kind, 'done', JSON.stringify(reply));
  assert.equal(readFileSync(join(files.live, 'Packages/held-1-1.noarch.rpm'), 'utf8'), 'held');
});
