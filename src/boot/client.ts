import type { Mac } from '../net/mac.ts';
import type { Uuid } from '../net/uuid.ts';

/** What a DHCP request says of the software that sent it. */
export interface ClientFacts {
  readonly mac?: Mac | undefined;
  /** Option 60 as text. */
  readonly vendorClass?: string | undefined;
  /** What option 60 says of a Mac: "i386", "Macmini6,2". */
  readonly apple?: { readonly arch: string; readonly model: string } | undefined;
  /** Option 77: one entry per class, raw text counts as one (iPXE and dhclient send it so; RFC 3004 has lengths). */
  readonly userClasses: readonly string[];
  /** Option 93. */
  readonly archs: readonly number[];
  /** Option 97. */
  readonly uuid?: Uuid | undefined;
  /** Option 175, iPXE's own: absent, or what its TLVs say. */
  readonly ipxe?: IpxeFacts | undefined;
  /** Whether options 55, 60, 61, 77, 93 and 97 are all absent from a DISCOVER: GRUB's own DHCP. */
  readonly isBare: boolean;
}

export interface IpxeFacts {
  /** Feature codes with a non-zero value (0x13 http, 0x14 https, 0x15 tftp, 0x24 efi …). */
  readonly features: readonly number[];
  /** PCI vendor and device, "8086:100e". */
  readonly nic?: string | undefined;
  /** "1.21.1" */
  readonly version?: string | undefined;
}

/** What an x86 or ARM machine's firmware can run. */
export type Platform = 'bios-x86' | 'uefi-x64' | 'uefi-ia32' | 'uefi-arm64';

/** Who is asking: the kind of software, as far as a request tells. Section 2.2 of the PXE notes, first match wins. */
export type BootClient =
  /** A Mac's firmware, or macOS that looks for NetBoot images. */
  | { readonly kind: 'apple'; readonly arch: string; readonly model: string }
  /** PXE firmware of a platform that we can serve. */
  | { readonly kind: 'pxe'; readonly platform: Platform; readonly arch: number }
  /** UEFI (or BIOS) HTTP boot. */
  | { readonly kind: 'http'; readonly platform: Platform; readonly arch: number }
  | { readonly kind: 'ipxe'; readonly platform: Platform; readonly arch: number; readonly hasHttp: boolean }
  /** Wants to boot from the network, but nothing is known that it could run. */
  | { readonly kind: 'unsupported'; readonly arch: number; readonly reason: string }
  /** GRUB's own DHCP: wants the next server, no boot file. */
  | { readonly kind: 'grub' }
  | { readonly kind: 'installer'; readonly vendorClass: string }
  | { readonly kind: 'system'; readonly vendorClass?: string | undefined };
