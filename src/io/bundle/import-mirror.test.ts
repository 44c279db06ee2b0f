import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { newFolder } from '../../../test/support/server.ts';
import { emptyState, type MirrorState } from '../../mirror/run/state.ts';
import type { BundleMirror } from './bundle-head.ts';
import { compareMirror } from './import-mirror.ts';

const DAY_MS = 86_400_000;

function snapshotOf(id: string, at: number): BundleMirror['snapshot'] {
  const size = { files: 10, bytes: 1000, packages: 5, unverified: 0 };
  return { id, at, revision: '', size, entries: [], boot: {}, validUntil: at + 7 * DAY_MS, remarks: [] };
}

test('an archive that was longer on its way than its upstream calls it valid is taken; one that lost much is not', () => {
  const now = Date.UTC(2026, 10, 26);
  const root = newFolder('mirrors');
  const before = snapshotOf('20261001T000000-000000', now - 56 * DAY_MS);
  const state: MirrorState = { ...emptyState, current: before.id, snapshots: [before] };
  mkdirSync(join(root, 'repos/m'), { recursive: true });
  writeFileSync(join(root, 'repos/m/state.json'), JSON.stringify(state));
  const next = snapshotOf('20261101T000000-111111', now - 25 * DAY_MS);
  const mirror = { name: 'm', values: {}, snapshot: next, manifest: { sha256: '0'.repeat(64), bytes: 1 } };
  assert.deepEqual(compareMirror(root, mirror, now), { kind: 'other', doubts: [] });
  const less = { ...next, size: { ...next.size, packages: 0 } };
  assert.deepEqual(compareMirror(root, { ...mirror, snapshot: less }, now).doubts, [
    'none of its 5 packages would be left',
  ]);
});
