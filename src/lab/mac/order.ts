import { macModel } from '../../machine/mac-model.ts';
import { type Ipv4, parseIpv4 } from '../../net/ipv4.ts';
import type { Mac } from '../../net/mac.ts';
import { formatImageId } from '../../wire/bsdp/image-id.ts';
import type { ImageDescription } from '../../wire/bsdp/image-list.ts';

/**
 * How a Mac comes to boot from the network (BSDP notes, section 3.7). `firmware`: the N key. `menu`: the Option key, which
 * shows the images. `startup-disk`: chosen in macOS, which then restarts. `bless`: set from macOS with the tool of that name.
 */
export const WAYS = ['firmware', 'menu', 'startup-disk', 'bless'] as const;
export type Way = (typeof WAYS)[number];

/** What `bless` wrote: any server or this one, or a file of a TFTP server, for which no BSDP is spoken. */
export type BlessTarget =
  | { readonly kind: 'bsdp'; readonly server?: Ipv4 | undefined }
  | { readonly kind: 'tftp'; readonly server: Ipv4; readonly file: string };

/** A fake Mac, as it is ordered. */
export interface MacOrder {
  readonly mac: Mac;
  /** "Macmini6,2" */
  readonly model: string;
  readonly way: Way;
  /** For `menu` and `startup-disk`: an image as its id ("0x81000089"), or its name. Undefined: only look. */
  readonly select?: string | undefined;
  readonly target?: BlessTarget | undefined;
  /** BSDP 1.0 or 1.1. */
  readonly version: number;
  /** How often a question is asked before it gives up; undefined: as Apple's programs do. */
  readonly tries?: number | undefined;
}

/** The word before the model in option 60: every Intel Mac says i386. */
export function archOfModel(model: string): string {
  const found = macModel(model);
  if (found.kind === 'efi' || found.why === 't2') return 'i386';
  return found.why === 'powerpc' ? 'ppc' : 'arm';
}

/**
 * Reads what is handed to `bless --server` (bsdp://255.255.255.255, bsdp://172.22.10.2, bsdp://en0@172.22.10.2) or
 * `bless --booter` (tftp://172.22.10.2/mac/x86_64.efi). Undefined for anything else.
 */
export function parseBlessTarget(text: string): BlessTarget | undefined {
  const [, scheme, host = '', path] = /^(bsdp|tftp):\/\/(?:[^/@]+@)?([^/]+)(?:\/(.*))?$/.exec(text) ?? [];
  const server = parseIpv4(host);
  if (server === undefined) return undefined;
  if (scheme === 'tftp') return path ? { kind: 'tftp', server, file: path } : undefined;
  if (path) return undefined;
  return host === '255.255.255.255' ? { kind: 'bsdp' } : { kind: 'bsdp', server };
}

/** Whether an image is the one that somebody names by its id, in hex or decimal, or by its name in any case. */
export function isNamed({ id, name }: ImageDescription, wanted: string): boolean {
  const number = /^(0x[0-9a-f]{1,8}|[0-9]{1,10})$/i.test(wanted) ? Number(wanted) : undefined;
  return Number(formatImageId(id)) === number || name.toLowerCase() === wanted.toLowerCase();
}
