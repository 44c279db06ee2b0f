import { encodeOptionValue, namedOption, parseOptionCode } from '../config/dhcp-options.ts';
import type { Quoted } from './account.ts';

/** An option's value as a source gives it. */
export type OptionValue =
  /** Addresses; host names among them are kept as they are, for the operator to look up. */
  | { readonly kind: 'addresses'; readonly texts: readonly string[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly size: 'u8' | 'u16' | 'u32'; readonly number: number }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

export interface ConfigOption {
  /** Key in `dhcp.options`: a name, or the number. */
  readonly key: string;
  readonly value: unknown;
  /** What the source said, where the value does not show it. */
  readonly note?: string | undefined;
}

/**
 * An option as `dhcp.options` takes it, by name and in its own form where the configuration knows it, else by number.
 * What the server makes itself, or what does not fit, is a problem, with the reason.
 */
export function configOption(
  code: number,
  value: OptionValue,
  source: Quoted,
): ConfigOption | { readonly problem: string } {
  const known = namedOption(code);
  const key = known?.name ?? String(code);
  const allowed = parseOptionCode(key);
  if (typeof allowed !== 'number') return allowed;
  const written = readable(value, known?.kind);
  const bytes = encodeOptionValue(code, written);
  // A host name is kept, so that the check points at it.
  if (!(bytes instanceof Uint8Array) && value.kind !== 'addresses') return bytes;
  const isHidden = typeof written === 'string' && written.startsWith('hex:');
  return { key, value: written, note: isHidden ? noteOf(source) : undefined };
}

/** `option time-offset -18000; (dhcpd.conf:14)` */
function noteOf({ text, place }: Quoted): string {
  const oneLine = text.replaceAll(/\s+/g, ' ');
  return `${oneLine.length > 80 ? `${oneLine.slice(0, 79)}…` : oneLine} (${place.file}:${place.line})`;
}

/** The most readable form that means these bytes and no others. */
function readable(value: OptionValue, kind: string | undefined): unknown {
  switch (value.kind) {
    case 'addresses':
      return value.texts;
    case 'text':
      return kind === 'text' || kind === undefined
        ? safeText(value.text, kind)
        : hexOf(new TextEncoder().encode(value.text));
    case 'number':
      if (kind === undefined) return { [value.size]: value.number };
      return kind === value.size ? value.number : hexOf(numberBytes(value.size, value.number));
    case 'bytes':
      return hexOf(value.bytes);
  }
}

/** Text that the configuration would read as an address or as bytes goes as bytes. */
function safeText(text: string, kind: string | undefined): string {
  const bytes = new TextEncoder().encode(text);
  const isMisread = text.startsWith('hex:') || (kind === undefined && /^[0-9.]+$/.test(text));
  return isMisread ? hexOf(bytes) : text;
}

function numberBytes(size: 'u8' | 'u16' | 'u32', number: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes.slice(4 - { u8: 1, u16: 2, u32: 4 }[size]);
}

function hexOf(bytes: Uint8Array): string {
  return `hex:${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':')}`;
}
