import type { Manifest, ManifestEntry } from './manifest.ts';
import { liveOrder, type MirrorState } from './state.ts';

/** How long old states stay. */
export interface Keep {
  /** The newest so many, at least 1. */
  readonly snapshots: number;
  /** And all that are younger. */
  readonly days: number;
}

const DAY_MS = 86_400_000;

/** Ids of snapshots that may go. Stay: the current one, tagged ones, leased ones, the newest and the young. */
export function choosePruned(state: MirrorState, keep: Keep, leased: readonly string[], now: number): string[] {
  const protectedIds = new Set([state.current, ...Object.values(state.tags), ...leased]);
  const old = state.snapshots.slice(0, Math.max(0, state.snapshots.length - Math.max(1, keep.snapshots)));
  return old.filter(({ id, at }) => !protectedIds.has(id) && now - at > keep.days * DAY_MS).map(({ id }) => id);
}

/** All that is served without `@`: the current snapshot, and what older ones have besides. */
export function uniteLive(state: MirrorState, manifestOf: (id: string) => Manifest | undefined): Manifest {
  const live = new Map<string, ManifestEntry>();
  for (const id of liveOrder(state)) {
    for (const entry of manifestOf(id)?.values() ?? []) if (!live.has(entry.path)) live.set(entry.path, entry);
  }
  return live;
}
