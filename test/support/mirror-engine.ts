import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { EventId } from '../../src/event/event.ts';
import { type MirrorEngine, openMirrorEngine } from '../../src/io/mirror/engine.ts';
import { type MirrorFiles, openMirrorFiles } from '../../src/io/mirror/mirror-files.ts';
import type { MirrorConfig } from '../../src/mirror/mirror-config.ts';
import { mirrorConfig } from './mirror-config.ts';
import { newFolder } from './server.ts';

/** The engine with one mirror, `m`, of a yum repository, in this process. */
export interface TestEngine {
  readonly engine: MirrorEngine;
  readonly files: MirrorFiles;
  /** All that was told, in order. */
  readonly told: readonly EventId[];
  configure(change?: Partial<MirrorConfig>): Promise<void>;
  /** One run to its end: what was told of it, and the reason where there is one. */
  sync(isForced?: boolean): Promise<{ readonly event: EventId; readonly reason: string }>;
}

const ENDS: readonly EventId[] = [
  'mirror.published',
  'mirror.unchanged',
  'mirror.held',
  'mirror.failed',
  'mirror.stopped',
];

/** The configuration of a yum mirror `m`. */
export function engineConfig(from: string, change: Partial<MirrorConfig> = {}): MirrorConfig {
  const options = { repositories: [''], architectures: [], withIso: false, withVariants: false, optionalFiles: [] };
  return mirrorConfig(from, { layout: { kind: 'yum', options }, ...change });
}

export interface EngineChoice {
  readonly root?: string;
  readonly now?: () => number;
  readonly lookEveryMs?: number;
  /** What stays free of the file system; default: nothing. */
  readonly reserveBytes?: number;
}

export function openTestEngine(t: TestContext, from: string, choice: EngineChoice = {}): TestEngine {
  const { root = newFolder('engine'), now = Date.now, lookEveryMs, reserveBytes = 0 } = choice;
  const told: EventId[] = [];
  let ended = Promise.withResolvers<{ event: EventId; reason: string }>();
  const engine = openMirrorEngine({
    root,
    now,
    lookEveryMs,
    onChange: () => {},
    reserveBytes,
    emit: (event, _subject, data) => {
      told.push(event);
      const { reason = '' } = data as { reason?: string };
      if (ENDS.includes(event)) ended.resolve({ event, reason });
    },
  });
  t.after(() => engine.close());
  return {
    engine,
    told,
    files: openMirrorFiles(join(root, 'repos', 'm')),
    configure: (change) => engine.configure([engineConfig(from, change)]),
    sync: async (isForced = false) => {
      // An end is told a moment before the run is over, and who begins one then joins it.
      while (engine.isRunning()) await new Promise(setImmediate);
      ended = Promise.withResolvers();
      const begun = await engine.command({ kind: 'sync', name: 'm', isForced });
      assert.equal(begun.kind, 'done', JSON.stringify(begun));
      return ended.promise;
    },
  };
}
