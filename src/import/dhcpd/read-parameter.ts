import type { RemarkLevel } from '../account.ts';
import type { OptionValue } from '../option-value.ts';
import { parameterRemarks } from './keyword-remarks.ts';
import type { OptionBook } from './option-book.ts';
import { readOptionValue } from './read-option.ts';
import { keywordOf, type Statement } from './statements.ts';
import { readerOf, type Target, type WordReader } from './word-reader.ts';

export type FlagName = 'unknown-clients' | 'bootp' | 'booting' | 'ping-check' | 'always-broadcast' | 'authoritative';
export type SecondsName = 'default-lease-time' | 'min-lease-time' | 'max-lease-time';

/** What a parameter says. `key` is the same for parameters that override each other. */
export type Parameter =
  | {
      readonly kind: 'option';
      readonly key: string;
      readonly code: number;
      readonly label: string;
      readonly value: OptionValue;
    }
  | { readonly kind: 'seconds'; readonly key: SecondsName; readonly seconds: number }
  | { readonly kind: 'flag'; readonly key: FlagName; readonly isOn: boolean }
  | { readonly kind: 'server'; readonly key: 'next-server' | 'server-identifier'; readonly target: Target }
  | { readonly kind: 'file'; readonly key: 'filename' }
  /** It has no counterpart, or needs none. */
  | { readonly kind: 'told'; readonly key: string; readonly level: RemarkLevel; readonly reason: string }
  | { readonly kind: 'wrong'; readonly key: string; readonly problem: string };

const flags: Readonly<Record<string, FlagName>> = {
  'boot-unknown-clients': 'unknown-clients',
  'allow-bootp': 'bootp',
  'allow-booting': 'booting',
  'ping-check': 'ping-check',
  'always-broadcast': 'always-broadcast',
};

export function readParameter(statement: Statement, options: OptionBook): Parameter {
  const keyword = keywordOf(statement);
  const reader = readerOf(statement.words, 1);
  const told = parameterRemarks[keyword];
  if (told !== undefined) return { kind: 'told', key: keyword, ...told };
  const flag = flags[keyword];
  if (flag !== undefined) return readFlag(flag, reader);
  switch (keyword) {
    case 'option':
      return readOption(reader, options);
    case 'default-lease-time':
    case 'min-lease-time':
    case 'max-lease-time':
      return readSeconds(keyword, reader);
    case 'authoritative':
      return finished(reader, { kind: 'flag', key: 'authoritative', isOn: true });
    case 'not':
      reader.takeKeyword('authoritative');
      return finished(reader, { kind: 'flag', key: 'authoritative', isOn: false });
    case 'next-server':
    case 'server-identifier': {
      const target = reader.takeTarget();
      if (target === undefined) return wrong(keyword, `${reader.peek()} is no address`);
      return finished(reader, { kind: 'server', key: keyword, target });
    }
    case 'filename':
      if (reader.takeString() === undefined) return wrong(keyword, 'expected the name of a file in quotes');
      return finished(reader, { kind: 'file', key: 'filename' });
    case 'allow':
    case 'deny':
    case 'ignore':
      return readPermission(keyword === 'allow', reader);
    default:
      return readUnknown(statement, keyword);
  }
}

function finished(reader: WordReader, parameter: Parameter): Parameter {
  return reader.isAtEnd()
    ? parameter
    : wrong(parameter.key, `${reader.peek()} does not belong here: expected a semicolon`);
}

function wrong(key: string, problem: string): Parameter {
  return { kind: 'wrong', key, problem };
}

function readFlag(key: FlagName, reader: WordReader): Parameter {
  const word = reader.takeKeyword('on', 'off', 'true', 'false');
  if (word === undefined) return wrong(key, `${reader.peek()} is neither on nor off`);
  return finished(reader, { kind: 'flag', key, isOn: word === 'on' || word === 'true' });
}

/** Option 51 counts in 32 bits, and all ones stand for a lease without an end. */
const INFINITE = 0xffffffff;

function readSeconds(key: SecondsName, reader: WordReader): Parameter {
  const seconds = reader.takeKeyword('infinite') ? INFINITE : reader.takeInteger();
  if (seconds === undefined) return wrong(key, `${reader.peek()} is no number of seconds`);
  // dhcpd takes -1 for "infinite", as C does.
  return finished(reader, { kind: 'seconds', key, seconds: seconds < 0 ? INFINITE : Math.min(seconds, INFINITE) });
}

const permissions: Readonly<Record<string, FlagName>> = {
  'unknown-clients': 'unknown-clients',
  bootp: 'bootp',
  booting: 'booting',
};

function readPermission(isOn: boolean, reader: WordReader): Parameter {
  const name = reader.takeName()?.toLowerCase() ?? '';
  // `unknown clients` in two words is for pools.
  const key =
    permissions[name] ?? (name === 'unknown' && reader.takeKeyword('clients') ? 'unknown-clients' : undefined);
  if (key !== undefined) return finished(reader, { kind: 'flag', key, isOn });
  const told = parameterRemarks[name];
  if (told !== undefined) return { kind: 'told', key: name, ...told };
  return wrong(name, `${JSON.stringify(name)} cannot be allowed or denied here`);
}

function readOption(reader: WordReader, options: OptionBook): Parameter {
  const named = options.takeName(reader);
  if (named === undefined) return wrong('option', `${reader.peek()} is no name of an option`);
  const key = `option ${named.label}`;
  if (named.kind === 'unknown')
    return wrong(key, `option ${named.label} is neither known nor defined (option ${named.label} code N = TYPE;)`);
  if (named.kind === 'in-space') return { kind: 'told', key, level: 'todo', reason: spaceReason(named.space) };
  const { code, form } = named.definition;
  if (reader.takeMark('=')) {
    return {
      kind: 'told',
      key,
      level: 'todo',
      reason: 'rackready evaluates no expressions: write the value that is meant.',
    };
  }
  if (form === undefined || code < 1 || code > 254) {
    const reason = `The value of this option is not translated: write it under dhcp.options by its number, as "hex:…".`;
    return { kind: 'told', key, level: 'todo', reason };
  }
  const value = readOptionValue(reader, form);
  if ('problem' in value) return wrong(key, `option ${named.label}: ${value.problem}`);
  return { kind: 'option', key: `option ${code}`, code, label: named.label, value };
}

function spaceReason(space: string): string {
  if (space === 'agent') return 'Relays get their own option 82 back, and nothing else of it is sent.';
  if (space === 'fqdn') return 'rackready makes no DNS updates.';
  return 'Options inside other options (vendor options, iPXE’s) are made by rackready where firmware needs them.';
}

/** dhcpd takes a single unknown word for a variable that nobody asks for, and says nothing. */
function readUnknown({ words }: Statement, keyword: string): Parameter {
  const isWord = words.length === 1 && words[0]?.kind === 'word';
  if (!isWord) return wrong(keyword, `${JSON.stringify(words[0]?.text.slice(0, 40))} is no statement of dhcpd.conf`);
  return {
    kind: 'told',
    key: keyword,
    level: 'fine',
    reason: 'dhcpd ignores single words that it does not know, like these.',
  };
}
