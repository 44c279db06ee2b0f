import type { Changes } from './changes.ts';
import type { TreeSize } from './manifest.ts';

/** A snapshot as the state names it; its files are in its manifest. */
export interface SnapshotRecord {
  /** "20261126T013000-1a2b3c": time of its making (UTC) and the beginning of its manifest's checksum. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What upstream calls this state. */
  readonly revision: string;
  readonly size: TreeSize;
  /** Files that switch clients to it, in their order. */
  readonly entries: readonly string[];
  /** Kernel, initrd and the like: sha256 by path, so that nobody needs the manifest to boot a machine. */
  readonly boot: Readonly<Record<string, string>>;
  readonly validUntil?: number | undefined;
  readonly remarks: readonly string[];
  /** Why a person had to look at it; what was approved once is not asked again. */
  readonly doubts?: readonly string[] | undefined;
}

/** What an entry file was when it was last fetched: the question "is there anything new" is asked with it. */
export interface ProbedEntry {
  readonly path: string;
  readonly sha256: string;
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
}

export type RunResult = 'published' | 'unchanged' | 'held' | 'failed' | 'stopped';

export interface LastRun {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly result: RunResult;
  /** A sentence. */
  readonly reason: string;
  /** What to do about it. */
  readonly next?: string | undefined;
}

/** What waits for a person: the old state is served until it is approved, or upstream is right again. */
export interface Held {
  readonly at: number;
  readonly reasons: readonly string[];
  /** Undefined: there is nothing that could be approved, as with a bad signature. */
  readonly snapshot?: SnapshotRecord | undefined;
  /** What it would change. */
  readonly changes?: Changes | undefined;
}

/** All that is known of one mirror, kept in its `state.json`. */
export interface MirrorState {
  readonly version: 1;
  /** The snapshot that is served without `@`. */
  readonly current?: string | undefined;
  /** Oldest first. */
  readonly snapshots: readonly SnapshotRecord[];
  /** Names of the operator for snapshots. */
  readonly tags: Readonly<Record<string, string>>;
  readonly held?: Held | undefined;
  readonly isFrozen: boolean;
  readonly probe?: { readonly entries: readonly ProbedEntry[]; readonly configHash: string } | undefined;
  readonly lastRun?: LastRun | undefined;
  /** When upstream was last found to be what we have, or was published. */
  readonly lastSuccessAt?: number | undefined;
}

export const emptyState: MirrorState = { version: 1, snapshots: [], tags: {}, isFrozen: false };

/** What a tag may be: it is a part of an address. */
export const TAG_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$';

/** The snapshot behind an id, a tag, or the beginning of exactly one id. */
export function findSnapshot(state: MirrorState, wanted: string): SnapshotRecord | undefined {
  const tagged = Object.hasOwn(state.tags, wanted) ? state.tags[wanted] : undefined;
  const exact = state.snapshots.find(({ id }) => id === (tagged ?? wanted));
  if (exact || tagged !== undefined || wanted.length < 4) return exact;
  const [first, second] = state.snapshots.filter(({ id }) => id.startsWith(wanted));
  return second === undefined ? first : undefined;
}

/** Ids whose files are served without `@`, the one that counts first. */
export function liveOrder(state: MirrorState): readonly string[] {
  const { current, snapshots } = state;
  if (current === undefined) return [];
  const others = snapshots.map(({ id }) => id).filter((id) => id !== current);
  return [current, ...others.reverse()];
}

/** `at` in milliseconds since 1970, `manifestHash` in hex. */
export function snapshotId(at: number, manifestHash: string): string {
  const stamp = new Date(at).toISOString().replace(/[-:]/g, '').slice(0, 15);
  return `${stamp}-${manifestHash.slice(0, 6)}`;
}

/** The state after a snapshot went live. What was held is settled by it. */
export function withPublished(state: MirrorState, snapshot: SnapshotRecord): MirrorState {
  const { held: _settled, ...rest } = state;
  const isKnown = state.snapshots.some(({ id }) => id === snapshot.id);
  return { ...rest, snapshots: isKnown ? state.snapshots : [...state.snapshots, snapshot], current: snapshot.id };
}
