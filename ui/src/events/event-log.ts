import { useEffect, useRef, useState } from 'preact/hooks';
import type { EventView } from '../../../src/http/api/views.ts';
import { follow } from '../stream.ts';

/** How many are kept, and drawn at once: older ones are in `rackready events`. */
const MOST = 500;
const DRAW_EVERY_MS = 150;

/** The newest events that fit the query, the newest first, as they happen. Nothing is added while `isPaused`. */
export function useEvents(query: string, isPaused: boolean): readonly EventView[] {
  const [events, setEvents] = useState<readonly EventView[]>([]);
  const paused = useRef(isPaused);
  const flush = useRef(() => {});
  paused.current = isPaused;
  useEffect(() => {
    if (!isPaused) flush.current();
  }, [isPaused]);
  useEffect(() => {
    let waiting: EventView[] = [];
    let timer: number | undefined;
    setEvents([]);
    flush.current = () => {
      timer = undefined;
      if (paused.current) return;
      const more = waiting.toReversed();
      waiting = [];
      setEvents((before) => [...more, ...before].slice(0, MOST));
    };
    const end = follow<EventView>(`/events/stream?last=200${query}`, '/events?limit=1', {
      onValue: (event) => {
        waiting.push(event);
        if (waiting.length > MOST) waiting.shift();
        timer ??= setTimeout(flush.current, DRAW_EVERY_MS);
      },
    });
    return () => {
      end();
      clearTimeout(timer);
    };
  }, [query]);
  return events;
}
