/** A machine's SMBIOS UUID in its canonical text form, lower case: 11223344-5566-7788-99aa-bbccddeeff00. */
export type Uuid = string & { readonly __uuid: never };

/** Parses the canonical form in any case; undefined for anything else and for values that firmware uses for "none". */
export function parseUuid(text: string): Uuid | undefined {
  const lower = text.toLowerCase();
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(lower)) return undefined;
  return isPlaceholder(lower) ? undefined : (lower as Uuid);
}

/**
 * Reads option 97's sixteen bytes. They travel in SMBIOS order: the first three fields are little-endian
 * (seen in OVMF and iPXE: UUID 11223344-5566-… arrives as 44 33 22 11 66 55 …).
 */
export function uuidFromSmbios(bytes: Uint8Array): Uuid | undefined {
  if (bytes.length !== 16) return undefined;
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  return parseUuid(dashed(order.map((index) => bytes[index] ?? 0)));
}

/**
 * The form that GRUB and PXELINUX build file names from: the wire's bytes as they come, so the first three fields
 * look swapped against the canonical form. The swap is its own inverse.
 */
export function swapUuidFields(uuid: Uuid): Uuid {
  const bytes = Uint8Array.from(uuid.replaceAll('-', '').match(/../g) ?? [], (hex) => Number.parseInt(hex, 16));
  return uuidFromSmbios(bytes) ?? uuid;
}

function dashed(bytes: readonly number[]): string {
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Values found in machines whose maker never set one: they would make many machines look like one. */
function isPlaceholder(text: string): boolean {
  return /^0{8}-(0{4}-){3}0{12}$|^f{8}-(f{4}-){3}f{12}$/.test(text) || text === '03000200-0400-0500-0006-000700080009';
}
