import type { RecordedEvent } from '../../src/event/event.ts';
import type { ServerEvent } from '../../src/lab/milestones.ts';
import type { Mac } from '../../src/net/mac.ts';
import { diagnose } from '../../src/story/diagnose/diagnose.ts';
import { traceOf } from '../support/traces.ts';

/** One event of a sequence. */
export interface Wanted {
  readonly what: string;
  readonly accept: (event: ServerEvent) => boolean;
}

type Values = Readonly<Record<string, string | RegExp>>;

/** An event by its id and some of its data; a RegExp is searched in the text of a value. */
export function wanted(id: string | RegExp, data: Values = {}): Wanted {
  const conditions = Object.entries(data);
  return {
    what: [String(id), ...conditions.map(([key, value]) => `${key}=${value}`)].join(' '),
    accept: (event) =>
      matches(event.id, id) && conditions.every(([key, value]) => matches(String(event.data?.[key] ?? ''), value)),
  };
}

function matches(text: string, wantedText: string | RegExp): boolean {
  return typeof wantedText === 'string' ? text === wantedText : wantedText.test(text);
}

/** A lease from power-on: asked, offered, confirmed. `bootFile` is what the firmware is told to load. */
export function leased(address: string, bootFile: string | RegExp): readonly Wanted[] {
  return [
    wanted('dhcp.discover'),
    wanted('dhcp.offer', { address, bootFile }),
    wanted('dhcp.ack', { address, bootFile }),
  ];
}

/** A file that was sent in full by TFTP. */
export function tftp(file: string | RegExp): Wanted {
  return wanted('tftp.done', { file });
}

/** A file that was sent in full over HTTP. */
export function http(path: string | RegExp, values: Values = {}): Wanted {
  return wanted('http.done', { path, method: 'GET', status: '200', ...values });
}

/**
 * Warnings and errors among a machine's events, and what a diagnosis would have said after each of them: a boot that goes well has
 * none of either.
 */
export function troubles(events: readonly ServerEvent[]): readonly string[] {
  const loud = events.filter(({ level }) => level === 'warning' || level === 'error');
  return [...loud.map(({ id, text }) => `${id}: ${text}`), ...diagnosed(events)];
}

function diagnosed(events: readonly ServerEvent[]): string[] {
  const owner = events.find(({ mac }) => mac !== undefined)?.mac;
  if (owner === undefined) return [];
  const recorded = events as unknown as readonly RecordedEvent[];
  const found = recorded.flatMap(({ time }, index) =>
    diagnose(traceOf(recorded.slice(0, index + 1), owner as Mac, time)),
  );
  return [...new Map(found.map(({ rule, cause }) => [rule, `${rule}: ${cause}`])).values()];
}
