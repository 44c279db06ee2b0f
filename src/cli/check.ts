import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { defaultPaths, findConfiguration, loadSettings } from '../config/load.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import type { Settings } from '../config/settings.ts';

/** What a check prints, and how it ends: 0 right, 1 errors, 66 no such file (EX_NOINPUT of sysexits.h). */
export interface CheckReport {
  readonly exitCode: 0 | 1 | 66;
  readonly output: string;
}

interface CheckOptions {
  readonly json?: boolean | undefined;
}

export function command(): Command {
  return new Command('check')
    .description('Check a configuration without running it.')
    .argument('[PATH]', `a YAML file or a folder of them (default: ${defaultPaths.join(', then ')})`)
    .option('--json', 'print problems as JSON')
    .action(async (path: string | undefined, options: { readonly json?: boolean }) => {
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
  const output = options.json === true ? asJson(problems) : asText(problems, settings);
  return { exitCode: settings ? 0 : 1, output };
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
  const counts = [count(errors, 'error'), count(warnings, 'warning')].filter((text) => !text.startsWith('0 '));
  if (!settings) return counts.join(', ');
  const size = `${count(settings.networks.length, 'network')}, ${count(settings.machines.size, 'machine')}`;
  return `${size}: ${counts.join(', ') || 'no problems'}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
