import { type KickstartSyntax, kickstartSyntax } from './kickstart-commands.ts';
import { checkKickstartNetwork } from './kickstart-network.ts';
import type { KickstartVersion } from './profile.ts';

/** What an answer file's own format does not accept. Lines of the rendered file, from 1. */
export interface FormatProblem {
  readonly line: number;
  readonly message: string;
}

/** Without one of each, Anaconda stops at a question. What %include brings may hold any of them. */
const REQUIRED: readonly (readonly [what: string, commands: readonly string[]])[] = [
  ['a language', ['lang']],
  ['a time zone', ['timezone']],
  ['a root password or a user', ['rootpw', 'user']],
];
const STORAGE = ['autopart', 'part', 'partition', 'logvol', 'volgroup', 'raid', 'btrfs', 'mount', 'reqpart', 'liveimg'];

/** As Python's str.splitlines does, with which pykickstart reads: more characters end a line than in a shell. */
export function kickstartLines(text: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what Python takes for the end of a line.
  return text.split(/\r\n|[\n\r\u000b\u000c\u001c-\u001e\u0085\u2028\u2029]/);
}

/**
 * Checks a kickstart file without Anaconda: commands that its version knows, quotes and sections that are closed, and
 * the commands without which it asks. Options are checked of `network` only, and those that a version has removed.
 */
export function checkKickstart(text: string, version: KickstartVersion): FormatProblem[] {
  const syntax = kickstartSyntax(version);
  const found: FormatProblem[] = [];
  const commands = new Set<string>();
  let section: { readonly name: string; readonly line: number } | undefined;
  for (const [index, raw] of kickstartLines(text).entries()) {
    const line = index + 1;
    const [first = ''] = raw.trim().split(/\s+/, 1);
    if (section !== undefined) {
      if (first === '%end') section = undefined;
      else if (syntax.sections.has(first) && isSectionStart(raw)) {
        found.push({ line: section.line, message: `${section.name} is not closed by %end before ${first}` });
        section = { name: first, line };
      }
    } else if (syntax.sections.has(first)) {
      section = { name: first, line };
    } else if (first !== '' && !first.startsWith('#')) {
      const message = checkCommand(raw, first, syntax, version);
      if (message !== undefined) found.push({ line, message });
      commands.add(first);
    }
  }
  if (section !== undefined) found.push({ line: section.line, message: `${section.name} is not closed by %end` });
  return [...found, ...missing(commands)];
}

/** Inside a script a line may well begin with such a word; only one at the very beginning of a line starts a section. */
function isSectionStart(raw: string): boolean {
  return raw.startsWith('%');
}

function checkCommand(raw: string, name: string, syntax: KickstartSyntax, version: KickstartVersion) {
  if (name === '%end') return '%end closes nothing: no section is open';
  const words = splitKickstartLine(raw);
  if (words === undefined) return `the quotes of ${name} are not closed`;
  if (name === '%include' || name === '%ksappend') {
    return words.length === 2 ? undefined : `${name} wants one file or URL`;
  }
  if (name.startsWith('%')) return `${version} knows no section ${name}`;
  const instead = syntax.removed.get(name);
  if (instead !== undefined) return `${version} has no command ${name}: ${instead}`;
  if (!syntax.commands.has(name)) return `${version} knows no command ${JSON.stringify(name)}`;
  for (const word of words.slice(1)) {
    const [option = ''] = word.split('=', 1);
    const other = syntax.removedOptions.get(`${name} ${option}`);
    if (other !== undefined) return `${version} has no ${name} ${option}: ${other}`;
  }
  return name === 'network' ? checkKickstartNetwork(words.slice(1), version) : undefined;
}

function missing(commands: ReadonlySet<string>): FormatProblem[] {
  const hasInclude = commands.has('%include') || commands.has('%ksappend');
  if (hasInclude) return [];
  const wanted = [...REQUIRED, ['a disk layout (autopart, part, …)', STORAGE] as const];
  return wanted
    .filter(([, names]) => !names.some((name) => commands.has(name)))
    .map(([what, names]) => ({ line: 1, message: `Anaconda will ask for ${what}: ${names.slice(0, 2).join(' or ')}` }));
}

/** The words of a line as Python's shlex gives them in POSIX mode, comments taken off; undefined when a quote stays open. */
export function splitKickstartLine(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < line.length; at++) {
    const char = line.charAt(at);
    if (quote !== '') {
      if (char === quote) quote = '';
      else if (char === '\\' && quote === '"' && /["\\]/.test(line.charAt(at + 1)))
        word = (word ?? '') + line.charAt(++at);
      else word = (word ?? '') + char;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= '';
    } else if (char === '\\') {
      if (at + 1 >= line.length) return undefined;
      word = (word ?? '') + line.charAt(++at);
    } else if (char === '#') break;
    else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + char;
  }
  if (quote !== '') return undefined;
  return word === undefined ? words : [...words, word];
}
