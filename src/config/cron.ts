import { cronFields, parseCronPiece } from '../mirror/run/cron.ts';

/** What is wrong with a schedule in the five fields of crontab(5), or undefined when it is right. */
export function cronProblem(text: string): string | undefined {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== cronFields.length) {
    return 'expected five fields as in crontab(5): minute hour day-of-month month day-of-week, like "11 1 * * *"';
  }
  for (const [index, field] of cronFields.entries()) {
    const part = parts[index] ?? '';
    const bad = part.split(',').find((piece) => parseCronPiece(piece, field) === undefined);
    if (bad !== undefined)
      return `"${bad}" is not a ${field.name}: expected ${field.min}-${field.max}, *, a range, or steps like */5`;
  }
  return undefined;
}
