import type { Mac } from '../net/mac.ts';

/** The stages of a network boot, in their order. */
export const stageNames = ['firmware', 'loader', 'kernel', 'installer', 'system'] as const;
export type StageName = (typeof stageNames)[number];

/** A file on its way to the machine, or that it asked for in vain. Times in ms since 1970. */
export interface Transfer {
  readonly protocol: 'tftp' | 'http';
  readonly file: string;
  readonly startedAt: number;
  readonly endedAt?: number | undefined;
  readonly bytes: number;
  /** The file's size, where it is known. */
  readonly ofBytes?: number | undefined;
  readonly state: 'running' | 'done' | 'aborted' | 'stalled' | 'failed' | 'not-found' | 'refused';
}

/** One stage of an attempt. */
export interface Stage {
  readonly name: StageName;
  readonly state: 'running' | 'done' | 'failed';
  readonly startedAt: number;
  readonly endedAt?: number | undefined;
  /** Sum of what its transfers brought. */
  readonly bytes: number;
  /** The latest few; `transferCount` counts all. */
  readonly transfers: readonly Transfer[];
  readonly transferCount: number;
  /** The machine's own words: vendor class, architecture, iPXE's features, card, UUID, user agents, addresses. */
  readonly words: Readonly<Record<string, string>>;
}

/** What an attempt came to. `left`: the machine was switched off, or went on without us. */
export type AttemptOutcome = 'running' | 'installed' | 'local' | 'failed' | 'held' | 'ignored' | 'left';

/** What should come next, and until when: after `expectedBy` it is overdue (section 8.1 of the PXE notes). */
export interface Expectation {
  /** For people: "the loader asks for its configuration". */
  readonly what: string;
  readonly since: number;
  readonly expectedBy: number;
}

/** One cause that fits what was seen. */
export interface Diagnosis {
  /** Id of the rule: "no-boot-file". */
  readonly rule: string;
  /** Its section among the project's documents: "docs/symptoms/pxe-e53.md#no-boot-file". */
  readonly section: string;
  /** 0 to 1. */
  readonly confidence: number;
  /** One sentence that names the cause. */
  readonly cause: string;
  /** What to do, in the imperative. */
  readonly remedy: string;
  /** What the server did about it by itself. */
  readonly applied?: string | undefined;
  /** `seq` of the events that show it. */
  readonly evidence: readonly number[];
}

/** A boot, from the firmware's first question to what it came to. Plain JSON. */
export interface Attempt {
  /** `seq` of its first event: names it for ever. */
  readonly id: number;
  readonly mac: Mac;
  /** Name in the configuration. */
  readonly machine?: string | undefined;
  readonly network?: string | undefined;
  readonly address?: string | undefined;
  readonly startedAt: number;
  /** When Wake-on-LAN was sent that it has come of, or that it is waited for since. */
  readonly wokenAt?: number | undefined;
  /** Of its newest event. */
  readonly lastAt: number;
  /** When it was over; undefined while it runs. */
  readonly endedAt?: number | undefined;
  /** "PXE firmware, UEFI x64", in the words of dhcp.discover's `client`. */
  readonly firmware?: string | undefined;
  /** What it was told to do: "install debian", "local". */
  readonly decision?: string | undefined;
  readonly stages: readonly Stage[];
  readonly outcome: AttemptOutcome;
  /** One sentence: where it stands, or how it ended. */
  readonly standing: string;
  readonly next?: Expectation | undefined;
  /** Only overheard: the network is observed, other servers answer, and what it loads is not seen. */
  readonly isObserved?: boolean | undefined;
}

/** An attempt as the API and the page show it: with its diagnoses, the most likely first, at most two. */
export interface Story extends Attempt {
  readonly diagnoses: readonly Diagnosis[];
  /** ISO 8601 is for events; a story's times are ms since 1970, so that a page can count. `now` is the server's clock. */
  readonly now: number;
}
