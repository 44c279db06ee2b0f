import { checkTemplates, type MachineProblem } from '../boot/check-templates.ts';
import type { ReadTemplate } from '../boot/template.ts';
import { readPlainYaml } from './plain-yaml.ts';
import { errorAt, type Finding } from './problem.ts';
import type { Settings } from './settings.ts';

/**
 * Renders what each machine would be sent and tells what breaks: once for each fault, at the first machine that has it.
 * A template that is not there is the file check's business.
 */
export function checkRendering(settings: Settings, read: ReadTemplate): Finding[] {
  const profiles = new Map([...settings.profiles].filter(([, profile]) => read(profile.answerFile) !== undefined));
  const { machines, networks, defaults, server } = settings;
  const faults = new Map<string, MachineProblem[]>();
  const readers = { readTemplate: read, readYaml: readPlainYaml };
  const templateSettings = { machines, profiles, networks, defaults, httpPort: server.httpPort };
  for (const problem of checkTemplates(templateSettings, readers)) {
    const message = messageOf(problem);
    const same = faults.get(message);
    if (same) same.push(problem);
    else faults.set(message, [problem]);
  }
  return [...faults].flatMap(([message, [first, ...others]]) =>
    first ? [errorAt(['machines', first.machine], `cannot be rendered: ${message}${more(others)}`, 'key')] : [],
  );
}

/** "FILE:LINE:COLUMN: what is wrong"; what is in no file has a name of its own instead. */
export function messageOf({ file, line, column, message }: MachineProblem): string {
  return file.startsWith('/') ? `${file}:${line}:${column}: ${message}` : `${file}: ${message}`;
}

function more(others: readonly MachineProblem[]): string {
  if (others.length === 0) return '';
  const named = others.slice(0, 3).map(({ machine }) => machine);
  return ` (also ${named.join(', ')}${others.length > named.length ? ` and ${others.length - named.length} more` : ''})`;
}
