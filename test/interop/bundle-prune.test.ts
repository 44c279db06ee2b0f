import assert from 'node:assert/strict';
import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readState } from '../../src/io/mirror/mirror-files.ts';
import { needs } from '../needs.ts';
import { makeBundle } from '../support/bundles.ts';
import { openSegment } from '../support/segment.ts';
import { newFolder, startServer, writeConfig } from '../support/server.ts';

const NETWORK =
  'networks:\n  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: observe } }\n';

/** An archive of the mirror `m`, made so many days before 2026-11-26. */
function archiveOf(round: number) {
  return makeBundle({ 'Packages/same.rpm': 'same', [`Packages/${round}.rpm`]: `${round}` }, (head) => ({
    ...head,
    profile: { ...head.profile, values: { ...head.profile.values, deadline: `${round}m` } },
    mirrors: head.mirrors.map((mirror) => ({
      ...mirror,
      values: { ...mirror.values, keep: { snapshots: 2, days: 0 } },
      snapshot: {
        ...mirror.snapshot,
        at: mirror.snapshot.at + round,
        id: mirror.snapshot.id.replace(/^2026/, `${2000 + round}`),
      },
    })),
  }));
}

test('states and files of archives that others replaced go by the keep of the mirror', async (t) => {
  if (!needs(t, 'ip')) return;
  await openSegment(t);
  const config = writeConfig(NETWORK);
  const server = await startServer(t, { config });
  const file = join(newFolder('usb'), 'x.tar');
  const importIt = async (round: number) => {
    writeFileSync(file, (await archiveOf(round)).archive);
    const args = ['bundle', 'import', file, '--replace'];
    const ran = await server.rackready(...args);
    assert.equal(ran.code, 0, `${ran.stdout}${ran.stderr}`);
    for (const name of readdirSync(join(config, '../bundles')))
      utimesSync(join(config, '../bundles', name), round, round);
  };
  const repo = join(server.data, 'mirrors/repos/m');
  const kept = () => readState(join(repo, 'state.json')).snapshots.map(({ id }) => id.slice(0, 4));
  for (const round of [1, 2, 3, 4]) await importIt(round);
  assert.deepEqual(kept(), ['2003', '2004']);
  assert.equal(readdirSync(join(repo, 'snapshots')).length, 2);
  assert.deepEqual(readdirSync(join(repo, 'live/Packages')).sort(), ['3.rpm', '4.rpm', 'same.rpm']);
  assert.equal(readdirSync(join(config, '../bundles')).length, 2);
  // What is in use stays, whatever the rule says: here a state with a tag.
  const tagged = await server.rackready('mirror', 'tag', 'm', 'prod', '2003');
  assert.equal(tagged.code, 0, `${tagged.stdout}${tagged.stderr}`);
  for (const round of [5, 6]) await importIt(round);
  assert.deepEqual(kept(), ['2003', '2005', '2006']);
});
