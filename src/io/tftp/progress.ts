import type { Emit, Subject } from '../../event/event.ts';
import type { Slot } from './clients.ts';

/** How often is looked; what is told is spread over the second by when the transfers began. */
const LOOK_EVERY_MS = 250;
const TELL_EVERY_MS = 1_000;

export interface ProgressOptions {
  readonly transfers: () => Iterable<Slot>;
  readonly emit: Emit;
  readonly subjectOf: (slot: Slot) => Subject;
}

/**
 * Tells once a second how far each transfer is that takes longer than that. Only looks at the transfers now and then: no
 * packet waits for it.
 */
export function tellProgress({ transfers, emit, subjectOf }: ProgressOptions): { close(): void } {
  const told = new WeakMap<Slot, { readonly ageMs: number; readonly bytes: number }>();
  const look = () => {
    for (const slot of transfers()) {
      const { session } = slot;
      if (session === undefined) continue;
      const { ageMs, ackedBytes: bytes, sizeBytes: ofBytes } = session;
      const last = told.get(slot);
      if (ageMs - (last?.ageMs ?? 0) < TELL_EVERY_MS || bytes === (last?.bytes ?? 0)) continue;
      told.set(slot, { ageMs, bytes });
      emit('tftp.progress', subjectOf(slot), { file: slot.name, bytes, ofBytes });
    }
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return { close: () => clearInterval(timer) };
}
