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

/** Everything that firmware can be sent, and the files behind the names. */
export interface LoaderCatalog {
  readonly platforms: Readonly<Record<Platform, PlatformLoaders>>;
  readonly missing: readonly MissingLoader[];
  /** Boot path of each file (images, GRUB modules) to its absolute path on this host. */
  readonly files: ReadonlyMap<BootPath, string>;
}
