import type { Ipv4 } from '../net/ipv4.ts';

/** Who asks for a boot file, as far as the transport knows. */
export interface Requester {
  readonly via: 'tftp' | 'http';
  readonly address: Ipv4;
  /** Name of the network whose interface the request came in on. */
  readonly network: string;
  readonly userAgent?: string | undefined;
}

/** What a name stands for. TFTP and HTTP ask the same question and get the same answer. */
export type BootResource =
  /** A regular file on this host, by absolute path. `name` is the normalised name, for messages. */
  | { readonly kind: 'file'; readonly name: string; readonly path: string }
  /** Made for this request. */
  | { readonly kind: 'text'; readonly name: string; readonly text: string }
  /** Not there. `expected`: loaders try such names as a matter of course. `near`: a name that is there. */
  | { readonly kind: 'missing'; readonly name: string; readonly expected: boolean; readonly near?: string | undefined }
  | { readonly kind: 'refused'; readonly name: string; readonly reason: string };

/** The port that TFTP and the boot HTTP listener ask. Quick: it never waits for a disk longer than a stat. */
export type ResolveBootFile = (name: string, requester: Requester) => BootResource;
