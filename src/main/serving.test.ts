import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { catalogOf } from '../../test/support/capture.ts';
import { machine } from '../../test/support/dhcp.ts';
import type { Settings } from '../config/settings.ts';
import type { MirrorLookup } from '../serve/boot-deps.ts';
import { openBase } from './base.ts';
import { observeEverything } from './observe.ts';
import type { ServedLoaders } from './served-loaders.ts';
import { openServing } from './serving.ts';

const CARD = '00:25:90:96:c4:9a';

function settings(name: string): Settings {
  return { ...observeEverything([]), machines: new Map([[name, machine(name, CARD)]]) };
}

test('while loaders are made for another configuration, a machine that it renames keeps its life under the old name', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'rackready-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const base = await openBase(folder, () => {});
  t.after(() => base.close());
  const { promise: made, resolve: make } = Promise.withResolvers<void>();
  const loaders: ServedLoaders = { catalog: () => catalogOf({}), use: () => made };
  const lookup: MirrorLookup = { current: () => undefined, bootFile: () => undefined };
  const wantMirrored = async () => ({ kind: 'refuse', status: 503, reason: 'none' }) as const;
  const serve = { resolveMirror: () => ({ missing: 'none' }), wantMirrored, onMirrorsChanged: () => {} };
  const first = settings('sm1');
  base.lives.rename(first.machines);
  await base.lives.step('sm1', { kind: 'granted', token: 'T', profile: 'debian', via: 'file' }).saved;
  const serving = await openServing({ base, settings: first, loaders, inherited: [], mirrors: { lookup, serve } });
  t.after(() => serving.close());
  /** What is known of the machine by the name that it is answered by. */
  const known = () => {
    const [name = ''] = serving.state().settings.machines.keys();
    return `${name} ${base.lives.get(name)?.onceUsed}`;
  };
  const using = serving.use(settings('web1'));
  assert.equal(known(), 'sm1 true');
  make();
  await using;
  assert.equal(known(), 'web1 true');
});
