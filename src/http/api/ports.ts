import type { RecordedEvent } from '../../event/event.ts';
import type { EventQuery } from '../../event/query.ts';
import type { Lease } from '../../lease/lease.ts';
import type { Life } from '../../machine/life.ts';
import type { Machine } from '../../machine/machine.ts';
import type { MirrorCommand, MirrorReply, MirrorView } from '../../mirror/mirror-view.ts';
import type { ScrubAction, ScrubView } from '../../mirror/run/scrub.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { Mac } from '../../net/mac.ts';
import type { SkippedNetwork, WakeTarget } from '../../power/plan-wake.ts';
import type { ServerMeasures } from '../metrics/server-families.ts';
import type { ConfigAdmin } from './config-ports.ts';
import type { FirmwareKind, RenderView } from './render-view.ts';

/** A lease and whose it is. */
export interface LeaseRow {
  readonly lease: Lease;
  /** Name in the configuration, where the client is one of its machines. */
  readonly machine?: string | undefined;
}

export type LeaseResult =
  | { readonly kind: 'done'; readonly row: LeaseRow }
  /** There is no lease for that address. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly reason: string };

/** What an operator may do with leases. Both writes resolve after they are safe on disk. */
export interface LeaseAdmin {
  list(): Iterable<LeaseRow>;
  /** Ends a lease, as if its client had given it back; the client keeps its preference for the address. */
  release(address: Ipv4): Promise<LeaseResult>;
  /** Forgets all about an address, also that it was abandoned. */
  forget(address: Ipv4): Promise<LeaseResult>;
}

/** A machine, and where it is. */
export interface MachineRow {
  readonly machine: Machine;
  readonly life?: Life | undefined;
  /** The address that it has now. */
  readonly leased?: Ipv4 | undefined;
  /** What people wrote about it. */
  readonly notes?: string | undefined;
  /** What is known of it as a Mac; undefined: it is a PC as far as anybody knows. */
  readonly mac?: MacRow | undefined;
}

/** A Mac: what it is, and what NetBoot would offer it now. */
export interface MacRow {
  /** The model that it was last seen with, else what the configuration says. */
  readonly model?: string | undefined;
  /** All that were seen at its addresses; more than one: an adapter. */
  readonly seen: readonly string[];
  /** What its EFI and processor can run, in words; with the operator's own word for it. */
  readonly firmware: string;
  /** The default stands first. Empty: `reason` says why. */
  readonly offered: readonly { readonly image: string; readonly title: string; readonly bootFile: string }[];
  readonly reason?: string | undefined;
  /** The image that it chose last, by its name in the configuration. */
  readonly selected?: string | undefined;
}

export type OperationResult =
  | { readonly kind: 'done'; readonly row: MachineRow }
  | { readonly kind: 'unknown-machine' }
  /** `profile` is not one that can be installed, or the machine names none (undefined). */
  | { readonly kind: 'unknown-profile'; readonly profile?: string | undefined }
  | { readonly kind: 'refused'; readonly reason: string };

/** What came of waking a machine. */
export type WakeResult =
  | {
      readonly kind: 'sent';
      readonly sent: readonly (Omit<WakeTarget, 'source'> & { readonly packets: number })[];
      /** Where it answered at that moment: it is on. */
      readonly answers?: Ipv4 | undefined;
      /** Its networks on which nothing was sent, with the reason. */
      readonly skipped: readonly SkippedNetwork[];
    }
  | { readonly kind: 'unknown-machine' }
  | { readonly kind: 'refused'; readonly reason: string; readonly next: string }
  /** It could be sent nowhere. */
  | { readonly kind: 'failed'; readonly reason: string };

/** What an operator may do with machines. The writes resolve after they are safe on disk. */
export interface MachineAdmin {
  list(): Iterable<MachineRow>;
  /** Names of the profiles that can be installed. */
  profiles(): Iterable<string>;
  /** Grants one installation. */
  install(machine: string, profile: string | undefined): Promise<OperationResult>;
  /** Everything that a machine would be sent, without any effect; undefined: there is no such machine. */
  render(machine: string, options: RenderOptions): Promise<RenderView | undefined>;
  /** Takes back what is in progress. */
  cancel(machine: string): Promise<OperationResult>;
  /** Sees to it that it is never installed, until it is unretired. */
  retire(machine: string): Promise<OperationResult>;
  unretire(machine: string): Promise<OperationResult>;
  /** Sends it Wake-on-LAN; one machine a second, whoever asks. */
  wake(machine: string): Promise<WakeResult>;
  /** Whether the configuration names a machine with this card. */
  isNamed(mac: Mac): boolean;
  /** The life that is kept under a name, also of a machine that was only discovered. */
  lifeOf(name: string): Life | undefined;
}

/** What happened, and what happens. */
export interface EventFeed {
  /** Ascending. Includes everything that subscribers heard before the call. */
  list(query: EventQuery): Promise<readonly RecordedEvent[]>;
  /** Every event from now on, in ascending order. Returns what ends it. */
  subscribe(listener: (event: RecordedEvent) => void): () => void;
  /** The greatest sequence number so far. */
  lastSeq(): number;
}

/** What `GET status` says; plain JSON. */
export interface Status {
  readonly version: string;
  readonly pid: number;
  /** ISO 8601. */
  readonly started: string;
  /** Path of the configuration; null: there is none. */
  readonly config: string | null;
  readonly data: string;
  readonly networks: readonly {
    readonly name: string;
    readonly interface: string | null;
    readonly subnet: string;
    /** This host's address there. */
    readonly address: string;
    readonly router: string | null;
    readonly mode: string;
    readonly pools: readonly { readonly first: string; readonly last: string; readonly clients: 'dhcp' | 'bootp' }[];
    readonly leases: { readonly bound: number; readonly free: number };
  }[];
  readonly admin: {
    /** Path of the unix socket. */
    readonly socket: string;
    /** "127.0.0.1:8067", or null: off. */
    readonly listen: string | null;
    /** Why nothing listens there. */
    readonly problem: string | null;
    /** The file with the token that TCP wants. */
    readonly tokenFile: string;
  };
  readonly listeners: readonly { readonly what: string; readonly where: string; readonly state: string }[];
  /** What firmware is sent: `host`: of this host's packages; `archive`: an imported bundle brought it, of these packages. */
  readonly loaders: readonly {
    readonly platform: string;
    readonly loader: string;
    readonly from: 'host' | 'archive';
    readonly packages: readonly string[];
  }[];
  readonly counters: Readonly<Record<string, number>>;
  /** What NetBoot requests of Macs came to: `lists`, `selections`, `refusals`, and `ignored: REASON`. */
  readonly netboot: Readonly<Record<string, number>>;
}

export type ReloadResult =
  | { readonly kind: 'loaded'; readonly networks: number; readonly machines: number }
  /** As `rackready check` prints them. */
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

export interface ReloadOptions {
  /** For whoever has just written it: what the server has seen by itself already is not told again. */
  readonly onlyChanges?: boolean;
}

export interface RenderOptions {
  /** undefined: every kind. */
  readonly firmware?: FirmwareKind | undefined;
  /** Whether password hashes and secret-looking values are shown as they are. */
  readonly showSecrets: boolean;
}

export interface ServerAdmin {
  status(): Status;
  /** Reads the configuration again. The old one stays when the new one has errors. */
  reload(options?: ReloadOptions): Promise<ReloadResult>;
}

/** A command as an operator gives it: which states are in use is none of their business. */
export type MirrorOrder =
  | Exclude<MirrorCommand, { kind: 'prune' | 'want' }>
  | Omit<Extract<MirrorCommand, { kind: 'prune' }>, 'leased'>;

/** What an operator may do with mirrors. */
export interface MirrorAdmin {
  list(): readonly MirrorView[];
  command(command: MirrorOrder): Promise<MirrorReply>;
  scrub(action: ScrubAction): Promise<MirrorReply>;
  /** undefined: nobody knows; there may be no mirrors. */
  scrubView(): ScrubView | undefined;
}

/** Whose stories are wanted. All conditions must hold. */
export interface StoryQuery {
  readonly machine?: string | undefined;
  readonly mac?: Mac | undefined;
}

/** The boots of the machines, as they are told to people: UTF-8 JSON that is ready to be sent. */
export interface StoryFeed {
  /** An array of Story: the last attempt of each card, the one that was heard last first. */
  list(query: StoryQuery & { readonly limit: number }): Promise<Uint8Array>;
  /** An array of Story: all attempts that are kept, the newest first. undefined: there are none. */
  attempts(query: StoryQuery & { readonly limit: number }): Promise<Uint8Array | undefined>;
  /** An array of Event: what was told of one attempt, ascending; undefined: there is no such attempt (any more). */
  eventsOf(query: StoryQuery & { readonly id: number; readonly limit: number }): Promise<Uint8Array | undefined>;
  /** The traffic of one attempt as a capture file, as far as it is still known; undefined as above. */
  pcapOf(query: StoryQuery & { readonly id: number }): Promise<Uint8Array | undefined>;
  /**
   * Follows stories: first those that there are, then each as it changes, at most four times a second. `take` gets them as
   * server-sent events, a piece at a time, and the next only after `ready()`: of what changes meanwhile the newest is told.
   */
  follow(query: StoryQuery, take: (piece: Uint8Array) => void): StoryReader;
}

/** One who follows stories. */
export interface StoryReader {
  /** It has the last piece. */
  ready(): void;
  /** Nothing more is told. */
  end(): void;
}

export interface ApiPorts {
  readonly config: ConfigAdmin;
  readonly server: ServerAdmin;
  readonly leases: LeaseAdmin;
  readonly machines: MachineAdmin;
  readonly events: EventFeed;
  readonly mirrors: MirrorAdmin;
  readonly stories: StoryFeed;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** For metrics. */
  measures(): ServerMeasures;
}
