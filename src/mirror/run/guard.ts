import { formatBytes } from '../../net/amounts.ts';
import { isRolledBack } from '../revision.ts';
import type { TreeSize } from './manifest.ts';

/** What a new state is compared with before it is published. */
export interface Candidate {
  readonly size: TreeSize;
  readonly revision: string;
  /** Milliseconds since 1970. */
  readonly validUntil?: number | undefined;
  readonly doubts?: readonly string[] | undefined;
}

const MOST_FILES_LOST = 0.2;
const MOST_BYTES_LOST = 0.5;
/** Of a small tree, a few files are a large part. */
const FEW_FILES = 5;

/**
 * Why a new state waits for a person instead of being published; none: it is published. On 2024-07-01 the rsync modules of
 * CentOS 7 became empty lists of files: a mirror that followed had nothing left. Counted is what is there afterwards, not
 * which names are new: a point release replaces most of them.
 */
export function judgeCandidate(old: Candidate | undefined, next: Candidate, now: number): string[] {
  const reasons: string[] = [];
  if (next.size.files === 0) reasons.push('the upstream is empty');
  if (next.validUntil !== undefined && next.validUntil < now) {
    const until = new Date(next.validUntil).toISOString();
    reasons.push(`the upstream's metadata were valid until ${until} only, so that clients refuse them`);
  }
  for (const doubt of next.doubts ?? []) if (!old?.doubts?.includes(doubt)) reasons.push(doubt);
  if (old === undefined) return reasons;
  const lostFiles = old.size.files - next.size.files;
  if (lostFiles >= FEW_FILES && lostFiles > old.size.files * MOST_FILES_LOST) {
    reasons.push(`${lostFiles} of ${old.size.files} files would be gone`);
  }
  const lostBytes = old.size.bytes - next.size.bytes;
  if (lostFiles > 0 && lostBytes > old.size.bytes * MOST_BYTES_LOST) {
    reasons.push(`${formatBytes(lostBytes)} of ${formatBytes(old.size.bytes)} would be gone`);
  }
  if (old.size.packages > 0 && next.size.packages === 0) {
    reasons.push(`none of its ${old.size.packages} packages would be left`);
  }
  if (isRolledBack(old.revision, next.revision)) {
    reasons.push(
      `it goes back from revision ${old.revision.replaceAll('\n', ' ')} to ${next.revision.replaceAll('\n', ' ')}`,
    );
  }
  return reasons;
}
