import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { complete } from './completion.ts';
import { allCommands, commandPath, createProgram } from './program.ts';

const program = await createProgram();
const every = allCommands(program);
const main = fileURLToPath(new URL('./main.ts', import.meta.url));

/** What --help prints, with the text after it. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

for (const command of every) {
  test(`the help of ${commandPath(command)} has an example that begins with a command of it`, () => {
    const text = helpOf(command);
    assert.match(text, /\nExamples?:\n/);
    const examples = text
      .slice(text.search(/\nExamples?:\n/))
      .split('\n')
      .slice(2);
    assert.ok(
      examples.some((line) => line.includes(commandPath(command))),
      text,
    );
  });
}

const COMMON = ['--data', '--json'];

test('docs/commands.md tells every command, argument and option, and no option that is not there', () => {
  const text = readFileSync(new URL('../../docs/commands.md', import.meta.url), 'utf8');
  const sections = new Map(
    text
      .split(/^## /m)
      .slice(1)
      .map((section) => [/^`([^`]+)`/.exec(section)?.[1] ?? '', section] as const),
  );
  for (const command of every.slice(1)) {
    const path = commandPath(command).replace(/^rackready /, '');
    const section = sections.get(path);
    assert.ok(section, `no section for ${path}`);
    const options = command.options.map(({ long }) => long ?? '');
    for (const argument of command.registeredArguments) {
      assert.ok(section.includes(argument.name()), `${path} does not tell ${argument.name()}`);
    }
    const told = [...section.matchAll(/^\| `(--[a-z0-9-]+)/gm)].map(([, option]) => option ?? '');
    // What every command has is told at the top.
    const own = options.filter((option) => !COMMON.includes(option));
    assert.deepEqual(told.filter((option) => !COMMON.includes(option)).toSorted(), own.toSorted(), path);
    assert.match(section, /```\n[^`]*\.\/rackready /, `${path} has no example`);
    assert.match(section, /Exit codes?: /, `${path} tells no exit codes`);
    sections.delete(path);
  }
  for (const option of COMMON) assert.ok(text.split('\n## ')[0]?.includes(`\`${option}`), option);
  assert.deepEqual(
    [...sections.keys()].filter((name) => name !== ''),
    [],
  );
});

test('what asks the server or prints facts has --json', () => {
  const without = every.filter(({ options }) => !options.some(({ long }) => long === '--json')).map(commandPath);
  assert.deepEqual(without, [
    'rackready',
    'rackready demo',
    'rackready lab',
    'rackready setup',
    'rackready completion',
  ]);
});

const mistakes: readonly (readonly string[])[] = [
  ['nonsense'],
  ['up', '--nonsense'],
  ['check', 'a', 'b'],
  ['leases', 'release', 'here'],
  ['machines', 'add', 'x'],
  ['machines', 'set', 'x'],
  ['render', 'x', '--firmware', 'amiga'],
  ['completion', 'csh'],
  ['lab', 'mac', '--way', 'telepathy'],
  ['lab', 'mac', '--target', 'http://10.0.0.1/x'],
  ['lab', 'mac', '--mac', 'none'],
  ['import', 'kea.conf', 'x'],
  ['import', 'dhcpd.conf'],
];

for (const words of mistakes) {
  test(`rackready ${words.join(' ')} ends with 64 and says why`, () => {
    const { status, stderr } = spawnSync(process.execPath, [main, ...words], { encoding: 'utf8' });
    assert.equal(status, 64, stderr);
    assert.match(stderr, /error: /);
  });

  test(`rackready ${words.join(' ')} says why as JSON to who wants JSON`, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words, '--json'], { encoding: 'utf8' });
    assert.equal(status, 64, stderr);
    assert.equal(stderr, '');
    const { error } = JSON.parse(stdout);
    assert.equal(error.code, 'usage');
    assert.match(error.message, /^(?!error)\w/);
    assert.match(error.hint, /\w/);
  });
}

test('a mistake as JSON is told with the command that was meant; what is for another program asks for no JSON', () => {
  const run = (...words: readonly string[]) => spawnSync(process.execPath, [main, ...words], { encoding: 'utf8' });
  const errorOf = (...words: readonly string[]) => JSON.parse(run(...words).stdout).error;
  assert.deepEqual(errorOf('mirror', 'sync', '--json', '--fource', 'm'), {
    code: 'usage',
    message: "unknown option '--fource' (Did you mean --force?)",
    hint: 'See: rackready mirror sync --help',
  });
  assert.equal(errorOf('mirror', 'bogus', '--json').message, 'there is no command mirror bogus');
  assert.deepEqual(errorOf('lab', '--json').message, "unknown option '--json'");
  const other = run('completion', 'csh', '--', 'rackready', 'leases', '--json');
  assert.equal(other.stdout, '');
  assert.match(other.stderr, /^error: /);
  const help = run('leases', '--json', '--help');
  assert.equal(help.status, 0);
  assert.match(help.stdout, /^Usage: /);
});

test('mirror index says with --json, too, that a folder is not there, and ends with 66', () => {
  const words = [main, 'mirror', 'index', '/nowhere/packages', '--json'];
  const { status, stdout } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  assert.deepEqual([status, JSON.parse(stdout).error.message], [66, 'Cannot read the packages in /nowhere/packages']);
});

const names = async (what: string) =>
  ({
    machines: ['sm1', 'sm2', 'mp'],
    profiles: ['debian-12'],
    mirrors: ['el', 'deb'],
    held: ['h'],
    snapshots: ['s', 'prod'],
    tags: ['prod'],
  })[what] ?? [];

const completions: readonly (readonly [string, string])[] = [
  ['ma', 'machines'],
  ['machines ', 'add discovered export import list mp remove retire set show sm1 sm2 unretire'],
  ['machines sm', 'sm1 sm2'],
  ['machines set sm', 'sm1 sm2'],
  ['machines add ', ''],
  ['install ', 'mp sm1 sm2'],
  ['install sm1 --pro', '--profile'],
  ['install sm1 --profile ', 'debian-12'],
  ['render sm1 --firmware uefi-', 'uefi-arm64 uefi-ia32 uefi-x64'],
  ['machines remove --js', '--json'],
  ['machines export --machines sm', 'sm1 sm2'],
  ['check ', ':files'],
  ['lab ', 'mac'],
  ['lab mac ', 'mp sm1 sm2'],
  ['lab mac --way ', 'bless firmware menu startup-disk'],
  ['lab mac sm1 --save ', ':files'],
  ['import ', 'dhcpd.conf dnsmasq.conf'],
  ['import dhcpd.conf ', ':files'],
  ['import dhcpd.conf x --output ', ':files'],
  ['up --config ', ':files'],
  ['completion ', 'bash fish zsh'],
  ['events --level w', 'warning'],
  ['mirror sync ', 'deb el'],
  ['mirror status --json e', 'el'],
  ['mirror rollback el ', 'prod s'],
  ['mirror approve el ', 'h'],
  ['mirror tag el ', 'prod'],
  ['mirror tag el prod ', 'prod s'],
  ['bundle debian-12 --with-mirror ', 'deb el'],
  ['bundle debian-12 --snapshot ', 'prod s'],
];

for (const [line, want] of completions) {
  test(`completion of "rackready ${line}"`, async () => {
    assert.equal((await complete(program, line.split(' '), names)).join(' '), want);
  });
}

test('a reader that has seen enough is no error, of whatever it was', () => {
  for (const word of ['--help', 'mirror --help', 'completion bash', 'no-such-command --json']) {
    const script = `"$0" "$1" ${word} | true`;
    const { status, stderr } = spawnSync('sh', ['-c', script, process.execPath, main], { encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, ''], word);
  }
});
