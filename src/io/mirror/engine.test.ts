import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { mirrorConfig } from '../../../test/support/mirror-config.ts';
import { openMirrorEngine } from './engine.ts';

const config = mirrorConfig('file:///nowhere');

test('commands that come at the same moment are done one after the other, and none is refused', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'rackready-engine-'));
  const told: string[] = [];
  const engine = openMirrorEngine({ root, emit: (id) => void told.push(id), now: Date.now, onChange: () => {} });
  t.after(async () => {
    await engine.close();
    rmSync(root, { recursive: true });
  });
  await engine.configure([config]);
  // As right after a publication, when old states are pruned by themselves.
  const replies = await Promise.all([
    engine.command({ kind: 'prune', name: 'm', leased: [] }),
    engine.command({ kind: 'freeze', name: 'm', isFrozen: true }),
    engine.command({ kind: 'freeze', name: 'm', isFrozen: false }),
  ]);
  assert.deepEqual(
    replies.map(({ kind }) => kind),
    ['done', 'done', 'done'],
    JSON.stringify(replies),
  );
  assert.deepEqual(told, ['mirror.changed', 'mirror.changed']);
  const [pruned, begun] = await Promise.all([
    engine.command({ kind: 'prune', name: 'm', leased: [] }),
    engine.command({ kind: 'sync', name: 'm', isForced: false }),
  ]);
  assert.deepEqual([pruned.kind, begun.kind], ['done', 'done'], JSON.stringify([pruned, begun]));
});
