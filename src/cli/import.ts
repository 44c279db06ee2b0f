import { randomUUID } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { Argument, Command } from 'commander';
import { checkSources } from '../config/load.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import { formatSourceProblem } from '../import/account.ts';
import { importDhcpd } from '../import/dhcpd/import-dhcpd.ts';
import { importDnsmasq } from '../import/dnsmasq/import-dnsmasq.ts';
import type { Imported } from '../import/finish-import.ts';
import type { ServingHost } from '../import/places.ts';
import { formatCount } from '../net/amounts.ts';
import { parseIpv4 } from '../net/ipv4.ts';
import { ApiFailure, runCommand } from './client.ts';
import { type OpenSource, openSource } from './import-files.ts';

/** sysexits(3) */
const EX_USAGE = 64;
const EX_CANTCREAT = 73;

type Kind = 'dhcpd.conf' | 'dnsmasq.conf';

interface ImportOptions {
  readonly interface?: readonly string[] | undefined;
  readonly address?: readonly string[] | undefined;
  readonly output?: string | undefined;
  readonly force?: true;
  readonly json?: true;
}

export function command(): Command {
  return new Command('import')
    .description('Make a configuration of that of another DHCP server. Prints it; changes nothing.')
    .addArgument(new Argument('<KIND>', 'what it is').choices(['dhcpd.conf', 'dnsmasq.conf']))
    .argument('<FILE>', 'the file; files that it names are read, too. - reads standard input')
    .option('--interface <INTERFACE>', 'this host’s interface on the network; more than once for several', collect)
    .option('--address <ADDRESS>', 'this host’s address there, 192.168.1.2 or 192.168.1.2/24; once for each', collect)
    .option('--output <FILE>', 'write to this file instead of printing; one that exists is kept')
    .option('--force', 'let --output replace a file')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Whatever has no counterpart is told in a comment, with the file and line that it comes from. What the source does not say
(the interface, this host’s address) stands as FILL IN, which "check" refuses until it is filled in.

Examples:
  ./rackready import dhcpd.conf /etc/dhcp/dhcpd.conf --interface br0 --address 172.22.10.2 --output rackready.yaml
  ssh old cat /etc/dnsmasq.conf | ./rackready import dnsmasq.conf -`,
    )
    .action((kind: Kind, file: string, options: ImportOptions) =>
      runCommand(options, () => importFile(kind, file, options)),
    );
}

async function importFile(kind: Kind, file: string, options: ImportOptions): Promise<void> {
  const source = await openSource(file);
  const host = hostOf(options);
  const imported =
    kind === 'dhcpd.conf' ? importDhcpd(source.top, source.read, host) : importDnsmasq(source.top, source, host);
  if (imported.kind === 'refused') {
    throw failure('import-refused', imported.reason, 'Nothing was written.', EX_USAGE);
  }
  if (options.output !== undefined) writeOutput(options.output, imported.yaml, options.force === true);
  const open = openEnds(imported.yaml, options.output ?? 'rackready.yaml');
  if (imported.problems.length > 0) process.exitCode = 1;
  if (options.json) {
    process.stdout.write(`${JSON.stringify(asJson(imported, open, source), undefined, 2)}\n`);
    return;
  }
  if (options.output === undefined) process.stdout.write(imported.yaml);
  process.stderr.write(`${report(imported, open, { source, options }).join('\n')}\n`);
}

type Done = Extract<Imported, { kind: 'imported' }>;

/** What the check has to say of the result: lines to fill in, most of all. */
function openEnds(text: string, output: string): readonly Problem[] {
  const result = checkSources([{ name: output, folder: dirname(resolve(output)), text }]);
  return result.kind === 'settings' ? result.warnings : result.problems;
}

function report(
  imported: Done,
  open: readonly Problem[],
  { source, options }: { source: OpenSource; options: ImportOptions },
): string[] {
  const { problems, remarks, networks, machines } = imported;
  const todo = remarks.filter(({ level }) => level === 'todo').length;
  const lines = problems.map((problem) => formatSourceProblem(atPath(problem, source)));
  lines.push(...open.map(formatProblem));
  const where = options.output === undefined ? '' : ` in ${options.output}`;
  lines.push(
    `${formatCount(networks, 'network')} and ${formatCount(machines, 'machine')}${where}, ${formatCount(todo, 'remark')} to look at`,
  );
  if (problems.length > 0)
    lines.push(`${formatCount(problems.length, 'mistake')} in the source: what is wrong was left out, as comments say`);
  const errors = open.filter(({ severity }) => severity === 'error').length;
  if (errors > 0)
    lines.push(`${formatCount(errors, 'place')} to fill in or to mend before it can be served, see above`);
  return lines;
}

function atPath<One extends Done['problems'][number]>(problem: One, source: OpenSource): One {
  return { ...problem, place: { ...problem.place, file: source.pathOf(problem.place.file) } };
}

function asJson(imported: Done, open: readonly Problem[], source: OpenSource) {
  const { yaml, remarks, networks, machines } = imported;
  const problems = imported.problems.map((problem) => {
    const { place, message } = atPath(problem, source);
    return { ...place, message };
  });
  const told = remarks.map(({ at, level, reason, quotes }) => ({
    at: at.join('.'),
    level,
    reason,
    quotes: quotes.map(({ place, text }) => ({
      file: source.pathOf(place.file),
      line: place.line,
      text,
    })),
  }));
  return { config: yaml, networks, machines, remarks: told, problems, check: open };
}

function hostOf({ interface: interfaces = [], address: texts = [] }: ImportOptions): ServingHost {
  const addresses = texts.map((text) => {
    const [, host = '', length] = /^([^/]*)(?:\/([0-9]{1,2}))?$/.exec(text) ?? [];
    const address = parseIpv4(host);
    const prefix = length === undefined ? undefined : Number(length);
    if (address === undefined || (prefix !== undefined && (prefix < 8 || prefix > 30))) {
      const message = `"${text}" is no address: expected one like 192.168.1.2 or 192.168.1.2/24`;
      throw failure('usage', message, 'Give this host’s address on the network.', EX_USAGE);
    }
    return { address, prefix };
  });
  return { interfaces, addresses };
}

/** Without --force, a file that exists is kept. A replaced file is the old one or the new one, at any moment. */
function writeOutput(path: string, text: string, isForced: boolean): void {
  try {
    if (!isForced) {
      writeFileSync(path, text, { flag: 'wx' });
      return;
    }
    const draft = join(dirname(resolve(path)), `.${basename(path)}.${randomUUID()}`);
    try {
      writeFileSync(draft, text, { flag: 'wx' });
      renameSync(draft, path);
    } finally {
      rmSync(draft, { force: true });
    }
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
    const reason = error instanceof Error ? error.message : String(error);
    const message = isThere ? `${path} exists` : `${path} cannot be written: ${reason}`;
    const hint = isThere
      ? 'Nothing was written. Name another file, or replace it with --force.'
      : 'Nothing was written.';
    throw failure('cannot-write', message, hint, EX_CANTCREAT);
  }
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function failure(code: string, message: string, hint: string, exitCode: number): ApiFailure {
  return new ApiFailure({ code, message, hint }, exitCode);
}
