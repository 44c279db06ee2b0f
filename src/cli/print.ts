import { stripVTControlCharacters } from 'node:util';
import type { Level } from '../event/entry.ts';
import type { EventView } from '../http/api/views.ts';

/** Columns as wide as their widest cell, two spaces apart; the last one is not padded. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => (column === header.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The two largest units: "2 d 3 h", "5 min 12 s", "0 s". */
export function formatDuration(seconds: number): string {
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ] as const;
  let rest = Math.max(0, Math.round(seconds));
  const parts: string[] = [];
  for (const [name, size] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${name}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(' ') || '0 s';
}

/** "in 5 min", "3 h ago", "never" for null. */
export function formatWhen(iso: string | null, now: number): string {
  if (iso === null) return 'never';
  const seconds = (Date.parse(iso) - now) / 1000;
  return seconds >= 0 ? `in ${formatDuration(seconds)}` : `${formatDuration(-seconds)} ago`;
}

/** Local time, "2026-11-23 02:39:00". */
export function formatTime(iso: string): string {
  const date = new Date(iso);
  const two = (number: number) => String(number).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Whether to colour: on a terminal, unless NO_COLOR is set (no-color.org). */
export function wantsColour(stream: { readonly isTTY?: boolean | undefined }): boolean {
  return stream.isTTY === true && !process.env.NO_COLOR;
}

const COLOURS: Partial<Record<Level, string>> = { debug: '\x1b[2m', warning: '\x1b[33m', error: '\x1b[31m' };

/** One line: time, machine or MAC, address, sentence. Columns are wide enough for a MAC and an IPv4 address. */
export function formatEvent(event: EventView, colour: boolean): string {
  const who = event.machine ?? event.mac ?? (event.network ? `(${event.network})` : '-');
  const mark = event.level === 'error' ? 'ERROR: ' : event.level === 'warning' ? 'warning: ' : '';
  const time = formatTime(event.time);
  const line = `${time}  ${who.padEnd(17)}  ${(event.address ?? '-').padEnd(15)}  ${mark}${withoutControls(event.text)}`;
  const start = colour ? COLOURS[event.level] : undefined;
  return start === undefined ? line : `${start}${line}\x1b[0m`;
}

/** Machines put words of their own into events; they must not move the operator's cursor. */
export function withoutControls(text: string): string {
  return stripVTControlCharacters(text).replace(/\p{Cc}/gu, '?');
}
