import type { SnapshotRecord } from './state.ts';

/** The command line that begins a run; a mirror that an operator froze refuses one until then. */
export function syncCommand(name: string, isFrozen: boolean): string {
  return `${isFrozen ? `rackready mirror freeze ${name} --off && ` : ''}rackready mirror sync ${name}`;
}

const MOST_NAMED = 5;

/** Why no snapshot is meant by what an operator has given; see `findSnapshot`. */
export function whyNoSnapshot(snapshots: readonly Pick<SnapshotRecord, 'id'>[], wanted: string): string {
  const ids = snapshots.flatMap(({ id }) => (wanted !== '' && id.startsWith(wanted) ? [id] : [])).reverse();
  if (ids.length === 0) return `there is no snapshot ${wanted}`;
  if (ids.length === 1 || wanted.length < 4) return `${wanted} is too short to name a snapshot`;
  const more = ids.length > MOST_NAMED ? ' and others' : '';
  return `${wanted} is the beginning of ${ids.length} snapshots: ${ids.slice(0, MOST_NAMED).join(', ')}${more}`;
}
