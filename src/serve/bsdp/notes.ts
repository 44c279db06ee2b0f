import type { Emit } from '../../event/event.ts';
import type { Macs } from '../../machine/macs.ts';
import type { Mac } from '../../net/mac.ts';
import type { MacNote } from '../dhcp/verdict.ts';

/** Does what verdicts about Macs say besides their reply. */
export interface MacNotes {
  take(note: MacNote): void;
  /** `lists`, `selections`, `refusals`, and `ignored: <code>`. */
  counters(): Readonly<Record<string, number>>;
}

export interface MacNotesDeps {
  readonly macs: Macs;
  readonly emit: Emit;
  /** Milliseconds since 1970. */
  now(): number;
}

/** A Mac repeats itself every few seconds; what nobody can change at once is worth a line an hour. */
const TELL_AGAIN_MS = 60 * 60_000;
/** Addresses are easily made up. */
const MOST_TOLD = 10_000;

const COUNTED = { list: 'lists', select: 'selections', failed: 'refusals' } as const;

export function createMacNotes({ macs, emit, now }: MacNotesDeps): MacNotes {
  const counts: Record<string, number> = {};
  const toldAt = new Map<string, number>();
  /** In the order of their time, so that the oldest go first. */
  const isDue = (mac: Mac, key: string): boolean => {
    const which = `${mac} ${key}`;
    const last = toldAt.get(which);
    if (last !== undefined && now() - last < TELL_AGAIN_MS) return false;
    toldAt.delete(which);
    toldAt.set(which, now());
    if (toldAt.size > MOST_TOLD) toldAt.delete(toldAt.keys().next().value as string);
    return true;
  };
  return {
    take({ mac, isKnown, record, counted, rarely, sent, isSettled }) {
      if (record) macs.keep(record, isKnown);
      if (isSettled) macs.started(mac);
      if (sent !== undefined) macs.sent(mac, sent);
      if (counted !== undefined) {
        const name = counted in COUNTED ? COUNTED[counted as keyof typeof COUNTED] : `ignored: ${counted}`;
        counts[name] = (counts[name] ?? 0) + 1;
      }
      for (const { key, told } of rarely) if (isDue(mac, key)) emit(told.id, told.subject, told.data as never);
    },
    counters: () => counts,
  };
}
