import type { MirrorConfig } from '../mirror-config.ts';
import { syncCommand } from './next-step.ts';
import { isFetchedAlone } from './refetch.ts';

/** Something that a mirror serves, or should serve, and that is not what it should be. */
export interface Finding {
  /** Relative to the mirror's root; of a list of files, its name. */
  readonly path: string;
  /** Ids of the states that have it, the served one first. */
  readonly states: readonly string[];
  /**
   * `damaged`: its content was another one, and is put aside. `missing`: its content is not there. `unreadable`: the list of what the
   * state consists of. `misplaced`: the plain tree has something else there.
   */
  readonly problem: 'damaged' | 'missing' | 'unreadable' | 'misplaced';
  /** What to do, in a sentence. */
  readonly next: string;
}

interface Place {
  readonly problem: Finding['problem'];
  /** Whether the state that is served without `@` has it. */
  readonly isCurrent: boolean;
  readonly isFrozen: boolean;
}

/** What an operator does about a finding. */
export function nextOfFinding(config: MirrorConfig, { problem, isCurrent, isFrozen }: Place): string {
  const { name, mode } = config;
  if (problem === 'misplaced') return 'It is put right already.';
  const onDemand = isFetchedAlone(config);
  if (!isCurrent) {
    if (problem === 'missing' || problem === 'damaged')
      if (onDemand) return 'It is fetched again when a machine asks for it, if the upstream still has it.';
    return `Only older states have it, and nothing fetches it again. They go with: rackready mirror prune ${name}, as soon as \`keep\` does not hold them.`;
  }
  if (problem !== 'unreadable' && onDemand && (mode === 'frozen' || isFrozen))
    return 'It is fetched again when a machine asks for it.';
  if (mode === 'frozen') return 'Import the archive or the ISO of the mirror again.';
  return `Type: ${syncCommand(name, isFrozen)}`;
}
