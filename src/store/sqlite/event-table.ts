import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { Level } from '../../event/entry.ts';
import type { RecordedEvent } from '../../event/event.ts';
import { type EventQuery, levelRank } from '../../event/query.ts';
import type { EventLimits } from '../store.ts';
import type { Cell } from './protocol.ts';

/** Sequence numbers that one step of a search looks at: about a millisecond, after which leases may go first. */
const SEARCH_WINDOW = 4000;
/** Events deleted per step of pruning. */
const PRUNE_STEP = 500;
/** Age never takes these: a clock that is years ahead at the start must not empty the history. */
const KEEP_NEWEST = 1000;

const levelNames = Object.keys(levelRank) as Level[];

/** A search that is carried on step by step. */
export interface EventSearch {
  /** Looks a little further; true when everything is found. */
  step(): boolean;
  /** What was found, as JSON of each event, ascending. */
  readonly found: Cell[];
}

export interface EventTable {
  lastSeq(): number;
  /** Inside a transaction. Writing the same event twice is the same as once. */
  insert(events: readonly RecordedEvent[]): void;
  /** Inside a transaction: deletes some of what is beyond the limits, oldest first. */
  prune(nowMs: number): void;
  search(query: EventQuery): EventSearch;
}

export function createEventTable(database: DatabaseSync, limits: EventLimits): EventTable {
  const insert = database.prepare(
    'INSERT OR REPLACE INTO event (seq, time, level, id, mac, machine, network, address, data, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const last = database.prepare('SELECT max(seq) AS seq FROM event');
  const lastSeq = () => Number(last.get()?.seq ?? 0);
  const prune = database.prepare(
    `DELETE FROM event WHERE seq IN (SELECT seq FROM event ORDER BY seq LIMIT ${PRUNE_STEP})
     AND (seq <= ?1 OR (time < ?2 AND seq <= ?3))`,
  );
  return {
    lastSeq,
    insert: (events) => {
      for (const event of events) insert.run(...eventCells(event));
    },
    prune: (nowMs) => {
      const newest = lastSeq();
      prune.run(newest - limits.count, Math.trunc(nowMs - limits.ageMs), newest - Math.min(KEEP_NEWEST, limits.count));
    },
    search: (query) => createSearch(database, query),
  };
}

function eventCells(event: RecordedEvent): Cell[] {
  return [
    event.seq,
    Math.trunc(event.time),
    levelRank[event.level],
    event.id,
    event.mac ?? null,
    event.machine ?? null,
    event.network ?? null,
    event.address ?? null,
    JSON.stringify(event.data),
    event.text,
  ];
}

function createSearch(database: DatabaseSync, query: EventQuery): EventSearch {
  const ascending = query.after !== undefined;
  const bounds = database.prepare('SELECT min(seq) AS low, max(seq) AS high FROM event').get();
  let low = Math.max(Number(bounds?.low ?? 1), (query.after ?? Number.MIN_SAFE_INTEGER) + 1);
  let high = Math.min(Number(bounds?.high ?? 0), (query.before ?? Number.MAX_SAFE_INTEGER) - 1);
  const { where, values } = conditions(query);
  const select = database.prepare(
    `SELECT * FROM event WHERE seq BETWEEN ? AND ? ${where} ORDER BY seq ${ascending ? 'ASC' : 'DESC'} LIMIT ?`,
  );
  const found: Cell[] = [];
  const step = () => {
    const from = ascending ? low : Math.max(low, high - SEARCH_WINDOW + 1);
    const to = ascending ? Math.min(high, low + SEARCH_WINDOW - 1) : high;
    const rows = from <= to ? select.all(from, to, ...values, query.limit - found.length) : [];
    for (const row of rows) found.push(eventJson(row as Record<string, Cell>));
    if (ascending) low = to + 1;
    else high = from - 1;
    const isDone = low > high || found.length >= query.limit;
    if (isDone && !ascending) found.reverse();
    return isDone;
  };
  return { step, found };
}

function conditions(query: EventQuery): { where: string; values: SQLInputValue[] } {
  const parts: string[] = [];
  const values: SQLInputValue[] = [];
  const add = (condition: string, value: SQLInputValue | undefined) => {
    if (value === undefined) return;
    parts.push(`AND ${condition}`);
    values.push(value);
  };
  add('machine = ?', query.machine);
  add('mac = ?', query.mac);
  add('network = ?', query.network);
  add('id = ?', query.id);
  add('level >= ?', query.minLevel && levelRank[query.minLevel]);
  return { where: parts.join(' '), values };
}

function eventJson(row: Record<string, Cell>): string {
  const { level, data, ...rest } = row;
  const present = Object.fromEntries(Object.entries(rest).filter(([, cell]) => cell !== null));
  return JSON.stringify({ ...present, level: levelNames[Number(level)], data: JSON.parse(String(data)) });
}
