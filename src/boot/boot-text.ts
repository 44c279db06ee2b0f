import type { SerialConsole } from './console.ts';
import type { KernelLine } from './kernel-line.ts';

/** Loaders that read a configuration, each with a language of its own. */
export type Dialect = 'grub' | 'ipxe' | 'pxelinux';

/** How kernel and initrd are to be loaded. `probe`: GRUB finds out itself whether it has HTTP. */
export type Carrier = 'http' | 'tftp' | 'probe';

/** What a boot text says. `title` and `reason` are one sentence each, for the screen. */
export type BootOrder =
  | { readonly kind: 'install'; readonly title: string; readonly line: KernelLine }
  /** `isOtherWay`: the usual way to the disk has brought it back here. */
  | { readonly kind: 'local'; readonly reason: string; readonly isOtherWay?: boolean | undefined }
  | { readonly kind: 'hold'; readonly title: string; readonly reason: string; readonly next: string };

export interface BootTextInput {
  readonly order: BootOrder;
  /** Our address as the machine reaches us, dotted. */
  readonly host: string;
  readonly httpPort: number;
  readonly carrier: Carrier;
  /** Where the operator looks, besides the screen: what the profile's kernel arguments name. iPXE has its console compiled in. */
  readonly serial?: SerialConsole | undefined;
}

/** How long a machine that is held shows why, before it boots from its disk. */
export const HOLD_SECONDS = 60;
/** How long a failure to load stays on the screen. */
export const FAILURE_SECONDS = 20;
