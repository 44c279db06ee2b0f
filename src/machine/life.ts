import type { Mac } from '../net/mac.ts';

/**
 * Where a machine is when nothing is in progress. `discovered`: heard, and not in the configuration. `retired`: in it, and
 * never to be installed again.
 */
export type State = 'discovered' | 'ready' | 'installed' | 'retired';

/** What a machine is allowed, once. */
export interface Grant {
  /** Unguessable, in every URL of this installation. */
  readonly token: string;
  readonly profile: string;
  /** Who granted it: `install: once` in the file, or a person. */
  readonly via: 'file' | 'command';
  /** Milliseconds since 1970. */
  readonly grantedAt: number;
  /** Milliseconds since 1970; after it the grant is used up. Undefined until the installer was sent for the first time. */
  readonly deadline?: number | undefined;
  /** The state of the mirror that it installs from, for its whole length. Set when the installer is first sent. */
  readonly snapshot?: string | undefined;
  /** When the answer file was handed over, in full. */
  readonly answeredAt?: number | undefined;
  /** The address that asked for the answer file, dotted. Set before the first byte leaves; nobody else gets the file. */
  readonly answeredTo?: string | undefined;
}

/** The installed system is waited for: what it must show, and what was seen instead so far. */
export interface Contact {
  /** Host keys that the installer reported: "ssh-ed25519 AAAA…", without comments. May be none. */
  readonly hostKeys: readonly string[];
  readonly seen?: string | undefined;
  /** How it is known that the installer has ended: without a host key, what answers before could be its own SSH. */
  readonly ended?: string | undefined;
}

/**
 * What is in progress. `held`: stopped because it would have repeated itself. `first-contact`: the installer reported
 * success, and the machine's own disk has yet to answer.
 */
export interface Operation {
  readonly kind: 'install';
  readonly stage: 'granted' | 'booting' | 'installing' | 'held' | 'first-contact';
  readonly grant: Grant;
  /** When the installer reported that it began (ms since 1970). */
  readonly startedAt?: number | undefined;
  /** At stage `first-contact`. */
  readonly contact?: Contact | undefined;
}

/** What an installer has chosen to install on, in its own words. */
export interface Chosen {
  /** "/dev/sda": a name that lasts until the next start only. */
  readonly disk: string;
  /** "/dev/disk/by-id/…": the same disk at every start. Undefined where it has no such name. */
  readonly diskId?: string | undefined;
  readonly diskBytes?: number | undefined;
  /** The card that it is installed over: "ens3". */
  readonly nic?: string | undefined;
}

/** How the last operation ended. */
export interface Outcome {
  readonly kind: 'install';
  readonly profile: string;
  readonly result: 'succeeded' | 'failed' | 'expired' | 'cancelled';
  readonly reason: string;
  readonly at: number;
  /** Of success: whether the installed system has shown a host key that its installer reported. */
  readonly isVerified?: boolean | undefined;
}

/** The three fields of a machine's life cycle, and what must be remembered besides. */
export interface Life {
  /** The machine's name in the configuration, or `m-` and its MAC. */
  readonly machine: string;
  /** Its cards, by which it is known again under another name. */
  readonly macs?: readonly Mac[] | undefined;
  readonly state: State;
  readonly operation?: Operation | undefined;
  readonly outcome?: Outcome | undefined;
  /** What the last installer that came so far has chosen; stays when its installation ends. */
  readonly chosen?: Chosen | undefined;
  /** The machine that had these cards before it was given others: this is what is remembered of them. */
  readonly formerly?: string | undefined;
  /** `install: once` of the file was used; it is never granted by the file again. */
  readonly onceUsed: boolean;
}

/** The port that keeps lives. */
export interface LifeStore {
  loadLives(): Promise<Life[]>;
  /** Resolves after the life is safe against a power cut. */
  saveLife(life: Life): Promise<void>;
}
