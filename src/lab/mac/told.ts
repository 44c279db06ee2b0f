import type { Ipv4 } from '../../net/ipv4.ts';
import type { ImageId } from '../../wire/bsdp/image-id.ts';
import type { Offer } from './choose.ts';
import type { Asker, Lease } from './questions.ts';

/** What came by TFTP. */
export interface LoadedFile {
  readonly server: Ipv4;
  readonly file: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** As agreed; 512 without an agreement. */
  readonly blockSize: number;
  /** By its first bytes. */
  readonly content: 'efi32' | 'efi64' | 'fat' | 'other';
  /** Where it was written to, if it was. */
  readonly path?: string | undefined;
  /** Why a real Mac would not have got it. */
  readonly stalls?: string | undefined;
}

/** How it ended. */
export type Outcome =
  | { readonly kind: 'boots'; readonly file: LoadedFile }
  /** The images were shown and none was asked for. */
  | { readonly kind: 'looked' }
  | { readonly kind: 'no-address'; readonly reason: string }
  /** It goes on to its own disk. */
  | { readonly kind: 'no-image'; readonly reason: string }
  | { readonly kind: 'refused'; readonly server: Ipv4 }
  | { readonly kind: 'not-loaded'; readonly reason: string }
  | { readonly kind: 'cannot-run'; readonly reason: string };

/** One step, for people and programs to read. */
export type Told =
  | {
      readonly kind: 'asks';
      readonly what: 'discover' | 'request' | 'list' | 'select';
      readonly asker: Asker;
      /** From 1. */
      readonly attempt: number;
      readonly port: number;
      readonly choice?: { readonly server: Ipv4; readonly image: ImageId } | undefined;
    }
  | { readonly kind: 'offered'; readonly lease: Lease; readonly note?: string | undefined }
  | { readonly kind: 'has-address'; readonly lease: Lease; readonly note?: string | undefined }
  | { readonly kind: 'ignores'; readonly source: Ipv4; readonly reason: string }
  /** `hidden`: why newer firmware does not show this server in its menu. */
  | { readonly kind: 'listed'; readonly offer: Offer; readonly hidden?: string | undefined }
  | {
      readonly kind: 'chooses';
      readonly server: Ipv4;
      readonly image: ImageId;
      readonly name?: string | undefined;
      readonly why: string;
    }
  | {
      readonly kind: 'granted';
      readonly server: Ipv4;
      readonly tftp: Ipv4;
      readonly file: string;
      /** Option 17: only Apple's own systems read it. */
      readonly rootPath?: string | undefined;
      readonly serverName?: string | undefined;
    }
  | { readonly kind: 'refused'; readonly server: Ipv4 }
  | { readonly kind: 'restarts'; readonly target: Ipv4 }
  | { readonly kind: 'loads'; readonly server: Ipv4; readonly file: string }
  | { readonly kind: 'loaded'; readonly file: LoadedFile }
  | { readonly kind: 'ends'; readonly outcome: Outcome };
