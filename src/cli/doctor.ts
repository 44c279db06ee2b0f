import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { defaultPaths, findConfiguration, loadSettings } from '../config/load.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import type { Settings } from '../config/settings.ts';
import type { Status } from '../http/api/ports.ts';
import { examine } from '../main/doctor.ts';
import { type Finding, failure, ok, warning } from '../main/finding.ts';
import { formatCount } from '../net/amounts.ts';
import { ApiFailure, type ClientOptions, createClient, dataFolderOf, runCommand, withClientOptions } from './client.ts';
import { missingPackages } from './setup.ts';

interface Options extends ClientOptions {
  readonly config?: string | undefined;
}

export function command(): Command {
  return withClientOptions(new Command('doctor'))
    .description(
      'Looks for what keeps machines from booting: ports, interfaces, firewall, other DHCP servers, files, clock.',
    )
    .option('--config <PATH>', 'file or folder (default: that of the running server, else the one `up` finds)')
    .addHelpText(
      'after',
      `
Works with and without a running server, best as root. It changes nothing; on served interfaces it asks once which
DHCP servers answer. Exit code: 0 fine or warnings only, 1 errors.

Examples:
  sudo ./rackready doctor
  sudo ./rackready doctor --config rack.yaml --json`,
    )
    .action((options: Options) =>
      runCommand(options, async () => {
        const findings = await diagnose(options);
        if (options.json)
          process.stdout.write(`${JSON.stringify({ ok: !hasErrors(findings), findings }, undefined, 2)}\n`);
        else process.stdout.write(`${formatFindings(findings)}\n`);
        process.exitCode = hasErrors(findings) ? 1 : 0;
      }),
    );
}

async function diagnose(options: Options): Promise<readonly Finding[]> {
  const { status, server } = await findServer(options);
  const path = options.config ?? status?.config ?? findConfiguration();
  const { settings, findings } = await readConfiguration(path);
  const dataFolder = resolve(status?.data ?? dataFolderOf(options));
  return [server, ...findings, ...checkPackages(), ...(await examine({ settings, dataFolder, status }))];
}

async function findServer(
  options: Options,
): Promise<{ readonly status: Status | undefined; readonly server: Finding }> {
  try {
    const status = await createClient(options).get<Status>('/status');
    const text = `rackready ${status.version} runs (process ${status.pid}) since ${status.started}`;
    return { status, server: ok('server', text) };
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    if (error.code !== 'not-running')
      return { status: undefined, server: warning('server', error.message, error.hint) };
    return { status: undefined, server: ok('server', `none runs on ${dataFolderOf(options)}: its ports are tried`) };
  }
}

interface Read {
  readonly settings: Settings | undefined;
  readonly findings: readonly Finding[];
}

/** Also tells which kernels, ramdisks and templates are not there. */
async function readConfiguration(path: string | undefined): Promise<Read> {
  const what = 'configuration';
  const missing = (text: string) => ({
    settings: undefined,
    findings: [failure(what, text, 'docs/configuration.md begins with an example')],
  });
  if (path === undefined) return missing(`there is none: neither ${defaultPaths.join(' nor ')}`);
  if (!existsSync(path)) return missing(`${path} does not exist`);
  const result = await loadSettings({ path });
  const tell = (problem: Problem) => (problem.severity === 'error' ? failure : warning)(what, formatProblem(problem));
  if (result.kind === 'problems') return { settings: undefined, findings: result.problems.map(tell) };
  const { settings, warnings } = result;
  const fine = ok(what, `${path}: ${settings.networks.length} networks, ${settings.machines.size} machines`);
  return { settings, findings: [fine, ...warnings.map(tell)] };
}

function checkPackages(): Finding[] {
  const missing = missingPackages('server');
  if (missing.length === 0) return [ok('packages', 'nothing that a server needs is missing')];
  const next = `sudo ./rackready setup, or: apt-get install --no-install-recommends ${missing.join(' ')}`;
  return [warning('packages', `missing: ${missing.join(' ')}`, next)];
}

function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some(({ level }) => level === 'error');
}

const MARKS = { ok: 'ok       ', warning: 'warning  ', error: 'ERROR    ' } as const;

function formatFindings(findings: readonly Finding[]): string {
  const lines = findings.map(
    ({ level, what, text, next }) => `${MARKS[level]}${what}: ${text}${next ? `. ${next}` : ''}`,
  );
  const count = (level: 'error' | 'warning') =>
    formatCount(findings.filter((one) => one.level === level).length, level);
  return [...lines, `${count('error')}, ${count('warning')}`].join('\n');
}
