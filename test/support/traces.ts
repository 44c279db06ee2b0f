import type { RecordedEvent } from '../../src/event/event.ts';
import type { Mac } from '../../src/net/mac.ts';
import type { Trace } from '../../src/story/diagnose/trace.ts';

/** The trace of one machine's boot, out of all that was told. `from`: `seq` of the first event of the attempt. */
export function traceOf(all: readonly RecordedEvent[], mac: Mac, now: number, from = 0): Trace {
  const named = all.find((event) => event.mac === mac && event.machine !== undefined) ?? all[0];
  const machine = named?.machine;
  const isOwn = (event: RecordedEvent) =>
    event.mac === mac || (event.mac === undefined && machine !== undefined && event.machine === machine);
  const own = all.filter(isOwn);
  const events = own.filter(({ seq }) => seq >= from);
  const [first] = events;
  const ids = { id: first?.seq ?? 0, mac, machine, network: first?.network };
  const times = { startedAt: first?.time ?? now, lastAt: events.at(-1)?.time ?? now };
  return {
    attempt: { ...ids, ...times, stages: [], outcome: 'running', standing: '' },
    events,
    before: own.filter(({ seq }) => seq < from),
    around: all.filter((event) => event.mac === undefined && event.machine === undefined),
    siblings: all.filter(
      (event) => machine !== undefined && event.machine === machine && event.mac !== undefined && event.mac !== mac,
    ),
    now,
  };
}
