import type { RecordedEvent } from '../../event/event.ts';
import type { Diagnosis } from '../story.ts';
import { rules } from './rules.ts';
import { sectionOf } from './symptoms.ts';
import type { Trace } from './trace.ts';
import { viewOf } from './view.ts';

/** More causes than two are no help. */
const MOST = 2;
/** The newest are enough to look up what happened. */
const MOST_EVIDENCE = 12;

function seqs(evidence: readonly RecordedEvent[]): number[] {
  const ascending = [...new Set(evidence.map(({ seq }) => seq))].sort((one, other) => one - other);
  return ascending.slice(-MOST_EVIDENCE);
}

/** The causes that fit an attempt, the most likely first, at most two; none for a boot that goes well. Pure. */
export function diagnose(trace: Trace): Diagnosis[] {
  // Of other servers' boots too little is heard to say what is wrong.
  if (trace.attempt.isObserved === true) return [];
  const view = viewOf(trace);
  const told = new Set(view.history.map(({ id }) => id));
  const asked = rules.filter(({ when }) => when.some((id) => told.has(id)));
  const found = asked.flatMap((rule) => {
    const finding = rule.find(view);
    return finding === undefined ? [] : [{ rule: rule.id, ...finding }];
  });
  return found
    .sort((one, other) => other.confidence - one.confidence)
    .slice(0, MOST)
    .map(({ evidence, rule, ...rest }) => ({ rule, section: sectionOf(rule), ...rest, evidence: seqs(evidence) }));
}
