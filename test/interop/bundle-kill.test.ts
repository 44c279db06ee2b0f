import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { loadSettings } from '../../src/config/load.ts';
import { IMPORTED_FOLDER, openImported } from '../../src/io/loaders/imported-loaders.ts';
import { openMirrorFiles } from '../../src/io/mirror/mirror-files.ts';
import { openPool } from '../../src/io/mirror/pool.ts';
import { makeBundle, type TestBundle } from '../support/bundles.ts';
import { createDice } from '../support/dice.ts';
import { run } from '../support/http.ts';
import { readTree } from '../support/mirror-run.ts';
import { newFolder } from '../support/server.ts';

/* An import that is killed at any step: what is served and what is configured is the old or the new, and the next one finishes. */

const CHILD = new URL('../support/bundle-child.ts', import.meta.url).pathname;
/** How often an import is killed; `KILLS=100 npm test -- test/interop/bundle-kill.test.ts` takes some minutes. */
const KILLS = Number(process.env.KILLS ?? 10);

const NETWORK =
  'networks:\n  n: { interface: lo, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: observe } }\n';

function openHost() {
  const data = newFolder('data');
  writeFileSync(join(data, 'rackready.lock'), '');
  const folder = newFolder('config');
  const config = join(folder, 'rackready.yaml');
  writeFileSync(config, NETWORK);
  mkdirSync(join(data, 'mirrors'));
  const archive = join(newFolder('usb'), 'x.tar');
  return {
    config,
    folder,
    mirrors: join(data, 'mirrors'),
    loaders: join(data, IMPORTED_FOLDER),
    importIt: async (bundle: TestBundle, killAt: number) => {
      writeFileSync(archive, bundle.archive);
      const args = [archive, '--config', config, '--data', data, '--replace'];
      const ran = await run(process.execPath, [CHILD, String(killAt), ...args]);
      const text = `${ran.stdout}${ran.stderr}`;
      const [, changes] = /\{"changes":(\d+)\}\n$/.exec(ran.stdout.toString()) ?? [];
      return { isWhole: ran.code === 0 && changes !== undefined, changes: Number(changes), text };
    },
  };
}

const CORE = 'boot/grub/i386-pc/core.0';

function bundleOf(round: number): Promise<TestBundle> {
  const files = {
    'Packages/same.rpm': 'same',
    [`Packages/new-${round}.rpm`]: `package ${round}`.repeat(50),
    'images/pxeboot/vmlinuz': `kernel ${round}`,
    'images/pxeboot/initrd.img': `initrd ${round}`,
  };
  const version = `2.06-${round}`;
  return makeBundle(
    files,
    (head) => head,
    (keep) => [
      {
        platform: 'bios-x86',
        loader: 'grub',
        hasHttp: true,
        packages: [{ name: 'grub-pc-bin', version, source: `grub2 ${version}`, licence: keep(`licence ${round}`) }],
        files: [
          { path: CORE, ...keep(`core ${round}`) },
          { path: 'boot/grub/i386-pc/normal.mod', ...keep('the same module') },
        ],
      },
    ],
  );
}

/** Everything that can be seen is one of the bundles, in whole. */
async function checkSeen(host: ReturnType<typeof openHost>, known: readonly TestBundle[], told: string): Promise<void> {
  const files = openMirrorFiles(join(host.mirrors, 'repos/m'));
  const { current } = files.readState();
  const served = known.find(({ head }) => head.mirrors[0]?.snapshot.id === current);
  if (current !== undefined) assert.ok(served, `${current} is no bundle's, ${told}`);
  const pool = openPool(join(host.mirrors, 'pool'));
  for (const { sha256, path } of current === undefined ? [] : files.readManifest(current).values()) {
    const bytes = readFileSync(pool.pathOf(sha256));
    assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256, `${path}, ${told}`);
  }
  for (const { set, problem } of await openImported(host.loaders)) {
    assert.equal(problem, undefined, told);
    assert.ok(
      known.some(({ head }) => isDeepStrictEqual(head.loaders, [set])),
      `loaders of no bundle, ${told}`,
    );
  }
  const loaded = await loadSettings({ path: host.config });
  assert.equal(loaded.kind, 'settings', `${told}: ${JSON.stringify(loaded)}`);
  if (loaded.kind !== 'settings') return;
  const profile = loaded.settings.profiles.get('p');
  if (profile) assert.equal(readFileSync(profile.answerFile, 'utf8'), '# a template\n', told);
}

test(`an import that is killed ${KILLS} times shows nothing half, and the next one finishes it`, async () => {
  const host = openHost();
  let before = await bundleOf(0);
  const first = await host.importIt(before, 0);
  assert.ok(first.isWhole, first.text);
  const dice = createDice(20_261_127);
  let killed = 0;
  for (let round = 1; round <= KILLS; round++) {
    const next = await bundleOf(round);
    const at = 1 + dice(first.changes);
    const told = `killed at change ${at} of ${first.changes} in round ${round}`;
    const ended = await host.importIt(next, at);
    if (!ended.isWhole) killed += 1;
    await checkSeen(host, [before, next], told);
    const finished = await host.importIt(next, 0);
    assert.ok(finished.isWhole, `${told}: ${finished.text}`);
    await checkSeen(host, [next], told);
    const live = readTree(join(host.mirrors, 'repos/m/live'));
    for (const [path, text] of Object.entries(next.files)) assert.equal(live.get(path), text, `${path}, ${told}`);
    assert.ok(!readdirSync(host.mirrors).includes('import'), told);
    const [loader] = await openImported(host.loaders);
    assert.deepEqual(loader, { set: next.head.loaders[0] }, told);
    assert.equal(readdirSync(join(host.loaders, 'objects')).length, 3, told);
    assert.deepEqual(readdirSync(join(host.loaders, 'licences')), [`grub-pc-bin_2.06-${round}`], told);
    // A killed edit of the configuration may leave its hidden draft.
    const names = readdirSync(host.folder).filter((name) => !name.startsWith('.'));
    assert.deepEqual(names.sort(), ['bundles', 'rackready.yaml'], told);
    before = next;
  }
  assert.ok(killed > KILLS / 2, `only ${killed} imports were killed`);
});
