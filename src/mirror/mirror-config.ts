import type { TreeLayout } from './presets.ts';
import type { Keep } from './run/prune.ts';
import type { MetadataTrust, PackageTrust } from './trust.ts';

/** A file with public keys, and which of them count; none named: all of the file. */
export interface MirrorKeys {
  /** Absolute path. */
  readonly file: string;
  readonly fingerprints: readonly string[];
  /** One of them is enough: they are those that a preset knows, and not what the operator asked for. */
  readonly isAnyEnough?: boolean | undefined;
}

/** Minutes of the day in the mirror's time zone; `to` before `from` goes over midnight. */
export interface DayWindow {
  readonly from: number;
  readonly to: number;
}

/** How much may come, in bytes per second. Undefined: as much as comes. */
export interface Bandwidth {
  readonly bytesPerSecond?: number | undefined;
  /** Of several that a moment is in, the first one counts. */
  readonly windows: readonly (DayWindow & { readonly bytesPerSecond: number })[];
}

/** `files`: it has no metadata, and every file of it is taken as it is. */
export type MirrorLayout = TreeLayout | { readonly kind: 'files' };

/** A mirror as the configuration describes it, with all defaults. Plain JSON. */
export interface MirrorConfig {
  readonly name: string;
  /** The operating system that it holds. */
  readonly os?: string | undefined;
  /** The same tree at several places, the best first: rsync, http, https or file URLs. */
  readonly from: readonly string[];
  /** How its metadata are read, and what of the tree is wanted. */
  readonly layout: MirrorLayout;
  /** The folder that an installer is pointed to, below the root; '' is the root itself. */
  readonly installFrom: string;
  /** What an installer's kernel is started from, below the root, where that is known. */
  readonly boot?: { readonly kernel: string; readonly initrd: string } | undefined;
  readonly mode: 'sync' | 'cache' | 'sparse' | 'frozen';
  /** Five fields as in crontab(5); undefined: only by command. */
  readonly schedule?: string | undefined;
  readonly timezone: string;
  /** Up to so much later than the schedule says, always the same for a mirror. */
  readonly jitterSeconds: number;
  /** When no run begins by itself. */
  readonly blackout: readonly DayWindow[];
  readonly keys: readonly MirrorKeys[];
  readonly trust: MetadataTrust;
  readonly packages: PackageTrust;
  readonly keep: Keep;
  readonly bandwidth: Bandwidth;
  readonly connections: number;
  readonly exclude: readonly string[];
  readonly allowMissing: readonly string[];
}

/** What a plan and the choice of files depend on, as text: another one makes "nothing new" untrue. */
export function planKey(config: MirrorConfig): string {
  const { from, layout, mode, keys, trust, packages, exclude, allowMissing } = config;
  return JSON.stringify([from, layout, mode, keys, trust, packages, exclude, allowMissing]);
}
