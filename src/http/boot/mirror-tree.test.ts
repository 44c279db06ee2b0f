import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { formatManifest, type ManifestEntry } from '../../mirror/run/manifest.ts';
import { createTreeLookup } from './mirror-tree.ts';

/** A mirror on disk whose states a test writes; `read` gives a file's content as a client gets it. */
function openMirror(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'rackready-tree-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [repo, pool] = [join(folder, 'repos/m'), join(folder, 'pool')];
  mkdirSync(join(repo, 'snapshots'), { recursive: true });
  const manifestOf = (id: string) => join(repo, 'snapshots', `${id}.jsonl`);
  const contents = new Map<string, string>();
  let ids: string[] = [];
  const writeState = () => {
    const state = { version: 1, current: ids.at(-1), snapshots: ids.map((id) => ({ id })), tags: {}, isFrozen: false };
    writeFileSync(join(repo, 'new'), JSON.stringify(state));
    renameSync(join(repo, 'new'), join(repo, 'state.json'));
  };
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  const place = (sha256: string) => join(pool, sha256.slice(0, 2), sha256);
  let now = 0;
  const trees = createTreeLookup(() => now);
  return {
    publish: (id: string, files: Readonly<Record<string, string>>) => {
      const entries = Object.entries(files).map(([path, text]): [string, ManifestEntry] => {
        const sha256 = hash(text);
        contents.set(sha256, text);
        mkdirSync(join(pool, sha256.slice(0, 2)), { recursive: true });
        writeFileSync(place(sha256), text);
        return [path, { path, bytes: text.length, sha256, role: 'metadata', isVerified: true }];
      });
      writeFileSync(manifestOf(id), formatManifest(new Map(entries)));
      ids = [...ids, id];
      writeState();
    },
    prune: (id: string) => {
      ids = ids.filter((one) => one !== id);
      writeState();
      rmSync(manifestOf(id));
    },
    /** Takes a content out of the pool. */
    sweep: (text: string) => rmSync(place(hash(text))),
    wait: (ms: number) => {
      now += ms;
    },
    read: async (client: string, path: string, pinned?: { label: string; id: string }) => {
      const name = `mirror/m${pinned ? `@${pinned.label}` : ''}/${path}`;
      const isFixed = pinned !== undefined && pinned.label === pinned.id;
      const snapshot = pinned?.id;
      const answer = { kind: 'tree', mirror: 'm', repo, pool, path, name, snapshot, isFixed, client } as const;
      const found = await trees.find(answer, undefined);
      return found && contents.get(found.sha256);
    },
  };
}

const stateOf = (n: number) => ({
  'repodata/repomd.xml': `repomd ${n}`,
  'repodata/repomd.xml.asc': `signature ${n}`,
  [`repodata/${n}-primary.xml`]: `primary ${n}`,
});

test('a signature that is asked for after a publication is that of the client’s repomd.xml', async (t) => {
  const mirror = openMirror(t);
  mirror.publish('s1', stateOf(1));
  assert.equal(await mirror.read('a', 'repodata/repomd.xml'), 'repomd 1');
  mirror.publish('s2', stateOf(2));
  assert.equal(await mirror.read('a', 'repodata/repomd.xml.asc'), 'signature 1');
  assert.equal(await mirror.read('b', 'repodata/repomd.xml.asc'), 'signature 2');
  // What only the newer one has is there, too.
  assert.equal(await mirror.read('a', 'repodata/2-primary.xml'), 'primary 2');
  assert.equal(await mirror.read('a', 'repodata/repomd.xml'), 'repomd 2');
  assert.equal(await mirror.read('a', 'repodata/repomd.xml.asc'), 'signature 2');
  assert.equal(await mirror.read('a', 'repodata/1-primary.xml'), 'primary 1');
});

test('a tag that is moved in between is the same', async (t) => {
  const mirror = openMirror(t);
  mirror.publish('s1', stateOf(1));
  mirror.publish('s2', stateOf(2));
  await mirror.read('a', 'repodata/repomd.xml', { label: 'prod', id: 's1' });
  assert.equal(await mirror.read('a', 'repodata/repomd.xml.asc', { label: 'prod', id: 's2' }), 'signature 1');
  assert.equal(await mirror.read('a', 'repodata/repomd.xml.asc', { label: 's2', id: 's2' }), 'signature 2');
  assert.equal(await mirror.read('a', 'repodata/repomd.xml.asc'), 'signature 2');
});

test('what is pruned in between is given as it is now', async (t) => {
  const mirror = openMirror(t);
  mirror.publish('s1', stateOf(1));
  await mirror.read('a', 'repodata/repomd.xml');
  mirror.publish('s2', stateOf(2));
  mirror.prune('s1');
  mirror.sweep('signature 1');
  assert.equal(await mirror.read('a', 'repodata/repomd.xml.asc'), 'signature 2');
  mirror.wait(3_600_000);
  assert.equal(await mirror.read('a', 'repodata/repomd.xml.asc'), 'signature 2');
});
