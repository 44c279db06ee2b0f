const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly words: readonly string[];
}

const fields: readonly Field[] = [
  { name: 'minute', min: 0, max: 59, words: [] },
  { name: 'hour', min: 0, max: 23, words: [] },
  { name: 'day of month', min: 1, max: 31, words: [] },
  { name: 'month', min: 1, max: 12, words: months },
  { name: 'day of week', min: 0, max: 7, words: days },
];

/** What is wrong with a schedule in the five fields of crontab(5), or undefined when it is right. */
export function cronProblem(text: string): string | undefined {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== fields.length) {
    return 'expected five fields as in crontab(5): minute hour day-of-month month day-of-week, like "11 1 * * *"';
  }
  for (const [index, field] of fields.entries()) {
    const part = parts[index] ?? '';
    const bad = part.split(',').find((piece) => !isPiece(piece, field));
    if (bad !== undefined)
      return `"${bad}" is not a ${field.name}: expected ${field.min}-${field.max}, *, a range, or steps like */5`;
  }
  return undefined;
}

/** `*`, `5`, `1-5`, each with an optional `/step`. */
function isPiece(piece: string, field: Field): boolean {
  const match = /^(\*|\w+)(?:-(\w+))?(?:\/([0-9]{1,3}))?$/.exec(piece.toLowerCase());
  if (!match) return false;
  const [, from = '', to, step] = match;
  if (step !== undefined && Number(step) === 0) return false;
  if (from === '*') return to === undefined;
  const first = numberOf(from, field);
  const last = to === undefined ? first : numberOf(to, field);
  return first !== undefined && last !== undefined && first <= last;
}

function numberOf(word: string, field: Field): number | undefined {
  const named = field.words.indexOf(word);
  if (named >= 0) return named + field.min;
  if (!/^[0-9]{1,2}$/.test(word)) return undefined;
  const value = Number(word);
  return value >= field.min && value <= field.max ? value : undefined;
}
