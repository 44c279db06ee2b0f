const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** A field of crontab(5). */
export interface CronField {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly words: readonly string[];
}

export const cronFields: readonly CronField[] = [
  { name: 'minute', min: 0, max: 59, words: [] },
  { name: 'hour', min: 0, max: 23, words: [] },
  { name: 'day of month', min: 1, max: 31, words: [] },
  { name: 'month', min: 1, max: 12, words: months },
  { name: 'day of week', min: 0, max: 7, words: days },
];

/** The numbers that `*`, `5`, `1-5`, each with an optional `/step`, stand for; undefined: it is none of these. */
export function parseCronPiece(piece: string, field: CronField): number[] | undefined {
  const match = /^(\*|\w+)(?:-(\w+))?(?:\/([0-9]{1,3}))?$/.exec(piece.toLowerCase());
  if (!match) return undefined;
  const [, from = '', to, stepText] = match;
  const step = stepText === undefined ? 1 : Number(stepText);
  if (step === 0) return undefined;
  if (from === '*') return to === undefined ? series(field.min, field.max, step) : undefined;
  const first = numberOf(from, field);
  // "5/10" counts from 5 to the end, as Vixie cron has it.
  const last = to === undefined ? (stepText === undefined ? first : field.max) : numberOf(to, field);
  return first !== undefined && last !== undefined && first <= last ? series(first, last, step) : undefined;
}

function series(first: number, last: number, step: number): number[] {
  const numbers: number[] = [];
  for (let number = first; number <= last; number += step) numbers.push(number);
  return numbers;
}

function numberOf(word: string, field: CronField): number | undefined {
  const named = field.words.indexOf(word);
  if (named >= 0) return named + field.min;
  if (!/^[0-9]{1,2}$/.test(word)) return undefined;
  const value = Number(word);
  return value >= field.min && value <= field.max ? value : undefined;
}

interface Cron {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly everyHour: boolean;
  readonly isDay: (day: Pick<Wall, 'month' | 'date' | 'weekday'>) => boolean;
}

/** Five fields that the configuration has checked. Of two restricted day fields, either will do (crontab(5)). */
function parseCron(text: string): Cron {
  const parts = text.trim().split(/\s+/);
  const sets = cronFields.map((field, index) => {
    const pieces = (parts[index] ?? '').split(',').flatMap((piece) => parseCronPiece(piece, field) ?? []);
    return new Set(field.max === 7 ? pieces.map((day) => day % 7) : pieces);
  });
  const [minutes, hours, dates, inMonths, weekdays] = sets as [
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
  ];
  const isStar = (index: number) => parts[index]?.startsWith('*') === true;
  const isEither = !isStar(2) && !isStar(4);
  return {
    minutes,
    hours,
    everyHour: isStar(1),
    isDay: ({ month, date, weekday }) => {
      if (!inMonths.has(month)) return false;
      const [byDate, byWeekday] = [dates.has(date), weekdays.has(weekday)];
      return isEither ? byDate || byWeekday : byDate && byWeekday;
    },
  };
}

/** What the clock on the wall shows. */
interface Wall {
  readonly year: number;
  readonly month: number;
  readonly date: number;
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
}

function createWall(timeZone: string): (ms: number) => Wall {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    weekday: 'short',
    hour: 'numeric',
    minute: 'numeric',
  });
  return (ms) => {
    const parts: Record<string, string> = {};
    for (const { type, value } of format.formatToParts(ms)) parts[type] = value;
    return {
      year: Number(parts.year),
      month: Number(parts.month),
      date: Number(parts.day),
      weekday: days.indexOf((parts.weekday ?? '').toLowerCase()),
      hour: Number(parts.hour),
      minute: Number(parts.minute),
    };
  };
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** 29 February comes round within eight years. */
const FARTHEST_MS = 8 * 366 * 24 * HOUR_MS;

/**
 * The next moment after `after` (both milliseconds since 1970) that a crontab line names in a time zone; undefined: there is
 * none, like 30 February. A time that the clock leaps over counts as the end of the leap, one that comes twice counts once.
 */
export function nextCronTime(text: string, timeZone: string, after: number): number | undefined {
  const cron = parseCron(text);
  const wallAt = createWall(timeZone);
  let before = Math.floor(after / MINUTE_MS) * MINUTE_MS;
  let shown = readingOf(wallAt(before));
  let at = before + MINUTE_MS;
  while (at - after < FARTHEST_MS) {
    const wall = wallAt(at);
    const reading = readingOf(wall);
    if (leapsOverRun(cron, shown + at - before, reading)) return at;
    before = at;
    shown = reading;
    if (!cron.isDay(wall) || !cron.hours.has(wall.hour)) {
      at += (60 - wall.minute) * MINUTE_MS;
      continue;
    }
    const isSecondTime = !cron.everyHour && wallAt(at - HOUR_MS).hour === wall.hour;
    if (cron.minutes.has(wall.minute) && !isSecondTime) return at;
    at += MINUTE_MS;
  }
  return undefined;
}

/** What the clock on the wall shows, in milliseconds: of two readings, how far they are apart on it. */
function readingOf({ year, month, date, hour, minute }: Wall): number {
  return Date.UTC(year, month - 1, date, hour, minute);
}

/** Whether there was something to do at a time between two readings, where the clock was put forward from the one to the other. */
function leapsOverRun({ minutes, hours, isDay }: Cron, from: number, to: number): boolean {
  for (let reading = from; reading < to; reading += MINUTE_MS) {
    const at = new Date(reading);
    const day = { month: at.getUTCMonth() + 1, date: at.getUTCDate(), weekday: at.getUTCDay() };
    if (minutes.has(at.getUTCMinutes()) && hours.has(at.getUTCHours()) && isDay(day)) return true;
  }
  return false;
}
