import type { Diagnosis } from '../story.ts';
import { rules } from './rules.ts';
import type { Trace } from './trace.ts';
import { viewOf } from './view.ts';

/** More causes than two are no help. */
const MOST = 2;
/** The newest are enough to look up what happened. */
const MOST_EVIDENCE = 12;

/** The causes that fit an attempt, the most likely first, at most two; none for a boot that goes well. Pure. */
export function diagnose(trace: Trace): Diagnosis[] {
  const view = viewOf(trace);
  const found = rules.flatMap((rule) => {
    const finding = rule.find(view);
    return finding === undefined ? [] : [{ rule: rule.id, ...finding }];
  });
  return found
    .sort((one, other) => other.confidence - one.confidence)
    .slice(0, MOST)
    .map(({ evidence, ...rest }) => ({ ...rest, evidence: evidence.slice(-MOST_EVIDENCE).map(({ seq }) => seq) }));
}
