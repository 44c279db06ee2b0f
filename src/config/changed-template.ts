import { basename } from 'node:path';
import { checkTemplates, type MachineProblem } from '../boot/check-templates.ts';
import type { Profile } from '../boot/profile.ts';
import { readPlainYaml } from './plain-yaml.ts';
import type { Settings } from './settings.ts';

/** A template that is to take the place of one in use. */
export interface ChangedTemplate {
  /** Absolute; stands in the problems. */
  readonly path: string;
  readonly text: string;
  /** The profile that it is for; without it, those whose template has the same file name. */
  readonly profile?: string | undefined;
}

export type ChangedTemplateResult =
  /** Every problem of every machine that would use the template; the names of all these machines. */
  | {
      readonly kind: 'checked';
      readonly machines: readonly string[];
      readonly problems: readonly MachineProblem[];
    }
  /** No profile would use it. */
  | { readonly kind: 'unused'; readonly reason: string };

/** Renders and checks a template for the machines that would use it, before it is saved in its place. */
export function checkChangedTemplate(settings: Settings, changed: ChangedTemplate): ChangedTemplateResult {
  const { path, text, profile: wanted } = changed;
  const all = [...settings.profiles.values()];
  const isMeant = ({ name, answerFile }: Profile) =>
    wanted === undefined ? basename(answerFile) === basename(path) : name === wanted;
  const profiles = new Map(all.filter(isMeant).map((profile) => [profile.name, { ...profile, answerFile: path }]));
  if (profiles.size === 0) {
    const known = all.map(({ name, answerFile }) => `${name} (${basename(answerFile)})`).join(', ') || 'none';
    const asked = wanted === undefined ? `uses a template called ${basename(path)}` : `is called ${wanted}`;
    return { kind: 'unused', reason: `no profile ${asked}: name one with --profile; profiles here: ${known}` };
  }
  const machines = new Map([...settings.machines].filter(([, machine]) => profiles.has(machine.profile ?? '')));
  const { networks, defaults, server } = settings;
  const templateSettings = { machines, profiles, networks, defaults, httpPort: server.httpPort };
  const problems = checkTemplates(templateSettings, { readTemplate: () => text, readYaml: readPlainYaml });
  return { kind: 'checked', machines: [...machines.keys()], problems };
}
