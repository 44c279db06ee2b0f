import type { AnswerDefaults } from '../boot/answer.ts';
import type { LoaderCatalog } from '../boot/loaders.ts';
import type { MacImage } from '../boot/mac-image.ts';
import type { Profile } from '../boot/profile.ts';
import type { ReadTemplate } from '../boot/template.ts';
import type { Emit } from '../event/event.ts';
import type { Network } from '../lease/network.ts';
import type { Lives } from '../machine/lives.ts';
import type { Machine } from '../machine/machine.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { Mac } from '../net/mac.ts';
import type { Uuid } from '../net/uuid.ts';

/** The part of the configuration that boot files and answer files are made of. */
export interface BootSettings {
  readonly networks: readonly Network[];
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly defaults: AnswerDefaults;
  readonly unknownMachines:
    | { readonly kind: 'local' }
    | { readonly kind: 'ignore' }
    | { readonly kind: 'install'; readonly profile: string };
  readonly httpPort: number;
  /** What Macs can be offered. */
  readonly images: readonly MacImage[];
}

/** Who holds an address by a lease of ours. */
export interface Leaseholder {
  readonly mac: Mac;
  /** Undefined: the configuration does not name it. */
  readonly machine?: Machine | undefined;
}

/** A name in the operator's boot folder. `refused`: for example a symlink that leads out of it. */
export type FolderEntry =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'refused'; readonly reason: string };

/** What is known of the mirrors of this host, without looking at the disk. */
export interface MirrorLookup {
  /** The state that is served; undefined: there is none yet, or no such mirror. */
  current(mirror: string): string | undefined;
  /** Where on this host a file to boot from is, an absolute path; undefined: that state does not have it. */
  bootFile(mirror: string, snapshot: string, path: string): string | undefined;
}

/** What boot files need. Everything is quick: nothing waits for a disk longer than a stat. */
export interface BootFilesDeps {
  readonly settings: () => BootSettings;
  readonly machineOf: (address: Ipv4) => Leaseholder | undefined;
  /** Whose lease of ours was the last one at an address, also one that was given back, as firmware may do before its loader starts. */
  readonly lastLeaseAt: (address: Ipv4) => Mac | undefined;
  readonly machineByMac: (mac: Mac) => Machine | undefined;
  readonly machineByUuid: (uuid: Uuid) => Machine | undefined;
  /** Whether the Mac has just chosen an image that boots from its disk. */
  readonly choseDisk: (mac: Mac) => boolean;
  readonly catalog: () => LoaderCatalog;
  readonly readTemplate: ReadTemplate;
  readonly lives: Lives;
  /** Whether a path on this host is a regular file. */
  readonly fileKind: (path: string) => 'file' | 'missing';
  /** Looks a normalised name up in the operator's boot folder. Always `missing` where there is none. */
  readonly lookup: (name: string) => FolderEntry;
  /** Looks a normalised name up below any other folder, an absolute path, by the same rules. */
  readonly lookupIn: (folder: string, name: string) => FolderEntry;
  /** Names in the operator's boot folder, for lookups without regard to case and for hints. May be a bounded part of them. */
  readonly folderNames: () => Iterable<string>;
  readonly mirrors: MirrorLookup;
  /** An unguessable token of URL-safe characters. */
  readonly newToken: () => string;
  readonly emit: Emit;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}
