import { checkAutoinstall, type ReadYaml } from './autoinstall-check.ts';
import { checkKickstart, type FormatProblem } from './kickstart-check.ts';
import { checkPreseed } from './preseed-check.ts';
import type { Profile } from './profile.ts';
import type { TemplateProblem } from './template.ts';

/** What a rendered answer file is checked with. `template`: the text that it was made from, asked for only to tell a place. */
interface FormatReaders {
  readonly template: () => string;
  readonly readYaml: ReadYaml;
}

/** Checks a rendered answer file by the rules of its own format. */
export function checkFormat(profile: Profile, text: string, { template, readYaml }: FormatReaders): TemplateProblem[] {
  const problems = problemsOf(profile, text, readYaml);
  if (problems.length === 0) return [];
  const rendered = text.split('\n');
  const written = template().split('\n');
  return problems.map(({ line, message }) => {
    const at = rendered[line - 1]?.trim() ?? '';
    // Most lines stand in the template as they are; for the others there is only the place in what was made.
    const index = at === '' ? -1 : written.findIndex((candidate) => candidate.trim() === at);
    const shown = at.length > 60 ? `${at.slice(0, 60)}…` : at;
    const place = index < 0 ? ` (line ${line} of the rendered file: ${shown})` : '';
    return { file: profile.answerFile, line: index < 0 ? 1 : index + 1, column: 1, message: `${message}${place}` };
  });
}

function problemsOf(profile: Profile, text: string, readYaml: ReadYaml): FormatProblem[] {
  switch (profile.family) {
    case 'anaconda':
      return profile.kickstart === undefined ? [] : checkKickstart(text, profile.kickstart);
    case 'debian':
      return checkPreseed(text);
    case 'ubuntu':
      return checkAutoinstall(text, readYaml);
    case 'custom':
      return [];
  }
}
