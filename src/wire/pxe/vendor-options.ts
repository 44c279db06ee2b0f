/**
 * Option 43 in the PXE option space (RFC 4578 and the PXE 2.1 specification, 2.3): sub-option 6, discovery control,
 * bit 3: "boot the file that this reply names, look for no servers and show no menu".
 */
export const BOOT_THE_NAMED_FILE: Uint8Array = Uint8Array.of(6, 1, 8, 255);

/** Whether option 43 says how a boot server is found (sub-option 6). Without it, "PXEClient" sends EDK2 to port 4011. */
export function hasDiscoveryControl(vendorSpecific: Uint8Array): boolean {
  return suboption(vendorSpecific, 6) !== undefined;
}

/** A client's choice of a boot item in its request to port 4011: option 43 sub-option 71, item and layer. */
export function decodeBootItem(
  vendorSpecific: Uint8Array,
): { readonly item: number; readonly layer: number } | undefined {
  const content = suboption(vendorSpecific, 71, 4);
  return content && { item: u16(content, 0), layer: u16(content, 2) };
}

/** The first sub-option of this code, and of this length where one is given. */
function suboption(vendorSpecific: Uint8Array, wanted: number, bytes?: number): Uint8Array | undefined {
  for (let at = 0; at + 1 < vendorSpecific.length; ) {
    const code = vendorSpecific[at] ?? 255;
    if (code === 255) return undefined;
    if (code === 0) {
      at++;
      continue;
    }
    const length = vendorSpecific[at + 1] ?? 0;
    const content = vendorSpecific.subarray(at + 2, at + 2 + length);
    if (code === wanted && (bytes === undefined || content.length === bytes)) return content;
    at += 2 + length;
  }
  return undefined;
}

/** The answer to it: the same item, marked as the last of its kind, and the file to be booted. */
export function encodeBootItem(item: number, layer: number): Uint8Array {
  return Uint8Array.of(71, 4, item >>> 8, item & 255, layer >>> 8, layer & 255, 255);
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
