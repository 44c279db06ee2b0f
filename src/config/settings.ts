import type { MacImage, MacSettings } from '../boot/mac-image.ts';
import type { Profile } from '../boot/profile.ts';
import type { Network } from '../lease/network.ts';
import type { Machine } from '../machine/machine.ts';
import type { MirrorConfig } from '../mirror/mirror-config.ts';
import type { ScrubConfig } from '../mirror/run/scrub.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { PowerSettings } from '../power/power-settings.ts';

/** The answer to machines that the configuration does not name. */
export type UnknownMachines =
  | { readonly kind: 'local' }
  | { readonly kind: 'ignore' }
  | { readonly kind: 'install'; readonly profile: string };

/** What every answer file may use, for machines and profiles that do not say otherwise. */
export interface Defaults {
  readonly domain?: string | undefined;
  readonly timezone: string;
  readonly locale: string;
  readonly keymap: string;
  /** Admin user that the installed system gets. */
  readonly user: string;
  readonly sshKeys: readonly string[];
  /** crypt(3) hash; undefined: the root password is locked. */
  readonly rootPasswordHash?: string | undefined;
  /** The operator's own values for templates, for machines that are not in the configuration; the others' hold them too. */
  readonly vars: Readonly<Record<string, unknown>>;
}

/** The whole configuration after all checks, frozen. */
export interface Settings {
  readonly server: ServerSettings;
  readonly defaults: Defaults;
  readonly networks: readonly Network[];
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly machines: ReadonlyMap<string, Machine>;
  /** What people wrote about machines, by their names. Apart from the machines: nothing that is rendered for them can hold it. */
  readonly notes: ReadonlyMap<string, string>;
  /** How machines are switched on, by their names, where the configuration says it. Apart from the machines: it may hold a password. */
  readonly power: ReadonlyMap<string, PowerSettings>;
  readonly unknownMachines: UnknownMachines;
  readonly mirrors: ReadonlyMap<string, MirrorConfig>;
  readonly mac: MacSettings;
  /** What Macs can be offered, in the order of the configuration. Always with one of Linux. */
  readonly images: readonly MacImage[];
  /** Absolute path of each named answer-file template. */
  readonly templates: ReadonlyMap<string, string>;
  /** The files that were read, absolute: what to watch. */
  readonly files: readonly string[];
  /**
   * Where a path of the configuration is written, "rack.yaml:31:20"; undefined: it is not written, and has its default.
   * Absent where there are no files.
   */
  readonly whereIs?: ((path: readonly (string | number)[]) => string | undefined) | undefined;
}

export interface ServerSettings {
  /** TCP port of the boot listener on the served networks. */
  readonly httpPort: number;
  /** Where an nginx on this host finds the pool of the mirrors, "/rackready-pool/"; undefined: we send all by ourselves. */
  readonly accelLocation?: string | undefined;
  /** Largest TFTP block, before the interface's MTU. */
  readonly tftpMaxBlockSize: number;
  /** Largest TFTP window (RFC 7440). 1 turns windows off. */
  readonly tftpMaxWindow: number;
  /** UDP ports for transfers; undefined: the system's ephemeral range. */
  readonly tftpPorts?: { readonly first: number; readonly last: number } | undefined;
  /** Extra folder with files for machines, below which TFTP and HTTP serve as they are. */
  readonly bootFolder?: string | undefined;
  /** Account that the server runs as after its sockets are open. */
  readonly user: string;
  /** Where the admin API listens besides its unix socket; undefined: nowhere. */
  readonly adminListen?: { readonly address: Ipv4; readonly port: number } | undefined;
  /** When and how fast what mirrors have is read again; undefined: where there is no configuration. */
  readonly scrub?: ScrubConfig | undefined;
}
