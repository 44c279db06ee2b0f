import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../needs.ts';
import { createDice } from '../support/dice.ts';
import { INDEX, startUpstream, type Upstream } from '../support/hostile-upstream.ts';
import { run } from '../support/http.ts';
import { openTestMirror } from '../support/mirror-run.ts';
import { runProgram } from '../support/segment.ts';
import { newFolder } from '../support/server.ts';

const CHILD = new URL('../support/mirror-child.ts', import.meta.url).pathname;

/** How often a run is killed; `KILLS=100 npm test -- test/interop/mirror-kill.test.ts` takes some minutes. */
const KILLS = Number(process.env.KILLS ?? 20);

interface Ended {
  readonly isKilled: boolean;
  readonly changes: number;
  readonly result: string;
  readonly reason: string;
}

async function runChild(url: string, folder: string, killAt: number, threads = 1): Promise<Ended> {
  const ran = await run(process.execPath, [CHILD, url, folder, String(killAt), String(threads)]);
  const text = ran.stdout.toString();
  if (text === '') return { isKilled: true, changes: 0, result: '', reason: ran.stderr };
  return { isKilled: false, ...(JSON.parse(text) as Omit<Ended, 'isKilled'>) };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What a client of the plain tree finds: everything that its index names, with the right content. */
function checkLive(live: string, told: string): void {
  if (!existsSync(join(live, INDEX))) return;
  const index = JSON.parse(readFileSync(join(live, INDEX), 'utf8')) as { files: { path: string; sha256: string }[] };
  for (const { path, sha256: sum } of index.files) {
    // A file that changes under its name is replaced before the index is: clients know its checksum.
    if (path === 'comps.xml') continue;
    assert.equal(sha256(readFileSync(join(live, path))), sum, `${path}, ${told}`);
  }
}

function change(upstream: Upstream, round: number): void {
  upstream.files.set(`Packages/r${round}.rpm`, Buffer.from(`package of round ${round} `.repeat(50)));
  upstream.files.set('comps.xml', Buffer.from(`<comps round="${round}"/>`));
  if (round > 3) upstream.files.delete(`Packages/r${round - 3}.rpm`);
  // Its name changes with its content, as those of repodata/ do.
  for (const path of [...upstream.files.keys()]) if (path.startsWith('images/')) upstream.files.delete(path);
  const kernel = randomBytes(200_000);
  upstream.files.set(`images/vmlinuz-${sha256(kernel).slice(0, 8)}`, kernel);
  upstream.seal();
}

test(`a run that is killed ${KILLS} times never serves anything wrong, and the next one finishes its work`, async (t) => {
  const upstream = await startUpstream(t, {
    'Packages/a.rpm': 'a',
    'Packages/b.rpm': 'b'.repeat(1000),
    'comps.xml': '<comps/>',
    'images/vmlinuz-0': randomBytes(1000),
  });
  const folder = newFolder('kill');
  const mirror = openTestMirror(upstream.url, folder);
  const first = await runChild(upstream.url, folder, 0);
  assert.ok(!first.isKilled && first.result === 'published', JSON.stringify(first));
  change(upstream, 0);
  const counted = await runChild(upstream.url, folder, 0);
  assert.ok(!counted.isKilled);
  const dice = createDice(20_261_126);
  let killed = 0;
  for (let round = 1; round <= KILLS; round++) {
    change(upstream, round);
    const at = 1 + dice(counted.changes);
    const told = `killed at change ${at} of ${counted.changes} in round ${round}`;
    const ended = await runChild(upstream.url, folder, at, round % 3 === 0 ? 2 : 1);
    if (ended.isKilled) killed += 1;
    checkLive(mirror.files.live, told);
    for (const id of [mirror.files.readState().current ?? '']) {
      for (const { path, sha256: sum } of mirror.files.readManifest(id).values()) {
        assert.equal(sha256(readFileSync(mirror.pool.pathOf(sum))), sum, `${path}, ${told}`);
      }
    }
    // Every other time the next change comes before the work was finished.
    if (round % 2 === 0) continue;
    const { result, reason } = await mirror.run();
    assert.ok(result === 'published' || result === 'unchanged', `${reason}, ${told}`);
    checkServed(mirror.files.live, upstream, told);
  }
  assert.ok(killed > KILLS / 2, `only ${killed} runs were killed`);
  assert.match((await mirror.run()).result, /published|unchanged/);
  checkServed(mirror.files.live, upstream, 'at the end');
});

function checkServed(live: string, { files }: Upstream, told: string): void {
  for (const [path, body] of files) assert.ok(readFileSync(join(live, path)).equals(body), `${path}, ${told}`);
}

test('a full disk: nothing wrong is served, and with room the next run goes on', async (t) => {
  if (!needs(t, 'mount')) return;
  const upstream = await startUpstream(t, { 'Packages/a.rpm': 'a', 'comps.xml': '<comps/>' });
  const folder = newFolder('full');
  const mounted = await runProgram(['mount', '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder]);
  assert.equal(mounted.code, 0, mounted.text);
  t.after(() => runProgram(['umount', folder]));
  mkdirSync(join(folder, 'x'), { recursive: true });
  const mirror = openTestMirror(upstream.url, folder);
  assert.equal((await mirror.run()).result, 'published');
  const before = mirror.live();
  for (let n = 0; n < 8; n++) upstream.files.set(`Packages/big${n}.rpm`, randomBytes(1024 * 1024));
  upstream.seal();

  // The metadata say how much it is: not a byte is fetched.
  upstream.asked.length = 0;
  const refused = await mirror.run();
  assert.equal(refused.result, 'failed');
  assert.match(refused.reason, /needs 8\.4 MB more, and .* are free/);
  assert.ok(!upstream.asked.some((one) => one.includes('big')));

  // Somebody else fills the disk while the run goes on: as if the precheck had found enough.
  for (const choice of [{}, { lane: {} }]) {
    const full = await mirror.run({ reserveBytes: -100e6, ...choice });
    assert.equal(full.result, 'failed');
    assert.match(full.reason, /cannot be written: ENOSPC/);
    assert.deepEqual(mirror.live(), before);
  }

  assert.equal((await runProgram(['mount', '-o', 'remount,size=40m', folder])).code, 0);
  upstream.asked.length = 0;
  const { result, reason } = await mirror.run();
  assert.equal(result, 'published', reason);
  checkServed(mirror.files.live, upstream, 'with room');
  // What had come before the disk was full was kept.
  assert.ok(upstream.asked.filter((one) => /^GET Packages\/big\d\.rpm$/.test(one)).length < 8);
});
