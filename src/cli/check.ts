import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { checkChangedTemplate } from '../config/changed-template.ts';
import { defaultPaths, findConfiguration, loadSettings } from '../config/load.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import { messageOf } from '../config/render-check.ts';
import type { Settings } from '../config/settings.ts';
import { formatCount } from '../net/amounts.ts';

/** What a check prints, and how it ends: 0 right, 1 errors, 66 no such file (EX_NOINPUT of sysexits.h). */
export interface CheckReport {
  readonly exitCode: 0 | 1 | 66;
  readonly output: string;
}

interface CheckOptions {
  readonly json?: boolean | undefined;
  /** A changed answer-file template that is not in its place yet. */
  readonly template?: string | undefined;
  /** The profile that it is for; without it, those whose template has the same file name. */
  readonly profile?: string | undefined;
}

export function command(): Command {
  return new Command('check')
    .description('Check a configuration without running it.')
    .argument('[PATH]', `a YAML file or a folder of them (default: ${defaultPaths.join(', then ')})`)
    .option('--json', 'print problems as JSON')
    .addHelpText(
      'after',
      `
Examples:
  ./rackready check
  ./rackready check /etc/rackready --json`,
    )
    .option(
      '--template <FILE>',
      'render a changed template for every machine that uses it, before it is put in its place',
    )
    .option('--profile <NAME>', 'the profile that the template is for')
    .action(async (path: string | undefined, options: CheckOptions) => {
      const report = await check(path, options);
      process.stdout.write(`${report.output}\n`);
      process.exitCode = report.exitCode;
    });
}

/** Checks the configuration at a path, or the one that is found. */
export async function check(path: string | undefined, options: CheckOptions): Promise<CheckReport> {
  const found = path === undefined ? findConfiguration() : existsSync(path) ? path : undefined;
  if (found === undefined) return notFound(path, options.json === true);
  const result = await loadSettings({ path: found });
  const problems = result.kind === 'settings' ? result.warnings : result.problems;
  const settings = result.kind === 'settings' ? result.settings : undefined;
  if (settings && options.template !== undefined) return checkTemplate(settings, options.template, options);
  const output = options.json === true ? asJson(problems) : asText(problems, settings);
  return { exitCode: settings ? 0 : 1, output };
}

/** Names every machine that a changed template breaks. */
function checkTemplate(settings: Settings, file: string, { profile, json }: CheckOptions): CheckReport {
  if (!existsSync(file))
    return { exitCode: 66, output: `${file} does not exist: give the path of the changed template` };
  const result = checkChangedTemplate(settings, { path: resolve(file), text: readFileSync(file, 'utf8'), profile });
  if (result.kind === 'unused') return { exitCode: 1, output: result.reason };
  const { problems, machines } = result;
  const exitCode = problems.length === 0 ? 0 : 1;
  if (json === true)
    return { exitCode, output: JSON.stringify({ ok: exitCode === 0, machines, problems }, undefined, 2) };
  const lines = problems.map((problem) => `${problem.machine}: ${messageOf(problem)}`);
  const broken = new Set(problems.map(({ machine }) => machine)).size;
  const end = broken === 0 ? 'no problems' : `${formatCount(broken, 'machine')} would break`;
  return {
    exitCode,
    output: [...lines, `${file}: ${formatCount(machines.length, 'machine')} rendered: ${end}`].join('\n'),
  };
}

function notFound(path: string | undefined, json: boolean): CheckReport {
  const message =
    path === undefined
      ? `no configuration found: neither ${defaultPaths.join(' nor ')} exists. Write one (docs/configuration.md begins with an example) and run: ./rackready check PATH`
      : `${path} does not exist. Give the path of a YAML file or of a folder with *.yaml files: ./rackready check PATH`;
  return { exitCode: 66, output: json ? JSON.stringify({ ok: false, notFound: message, problems: [] }) : message };
}

function asJson(problems: readonly Problem[]): string {
  return JSON.stringify({ ok: !problems.some((problem) => problem.severity === 'error'), problems }, undefined, 2);
}

function asText(problems: readonly Problem[], settings: Settings | undefined): string {
  return [...problems.map(formatProblem), summary(problems, settings)].join('\n');
}

/** "3 networks, 9 machines: no problems", or "2 errors, 1 warning". */
function summary(problems: readonly Problem[], settings: Settings | undefined): string {
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  const warnings = problems.length - errors;
  const counts = [formatCount(errors, 'error'), formatCount(warnings, 'warning')].filter(
    (text) => !text.startsWith('0 '),
  );
  if (!settings) return counts.join(', ');
  const size = `${formatCount(settings.networks.length, 'network')}, ${formatCount(settings.machines.size, 'machine')}`;
  return `${size}: ${counts.join(', ') || 'no problems'}`;
}
