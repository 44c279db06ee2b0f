import type { RecordedEvent } from './event.ts';

/** As JSON.stringify; an event that is not plain JSON is left out, so that its neighbours are kept. */
export function eventsJson(events: readonly RecordedEvent[]): string {
  try {
    return JSON.stringify(events);
  } catch {
    return `[${events.flatMap((event) => tryJson(event) ?? []).join()}]`;
  }
}

function tryJson(event: RecordedEvent): string | undefined {
  try {
    return JSON.stringify(event);
  } catch {
    return undefined;
  }
}
