import type { MachineView } from '../../../src/http/api/views.ts';
import { bytes } from '../wording.ts';

/** What an installation erases, in words: the rule, and what it came to the last time. */
export function describeErased({ diskRule, chosen }: Pick<MachineView, 'diskRule' | 'chosen'>): string {
  if (chosen === null) return `${diskRule}; it was never installed from here, so the disk itself is not known yet`;
  const size = chosen.diskBytes === null ? '' : `, ${bytes(chosen.diskBytes)}`;
  const name = chosen.diskId === null ? chosen.disk : `${chosen.disk} (${chosen.diskId}${size})`;
  return `${diskRule}; the last time that was ${name}`;
}
