/**
 * A hardware address in its one canonical form: lower-case hex octets joined by colons ("00:25:90:96:c4:9a").
 * Six octets on Ethernet; DHCP also knows up to sixteen (InfiniBand, or firmware that sends its UUID instead).
 */
export type Mac = string & { readonly __mac: never };

/**
 * Parses the spellings that people and boot loaders write: aa:bb:cc:dd:ee:ff, aa-bb-…, aabb.ccdd.eeff, aabbccddeeff, in any case.
 * Returns undefined for anything else, also for the all-zero and the broadcast address.
 */
export function parseMac(text: string): Mac | undefined {
  const forms = [
    /^([0-9a-f]{2})(?::[0-9a-f]{2}){5}$/,
    /^([0-9a-f]{2})(?:-[0-9a-f]{2}){5}$/,
    /^[0-9a-f]{12}$/,
    /^([0-9a-f]{4}\.){2}[0-9a-f]{4}$/,
  ];
  const lower = text.toLowerCase();
  if (!forms.some((form) => form.test(lower))) return undefined;
  const hex = lower.replace(/[^0-9a-f]/g, '');
  if (hex === '000000000000' || hex === 'ffffffffffff') return undefined;
  return (hex.match(/../g) ?? []).join(':') as Mac;
}

/** Like parseMac, for text that the program itself wrote. Throws RangeError. */
export function mac(text: string): Mac {
  const value = parseMac(text);
  if (value === undefined) throw new RangeError(`Cannot parse MAC address "${text}": expected six hex octets`);
  return value;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The canonical form of `length` octets (1-16) at `offset`. The caller has checked the bounds. */
export function macAt(bytes: Uint8Array, offset: number, length: number): Mac {
  let text = HEX[bytes[offset] ?? 0] ?? '';
  for (let index = 1; index < length; index++) text += `:${HEX[bytes[offset + index] ?? 0]}`;
  return text as Mac;
}

export function macBytes(value: Mac): Uint8Array {
  return Uint8Array.from(value.split(':'), (octet) => Number.parseInt(octet, 16));
}

/** 00-25-90-96-c4-9a: the spelling in GRUB's, PXELINUX's and BOOTIF's file names and arguments. */
export function formatMacDashed(value: Mac): string {
  return value.replaceAll(':', '-');
}
