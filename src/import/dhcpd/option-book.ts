import type { Account } from '../account.ts';
import { type FieldType, type OptionDefinition, type OptionForm, standardOptions } from './option-forms.ts';
import type { Statement } from './statements.ts';
import { readerOf, type WordReader } from './word-reader.ts';

/** The options that a configuration may name: dhcpd's own, and those that it defines. */
export interface OptionBook {
  /** Records `option NAME code N = TYPE;`. False: the statement is none. */
  define(statement: Statement): boolean;
  /** Takes `routers`, `PXE.mtftp-ip` or `unknown-150`. */
  takeName(reader: WordReader): NamedOption | undefined;
}

export type NamedOption =
  | { readonly kind: 'known'; readonly label: string; readonly definition: OptionDefinition }
  /** Part of another option: vendor options, the relay's, the client's domain name. */
  | { readonly kind: 'in-space'; readonly label: string; readonly space: string }
  | { readonly kind: 'unknown'; readonly label: string };

export function createOptionBook(account: Account): OptionBook {
  const defined = new Map<string, OptionDefinition>();
  return {
    define: (statement) => {
      const reader = readerOf(statement.words, 1);
      if (reader.takeKeyword('space') && !reader.isAtEnd()) return true;
      const label = takeLabel(reader);
      if (label === undefined || reader.takeKeyword('code') === undefined) return false;
      const definition = readDefinition(reader);
      if ('problem' in definition) account.complain(statement.place, `option ${label}: ${definition.problem}`);
      else defined.set(label.toLowerCase(), definition);
      return true;
    },
    takeName: (reader) => {
      const label = takeLabel(reader)
        ?.toLowerCase()
        .replace(/^dhcp\./, '');
      if (label === undefined) return undefined;
      const definition = defined.get(label) ?? standardOptions.get(label) ?? numbered(label);
      const [space, name] = label.split('.');
      if (name !== undefined && space !== undefined) return { kind: 'in-space', label, space };
      return definition ? { kind: 'known', label, definition } : { kind: 'unknown', label };
    },
  };
}

function takeLabel(reader: WordReader): string | undefined {
  const first = reader.takeName();
  if (first === undefined || !reader.takeMark('.')) return first;
  const second = reader.takeName();
  return second === undefined ? undefined : `${first}.${second}`;
}

/** `unknown-150`, and `option-150` of dhcpd before 3.0: bytes. */
function numbered(label: string): OptionDefinition | undefined {
  const code = Number(/^(?:unknown|option)-([0-9]{1,3})$/.exec(label)?.[1]);
  return code >= 1 && code <= 254 ? { code, form: { fields: ['bytes'], repeats: 'none' } } : undefined;
}

function readDefinition(reader: WordReader): OptionDefinition | { readonly problem: string } {
  const code = reader.takeInteger();
  if (code === undefined || code < 0 || code > 0xffffffff) return { problem: 'expected its number after code' };
  if (!reader.takeMark('=')) return { problem: `expected = and a type after code ${code}` };
  const form = readForm(reader);
  if (form === undefined) return { problem: `its type is not known: expected one like text, ip-address or integer 8` };
  return { code, form: form === 'none' ? undefined : form };
}

/** 'none': a type whose values are not written in one statement. */
function readForm(reader: WordReader): OptionForm | 'none' | undefined {
  const isArray = takeArray(reader);
  const isRecord = reader.takeMark('{');
  const fields: FieldType[] = [];
  let isLastArray = false;
  do {
    isLastArray = isRecord && takeArray(reader);
    const field = readType(reader);
    if (field === undefined || field === 'none') return field;
    fields.push(field);
  } while (isRecord && reader.takeMark(','));
  if (isRecord && !reader.takeMark('}')) return undefined;
  return { fields, repeats: isArray ? 'all' : isLastArray ? 'last' : 'none' };
}

function takeArray(reader: WordReader): boolean {
  return reader.takeKeyword('array') !== undefined && reader.takeKeyword('of') !== undefined;
}

function readType(reader: WordReader): FieldType | 'none' | undefined {
  const sign = reader.takeKeyword('signed', 'unsigned');
  const type = reader.takeName()?.toLowerCase();
  switch (type) {
    case 'integer': {
      const bits = reader.takeInteger();
      if (bits !== 8 && bits !== 16 && bits !== 32) return undefined;
      return `${sign === 'signed' ? 's' : 'u'}${bits}`;
    }
    case 'ip-address':
      return 'address';
    case 'text':
      return 'text';
    case 'string':
      return 'bytes';
    case 'boolean':
      return 'flag';
    case 'domain-list':
      reader.takeKeyword('compressed');
      return 'domains';
    case 'encapsulate':
      return reader.takeName() === undefined ? undefined : 'none';
    case 'ip6-address':
    case 'domain-name':
    case 'zerolen':
      return 'none';
    default:
      return undefined;
  }
}
