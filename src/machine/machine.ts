import type { Ipv4 } from '../net/ipv4.ts';
import type { Mac } from '../net/mac.ts';
import type { Uuid } from '../net/uuid.ts';

/** A machine as the configuration names it. */
export interface Machine {
  readonly name: string;
  /** At least one. The first is the one that the reservation and BOOTIF use unless another one asks. */
  readonly macs: readonly Mac[];
  readonly uuid?: Uuid | undefined;
  /** The reserved address. */
  readonly address?: Ipv4 | undefined;
  readonly hostName: string;
  readonly domain?: string | undefined;
  /** Name of its profile. */
  readonly profile?: string | undefined;
  readonly kind: 'pc' | 'mac';
  /** What the operator says of a Mac; undefined: nothing. */
  readonly mac?: MacHardware | undefined;
  /** Serve the signed shim and GRUB to this machine's UEFI firmware. */
  readonly secureBoot: boolean;
  /** How the installed system gets its address; `static` has `address`. The installer itself asks DHCP either way. */
  readonly addressing: 'dhcp' | 'static';
  /** Which loader it gets: `auto` is a script for iPXE and GRUB for everything else. */
  readonly loader: 'auto' | 'grub' | 'ipxe';
  /** The operator's own values for templates: `vars.NAME`. */
  readonly vars: Readonly<Record<string, unknown>>;
}

/** What the operator knows of a Mac. What is absent follows from the model that it names when it boots. */
export interface MacHardware {
  /** "Macmini6,2" */
  readonly model?: string | undefined;
  readonly firmware?: 'efi32' | 'efi64' | undefined;
  readonly cpuBits?: 32 | 64 | undefined;
}
