import type { Platform } from './client.ts';

/** A boot file as the machines name it, below the boot root ("boot/grub/i386-pc/core.0"). */
export type BootPath = string;

/** What there is to send to one platform's firmware. */
export interface PlatformLoaders {
  /** Our own GRUB image: finds its configuration by MAC. */
  readonly grub?: BootPath | undefined;
  /** Whether that GRUB speaks HTTP; otherwise kernel and initrd go by TFTP. */
  readonly grubHasHttp: boolean;
  /** The distribution's signed shim, with its signed GRUB beside it as grubx64.efi. */
  readonly shim?: BootPath | undefined;
  readonly ipxe?: BootPath | undefined;
}

/** A loader that this host cannot offer, and what would change that. */
export interface MissingLoader {
  readonly platform: Platform;
  readonly loader: 'grub' | 'shim' | 'ipxe';
  readonly reason: string;
  /** The exact command: "apt-get install grub-efi-amd64-bin". */
  readonly install: string;
}

/** A loader that is offered, and whose it is: `host`: of this host's packages; `archive`: a bundle brought it. */
export interface OfferedLoader {
  readonly platform: Platform;
  readonly loader: MissingLoader['loader'];
  readonly from: 'host' | 'archive';
  /** "grub-pc-bin 2.06-13": what an archive says of it. Of the host's own nobody has asked yet. */
  readonly packages: readonly string[];
}

/** What a Mac's EFI can run; `fat` is one file with both, which Apple's firmware alone understands. */
export type MacFirmware = 'efi32' | 'efi64' | 'fat';

/**
 * GRUB for a Mac. Apple's firmware hands over no lease, so this image asks for an address by itself; it fetches nothing
 * but its configuration, kernel and initrd.
 */
export type MacLoader =
  | { readonly kind: 'file'; readonly bootFile: BootPath }
  /** This host has not made it. `install`: the command that would change this. */
  | { readonly kind: 'not-built'; readonly reason: string; readonly install?: string | undefined };

export type MacLoaders = Readonly<Record<MacFirmware, MacLoader>>;

/** Everything that firmware can be sent, and the files behind the names. */
export interface LoaderCatalog {
  readonly platforms: Readonly<Record<Platform, PlatformLoaders>>;
  readonly missing: readonly MissingLoader[];
  readonly offered: readonly OfferedLoader[];
  readonly mac: MacLoaders;
  /** Boot path of each file (images, GRUB modules) to its absolute path on this host. */
  readonly files: ReadonlyMap<BootPath, string>;
  /** By our own address (dotted), what is sent from there in place of `files`: images that know this address. */
  readonly filesFrom: ReadonlyMap<string, ReadonlyMap<BootPath, string>>;
}
