import { hidePasswords, wordsToShow, wordsToShowIn } from '../../mirror/hide-passwords.ts';
import type { MirrorView } from '../../mirror/mirror-view.ts';
import { describeChanges } from '../../mirror/run/changes.ts';
import type { Progress } from '../../mirror/run/progress.ts';
import { isScrubbing, type ScrubView } from '../../mirror/run/scrub.ts';
import { type Held, type LastRun, liveOrder, type MirrorState, type SnapshotRecord } from '../../mirror/run/state.ts';

export interface SnapshotJson {
  readonly id: string;
  readonly at: string;
  readonly revision: string;
  readonly files: number;
  readonly bytes: number;
  readonly packages: number;
  /** Files that no metadata vouch for. */
  readonly unverified: number;
  readonly isCurrent: boolean;
  readonly tags: readonly string[];
  readonly remarks: readonly string[];
}

export interface ProgressJson {
  readonly phase: string;
  readonly startedAt: string;
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly bytesPerSecond: number;
  readonly secondsLeft: number | null;
  readonly retries: number;
  readonly current: readonly string[];
}

/** A state that waits for somebody. The numbers are of files, as against what is served; null: nobody has counted. */
export interface HeldJson {
  readonly id: string;
  readonly at: string;
  readonly revision: string;
  readonly files: number;
  readonly bytes: number;
  readonly packages: number;
  readonly added: number | null;
  readonly removed: number | null;
  readonly changed: number | null;
  /** Some paths. */
  readonly addedExamples: readonly string[];
  readonly removedExamples: readonly string[];
  /** "3 files, 1.2 GB: 1 added, 8 removed, 0 changed" */
  readonly summary: string;
}

/** A mirror as JSON. Times are ISO 8601. */
export interface MirrorJson {
  readonly name: string;
  readonly os: string | null;
  readonly kind: string;
  readonly mode: string;
  readonly from: readonly string[];
  /** `empty`, `serving`, `held`: the old state is served while the new one waits for somebody. */
  readonly state: 'empty' | 'serving' | 'held';
  readonly isFrozen: boolean;
  readonly trust: string;
  /** `listed` or `signed`. */
  readonly packages: string;
  /** The snapshot that is served; null: none. */
  readonly current: string | null;
  /** Newest first, the served one before all. */
  readonly snapshots: readonly SnapshotJson[];
  /** What is held, where it could be approved. */
  readonly held: HeldJson | null;
  readonly heldReasons: readonly string[];
  /** Whether what is held can be approved. */
  readonly canApprove: boolean;
  readonly lastRun: {
    readonly startedAt: string;
    readonly endedAt: string;
    readonly result: string;
    readonly reason: string;
    /** What to do about it; null: nothing, or nobody knows. */
    readonly next: string | null;
  } | null;
  readonly lastSuccessAt: string | null;
  readonly nextRunAt: string | null;
  readonly progress: ProgressJson | null;
}

export function mirrorJson({ name, config, state, nextRunAt, progress }: MirrorView): MirrorJson {
  const { lastRun, held } = state;
  const byId = new Map(state.snapshots.map((one) => [one.id, one]));
  return {
    name,
    os: config.os ?? null,
    kind: config.layout.kind,
    mode: config.mode,
    from: config.from.map(hidePasswords),
    state: held ? 'held' : state.current === undefined ? 'empty' : 'serving',
    isFrozen: state.isFrozen,
    trust: config.trust,
    packages: config.packages,
    current: state.current ?? null,
    snapshots: liveOrder(state).flatMap((id) => snapshotJson(state, byId.get(id))),
    held: heldJson(held),
    heldReasons: held?.reasons.map(wordsToShow) ?? [],
    canApprove: held?.snapshot !== undefined,
    lastRun: lastRun ? lastRunJson(lastRun) : null,
    lastSuccessAt: state.lastSuccessAt === undefined ? null : isoTime(state.lastSuccessAt),
    nextRunAt: nextRunAt === undefined ? null : isoTime(nextRunAt),
    progress: progress ? progressJson(progress) : null,
  };
}

function heldJson({ snapshot, changes }: Partial<Held> = {}): HeldJson | null {
  if (snapshot === undefined) return null;
  const { id, at, revision, size } = snapshot;
  const { added = null, removed = null, changed = null, addedExamples = [], removedExamples = [] } = changes ?? {};
  const { files, bytes, packages } = size;
  const change = { added, removed, changed, ...wordsToShowIn({ addedExamples, removedExamples }) };
  return { id, at: isoTime(at), revision, files, bytes, packages, ...change, summary: describeChanges(size, changes) };
}

function lastRunJson({ startedAt, endedAt, result, reason, next }: LastRun): MirrorJson['lastRun'] {
  const times = { startedAt: isoTime(startedAt), endedAt: isoTime(endedAt) };
  return { ...times, result, reason: wordsToShow(reason), next: next === undefined ? null : wordsToShow(next) };
}

export function progressJson(progress: Progress): ProgressJson {
  const { startedAt, secondsLeft = null, current } = progress;
  return { ...progress, startedAt: isoTime(startedAt), secondsLeft, current: current.map(wordsToShow) };
}

/** Reading everything again, as JSON. */
export interface ScrubJson {
  readonly isRunning: boolean;
  readonly isPaused: boolean;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly nextAt: string | null;
  readonly files: number;
  readonly bytes: number;
  readonly damaged: number;
  /** Damaged contents that are kept in `mirrors/damaged` for whoever looks for the reason. */
  readonly aside: { readonly files: number; readonly bytes: number };
  /** Mirrors that wait for a run which fetches again what was damaged. */
  readonly waiting: readonly { readonly mirror: string; readonly reason: string; readonly until: string | null }[];
}

export function scrubJson(view: ScrubView): ScrubJson {
  const { files, bytes, damaged, isPaused, aside } = view;
  const time = (ms: number | undefined) => (ms === undefined ? null : isoTime(ms));
  return {
    isRunning: isScrubbing(view) && !isPaused,
    isPaused,
    startedAt: time(view.startedAt),
    endedAt: time(view.endedAt),
    nextAt: time(view.nextAt),
    files,
    bytes,
    damaged,
    aside,
    waiting: view.waiting.map(({ mirror, reason, until }) => ({ mirror, reason, until: time(until) })),
  };
}

function snapshotJson(state: MirrorState, one: SnapshotRecord | undefined): SnapshotJson[] {
  if (one === undefined) return [];
  const tags = Object.entries(state.tags).flatMap(([tag, id]) => (id === one.id ? [tag] : []));
  const { id, at, revision, size, remarks } = one;
  return [
    {
      id,
      at: isoTime(at),
      revision,
      ...size,
      isCurrent: state.current === id,
      tags,
      remarks: remarks.map(wordsToShow),
    },
  ];
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
