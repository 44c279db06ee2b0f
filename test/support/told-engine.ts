import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Emit } from '../../src/event/event.ts';
import { type MirrorEngine, openMirrorEngine } from '../../src/io/mirror/engine.ts';

export interface Told {
  readonly id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** An engine whose events can be waited for. */
export function openToldEngine(t: TestContext, root: string, now: () => number = Date.now) {
  const told: Told[] = [];
  const emit: Emit = (id, _subject, data) => void told.push({ id, data: data as Told['data'] });
  const engine = openMirrorEngine({ root, emit, now, onChange: () => {}, reserveBytes: 0, lookEveryMs: 50 });
  t.after(() => engine.close());
  return {
    engine,
    told,
    event: (id: string, count = 1) =>
      until(() => told.filter((one) => one.id === id).at(count - 1), `${id}; ${JSON.stringify(told)}`),
  };
}

export async function until<Found>(find: () => Found | undefined | false, what: string): Promise<Found> {
  for (let tries = 0; tries < 1200; tries++) {
    const found = find();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return assert.fail(`it did not come about: ${what}`);
}

export const sum = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');

export const poolFile = (root: string, sha256: string) => join(root, 'pool', sha256.slice(0, 2), sha256);

/** As a disk, or somebody, changes a byte. */
export function damage(file: string): void {
  const bytes = readFileSync(file);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  chmodSync(file, 0o644);
  writeFileSync(file, bytes);
}

export async function fill(engine: MirrorEngine, name = 'm'): Promise<void> {
  assert.equal((await engine.command({ kind: 'sync', name, isForced: false })).kind, 'done');
}
