import { spawn } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { probeEnclosure, systemPath } from '../src/lab/enclose.ts';
import type { TestLine } from './count-reporter.ts';

/**
 * npm test: every check of the project, one after the other.
 *
 *     npm test                                  all of it
 *     npm test -- --only unit                   lint, unit, interop or e2e (may be given more than once)
 *     npm test -- src/net/mac.test.ts …         these files only
 *     npm test -- --verbose                     each unit test on a line of its own
 *
 * Tests in test/interop and test/e2e drive real servers and clients: each file runs in network, mount and process namespaces of
 * its own, that vanish with it. The last line is "N passed, N failed, N skipped"; the exit code is 1 when anything failed.
 */
const root = resolve(import.meta.dirname, '..');
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);
const KINDS = ['lint', 'unit', 'interop', 'e2e'] as const;
type Kind = (typeof KINDS)[number];
const GLOBS: Readonly<Record<Exclude<Kind, 'lint'>, readonly string[]>> = {
  unit: ['src/**/*.test.ts', 'ui/src/**/*.test.ts', 'tools/**/*.test.ts', 'test/contract/**/*.test.ts'],
  interop: ['test/interop/**/*.test.ts'],
  e2e: ['test/e2e/**/*.test.ts'],
};
/** For a measurement that takes longer: TEST_MINUTES=90. */
const minutes = Number(process.env.TEST_MINUTES ?? 10);
/** A file that takes longer hangs: it is killed with everything that it started. */
const FILE_TIMEOUT_MS: Readonly<Record<Exclude<Kind, 'lint'>, number>> = {
  unit: 10 * 60_000,
  interop: minutes * 60_000,
  e2e: 40 * 60_000,
};

/** Colours belong on a terminal, not into a log. */
const PLAIN = process.stdout.isTTY ? {} : { NO_COLOR: '1' };

/**
 * Where the project stands inside the namespaces. Tests start programs under accounts without rights, which could not enter the
 * checkout itself when it is below a private folder, as root's home is. Not below /run, which is private in each further
 * enclosure: a rack that a test opens there would lose its own program.
 */
const INSIDE = '/media';
const ENTER = `mount --bind "$1" ${INSIDE} && cd ${INSIDE} && shift && exec "$@"`;
const toInside = (path: string): string => (path.startsWith(`${root}/`) ? INSIDE + path.slice(root.length) : path);
const toOutside = (path: string): string => (path.startsWith(`${INSIDE}/`) ? root + path.slice(INSIDE.length) : path);

interface Totals {
  passed: number;
  readonly failures: string[];
  readonly skips: string[];
}

function run(argv: readonly string[], timeoutMs?: number): Promise<string | undefined> {
  const [command = '', ...rest] = argv;
  const child = spawn(command, rest, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${systemPath()}`, ...PLAIN },
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs, killSignal: 'SIGKILL' as const }),
  });
  return new Promise((done) => {
    child.once('error', (error) => done(error.message));
    child.once('close', (code, signal) =>
      done(code === 0 ? undefined : signal ? `killed by ${signal}` : `exit code ${code}`),
    );
  });
}

function heading(text: string): void {
  console.log(`\n=== ${text}`);
}

async function check(name: string, argv: readonly string[], totals: Totals): Promise<void> {
  heading(name);
  const problem = await run(argv);
  if (problem === undefined) totals.passed += 1;
  else totals.failures.push(`${name} (${problem})`);
}

/** Runs node --test once and adds its tests to the totals. */
async function runTests(label: string, files: readonly string[], how: RunOptions, totals: Totals): Promise<void> {
  const folder = scratchFolder();
  const lines = join(folder, 'tests.jsonl');
  const test = [
    how.prefix.length > 0 ? toInside(process.execPath) : process.execPath,
    '--test',
    `--test-concurrency=${how.concurrency}`,
    `--test-reporter=${how.reporter}`,
    '--test-reporter-destination=stdout',
    `--test-reporter=${join(root, 'tools', 'count-reporter.ts')}`,
    `--test-reporter-destination=${lines}`,
    ...files,
  ];
  try {
    const problem = await run([...how.prefix, ...test], how.timeoutMs);
    const results = readResults(lines);
    const failed = results.filter(({ outcome }) => outcome === 'failed');
    totals.passed += results.filter(({ outcome }) => outcome === 'passed').length;
    const shown = (file: string) => relative(root, toOutside(file));
    for (const { file, name } of failed) totals.failures.push(`${shown(file) || label}: ${name}`);
    for (const { file, name, reason } of results.filter(({ outcome }) => outcome === 'skipped')) {
      totals.skips.push(`${shown(file)}: ${name}: ${reason}`);
    }
    // Killed, crashed, or nothing was run: there may be no failed test to show for it.
    if (problem !== undefined && (failed.length === 0 || problem.startsWith('killed')))
      totals.failures.push(`${label} (${problem})`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface RunOptions {
  readonly prefix: readonly string[];
  readonly reporter: 'spec' | 'dot';
  readonly concurrency: number;
  readonly timeoutMs: number;
}

/** Not in the system's temp folder: that one may be below /run, which is private inside the namespaces. */
function scratchFolder(): string {
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  return mkdtempSync(join(cache, 'rackready-test-'));
}

function readResults(path: string): TestLine[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // The run ended before its reporter was loaded; the caller counts that as a failure.
    return [];
  }
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as TestLine);
}

async function lint(totals: Totals): Promise<void> {
  await check('biome ci .', [bin('biome'), 'ci', ...(process.stdout.isTTY ? [] : ['--colors=off']), '.'], totals);
  await check('tsc -p tsconfig.json', [bin('tsc'), '-p', 'tsconfig.json'], totals);
  await check('tsc -p tsconfig.pure.json (folders without Node)', [bin('tsc'), '-p', 'tsconfig.pure.json'], totals);
  await check('tsc -p ui (the web page)', [bin('tsc'), '-p', 'ui/tsconfig.json'], totals);
  await check(
    'knip (what nothing uses)',
    [bin('knip'), '--no-progress', '--include', 'files,exports,dependencies'],
    totals,
  );
}

async function unit(files: readonly string[], isVerbose: boolean, totals: Totals): Promise<void> {
  heading(`unit tests: ${files.length} files`);
  await runTests(
    'unit tests',
    files,
    {
      prefix: [],
      reporter: isVerbose ? 'spec' : 'dot',
      concurrency: availableParallelism(),
      timeoutMs: FILE_TIMEOUT_MS.unit,
    },
    totals,
  );
}

async function enclosed(kind: 'interop' | 'e2e', files: readonly string[], totals: Totals): Promise<void> {
  const enclosure = probeEnclosure();
  heading(`${kind} tests: ${files.length} files, each in namespaces of its own`);
  if (enclosure.kind === 'impossible') {
    console.log(`skipped: ${enclosure.reason}`);
    if (process.env.CI === 'true' && enclosure.reason.startsWith('missing'))
      totals.failures.push(`${kind}: ${enclosure.reason}`);
    else totals.skips.push(...files.map((file) => `${file}: ${enclosure.reason}`));
    return;
  }
  for (const file of files) {
    console.log(`--- ${file}`);
    await runTests(
      file,
      [file],
      {
        prefix: [...enclosure.prefix, 'sh', '-c', ENTER, 'checkout', root],
        reporter: 'spec',
        concurrency: 1,
        timeoutMs: FILE_TIMEOUT_MS[kind],
      },
      totals,
    );
  }
}

function kindOf(file: string): Exclude<Kind, 'lint'> {
  if (file.startsWith('test/interop/')) return 'interop';
  return file.startsWith('test/e2e/') ? 'e2e' : 'unit';
}

function isKind(word: string): word is Kind {
  return (KINDS as readonly string[]).includes(word);
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { only: { type: 'string', multiple: true }, verbose: { type: 'boolean', default: false } },
  });
  const unknown = values.only?.find((word) => !isKind(word));
  if (unknown !== undefined) {
    console.error(`--only ${unknown}: expected one of ${KINDS.join(', ')}`);
    return 64;
  }
  const named = positionals.map((file) => relative(root, resolve(file)));
  const wanted = values.only ?? (named.length > 0 ? KINDS.filter((kind) => kind !== 'lint') : KINDS);
  const filesOf = (kind: Exclude<Kind, 'lint'>): string[] => {
    if (!wanted.includes(kind)) return [];
    if (named.length > 0) return named.filter((file) => kindOf(file) === kind);
    return GLOBS[kind].flatMap((pattern) => globSync(pattern, { cwd: root })).sort();
  };
  const totals: Totals = { passed: 0, failures: [], skips: [] };
  if (wanted.includes('lint')) await lint(totals);
  const unitFiles = filesOf('unit');
  if (unitFiles.length > 0) await unit(unitFiles, values.verbose, totals);
  for (const kind of ['interop', 'e2e'] as const) {
    const files = filesOf(kind);
    if (files.length > 0) await enclosed(kind, files, totals);
  }
  return summarise(totals);
}

function summarise({ passed, failures, skips }: Totals): number {
  console.log('');
  for (const skip of skips) console.log(`skipped: ${skip}`);
  for (const failure of failures) console.log(`FAILED: ${failure}`);
  console.log(`${passed} passed, ${failures.length} failed, ${skips.length} skipped`);
  if (passed + failures.length + skips.length > 0) return failures.length === 0 ? 0 : 1;
  console.error('No test was run.');
  return 1;
}

process.exitCode = await main();
