import type { FormatProblem } from './kickstart-check.ts';

/** What debconf takes for a type (debconf-set-selections(1), debconf-devel(7)). */
const TYPES = new Set(['string', 'boolean', 'select', 'multiselect', 'note', 'text', 'password', 'title', 'error']);

/** Checks a preseed file line by line: owner, question, type, value; lines continued by a backslash count as one. */
export function checkPreseed(text: string): FormatProblem[] {
  const found: FormatProblem[] = [];
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index++) {
    const line = index + 1;
    let whole = lines[index] ?? '';
    if (whole.trimStart().startsWith('#')) continue;
    while (whole.endsWith('\\') && index + 1 < lines.length) whole = `${whole.slice(0, -1)} ${lines[++index]}`;
    const message = checkEntry(whole);
    if (message !== undefined) found.push({ line, message });
  }
  return found;
}

function checkEntry(line: string): string | undefined {
  if (line.trim() === '') return undefined;
  if (line.endsWith('\\')) return 'the last line ends in a backslash, and nothing follows';
  const [owner = '', question, type, ...value] = line.trim().split(/\s+/);
  if (question === undefined || type === undefined) {
    return `${JSON.stringify(owner)} is no entry: expected owner, question, type and value`;
  }
  if (!TYPES.has(type))
    return `${question} has the unknown type ${JSON.stringify(type)}: did the line before lose its backslash?`;
  if (type === 'boolean' && !/^(true|false)?$/.test(value.join(' ')))
    return `${question} is boolean: expected true or false`;
  return undefined;
}
