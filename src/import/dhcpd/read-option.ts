import { ipv4Bytes } from '../../net/ipv4.ts';
import type { OptionValue } from '../option-value.ts';
import type { FieldType, OptionForm } from './option-forms.ts';
import { type Target, textOf, type WordReader } from './word-reader.ts';

type Problem = { readonly problem: string };

interface Field {
  readonly bytes: readonly number[];
  readonly target?: Target | undefined;
}

/** Reads an option's value up to the end of the statement. */
export function readOptionValue(reader: WordReader, form: OptionForm): OptionValue | Problem {
  const { fields, repeats } = form;
  const values: Field[] = [];
  let next: readonly FieldType[] = fields;
  do {
    for (const type of next) {
      const field = readField(reader, type);
      if ('problem' in field) return field;
      values.push(field);
    }
    next = repeats === 'last' ? fields.slice(-1) : fields;
  } while (reader.takeMark(',') && (repeats !== 'none' || fields[0] === 'domains'));
  if (!reader.isAtEnd()) return { problem: `${reader.peek()} does not belong here: expected a semicolon` };
  return optionValueOf(form, values);
}

function optionValueOf({ fields }: OptionForm, values: readonly Field[]): OptionValue | Problem {
  const [type] = fields;
  const bytes = Uint8Array.from(values.flatMap((value) => [...value.bytes]));
  if (fields.every((field) => field === 'address')) {
    return { kind: 'addresses', texts: values.map(({ target }) => target?.text ?? '') };
  }
  const named = values.find(({ target }) => target !== undefined && target.address === undefined);
  if (named) return { problem: `${named.target?.text} is a host name: expected an address` };
  if (fields.length === 1 && values.length === 1) {
    const text = type === 'text' ? textOf(bytes) : undefined;
    if (text !== undefined) return { kind: 'text', text };
    const size = type === 'flag' ? 'u8' : type;
    if (size === 'u8' || size === 'u16' || size === 'u32') return { kind: 'number', size, number: numberOf(bytes) };
  }
  return { kind: 'bytes', bytes };
}

function numberOf(bytes: Uint8Array): number {
  return bytes.reduce((number, byte) => number * 256 + byte, 0);
}

function readField(reader: WordReader, type: FieldType): Field | Problem {
  const found = reader.peek();
  const wrong = (expected: string): Problem => ({ problem: `${found} stands where ${expected} is expected` });
  switch (type) {
    case 'address': {
      const target = reader.takeTarget();
      return target
        ? { bytes: target.address === undefined ? [] : [...ipv4Bytes(target.address)], target }
        : wrong('an address');
    }
    case 'text': {
      const text = reader.takeString();
      return text ? { bytes: [...text] } : wrong('text in quotes');
    }
    case 'bytes': {
      const bytes = reader.takeString() ?? reader.takeHex();
      return bytes ? { bytes: [...bytes] } : wrong('text in quotes, or hex digits like 01:ff,');
    }
    case 'flag': {
      const word = reader.takeKeyword('on', 'off', 'true', 'false');
      return word ? { bytes: [word === 'on' || word === 'true' ? 1 : 0] } : wrong('on or off');
    }
    case 'domains': {
      const text = reader.takeString();
      const names = text && textOf(text);
      return names
        ? {
            bytes: names
              .split(/[\s,]+/)
              .filter(Boolean)
              .flatMap(domainBytes),
          }
        : wrong('a domain in quotes');
    }
    case 'u8':
    case 'u16':
    case 'u32':
    case 's8':
    case 's16':
    case 's32':
      return readNumber(reader, type) ?? wrong(`a whole number of ${type.slice(1)} bits`);
  }
}

function readNumber(reader: WordReader, type: `${'u' | 's'}${8 | 16 | 32}`): Field | undefined {
  const isInfinite = type === 'u32' && reader.takeKeyword('infinite') !== undefined;
  const value = isInfinite ? 0xffffffff : reader.takeInteger();
  const bits = Number(type.slice(1));
  const limit = 2 ** bits;
  // dhcpd takes -1 for unsigned values, too: all bits set.
  if (value === undefined || value >= limit || value < -limit / 2) return undefined;
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value < 0 ? value + 2 ** 32 : value);
  return { bytes: [...bytes.slice(4 - bits / 8)] };
}

/** RFC 1035 3.1, without compression: RFC 3397 leaves it to the server. */
function domainBytes(name: string): number[] {
  const labels = name.split('.').filter((label) => label !== '');
  return [...labels.flatMap((label) => [label.length, ...new TextEncoder().encode(label)]), 0];
}
