/** What iPXE says of itself in option 175: TLVs with one-byte codes and lengths (ipxe.org, "DHCP options"). */
export interface IpxeOptions {
  /** Codes of the features whose value is not zero: 0x13 http, 0x14 https, 0x15 tftp, 0x24 efi. */
  readonly features: readonly number[];
  /** Sub-option 0xb1 of type 1 (PCI): "8086:100e". */
  readonly nic?: string | undefined;
  /** Sub-option 0xeb: "1.21.1". */
  readonly version?: string | undefined;
}

const BUS_ID = 0xb1;
const VERSION = 0xeb;

/** Reads option 175. A length that runs out ends the reading; what was read stays. */
export function decodeIpxeOptions(value: Uint8Array): IpxeOptions {
  const features: number[] = [];
  let nic: string | undefined;
  let version: string | undefined;
  for (let at = 0; at + 1 < value.length; ) {
    const code = value[at] ?? 0;
    const length = value[at + 1] ?? 0;
    const content = value.subarray(at + 2, at + 2 + length);
    if (content.length < length) break;
    if (code === BUS_ID && length === 5 && content[0] === 1) nic = `${hex4(content, 1)}:${hex4(content, 3)}`;
    else if (code === VERSION) version = [...content].join('.');
    else if (code < 0x80 && length === 1 && content[0] !== 0) features.push(code);
    at += 2 + length;
  }
  return { features, nic, version };
}

/** What we answer: sub-option 0xb0 = 1, so that iPXE does not wait for proxyDHCP offers (seen: 3 s become 2 ms). */
export const NO_PXE_DHCP: Uint8Array = Uint8Array.of(0xb0, 1, 1);

function hex4(bytes: Uint8Array, at: number): string {
  return (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16).padStart(4, '0');
}
