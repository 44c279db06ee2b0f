import { catalogue, type EventId } from '../event/event.ts';
import type { ServerMeasures } from '../http/metrics/server-families.ts';
import type { EventHub } from '../io/event-hub.ts';
import { usageOf } from '../io/process-usage.ts';

/** Counts what is told from now on, and measures the process, and that of the stories, when it is asked. */
export function createMeasures(
  hub: Pick<EventHub, 'subscribe'>,
  storiesPid: () => number | undefined,
): () => ServerMeasures {
  const ids = (Object.keys(catalogue) as EventId[]).filter((id) => !catalogue[id].isPassing);
  const counts = new Map<EventId, number>(ids.map((id) => [id, 0]));
  let eventsSkipped = 0;
  hub.subscribe(({ id, data }) => {
    counts.set(id, (counts.get(id) ?? 0) + 1);
    if (id === 'server.events-skipped') eventsSkipped += (data as { count: number }).count;
  });
  return () => {
    const { user, system } = process.cpuUsage();
    const pid = storiesPid();
    return {
      events: [...counts].map(([id, count]) => ({ id, level: catalogue[id].level, count })),
      eventsSkipped,
      cpuSeconds: (user + system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
      stories: pid === undefined ? undefined : usageOf(pid),
    };
  };
}
