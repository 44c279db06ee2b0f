import { asciiText } from '../dhcp4/values.ts';

const SERVER = 'AAPLBSDPC';

/** Option 60 as the server says it: exactly these nine bytes, because Startup Disk compares the length, too. */
export const BSDP_SERVER_CLASS: Uint8Array = Uint8Array.from(SERVER, (char) => char.charCodeAt(0));

/** What option 60 says of an Apple machine. Text is printable; `malformed` is to be treated as no Mac at all. */
export type AppleClass =
  | { readonly kind: 'none' }
  | { readonly kind: 'client'; readonly arch: string; readonly model: string }
  /** The bare marker, with which servers answer. A client that sends it names no model, so no image fits it. */
  | { readonly kind: 'bare' }
  | { readonly kind: 'malformed'; readonly reason: string };

/**
 * Reads option 60: AAPLBSDPC "/" arch "/" model. The model is all the rest, commas and slashes included
 * ("MacPro1,1,Quad").
 */
export function decodeAppleClass(value: Uint8Array | undefined): AppleClass {
  if (value === undefined || !BSDP_SERVER_CLASS.every((byte, at) => value[at] === byte)) return { kind: 'none' };
  const tail = value.subarray(SERVER.length);
  if (tail.length === 0) return { kind: 'bare' };
  const malformed = (reason: string): AppleClass => ({ kind: 'malformed', reason });
  if (tail.some((byte) => byte === 0 || byte === 10)) return malformed('it has a NUL or a line feed in it');
  const match = /^\/([^/]+)\/(.+)$/.exec(asciiText(tail));
  const [, arch, model] = match ?? [];
  if (arch === undefined || model === undefined) return malformed('it is not AAPLBSDPC/arch/model');
  return { kind: 'client', arch, model };
}

/** What a Mac sends: "AAPLBSDPC/i386/Macmini6,2". */
export function encodeAppleClass(arch: string, model: string): Uint8Array {
  return Uint8Array.from(`${SERVER}/${arch}/${model}`, (char) => char.charCodeAt(0) & 255);
}
