import type { EventId, Subject } from '../../event/event.ts';

/** Where a listener takes its connections from: a descriptor that is already listening, or an address to bind to. */
export type BootSocket =
  | { readonly kind: 'fd'; readonly fd: number }
  | { readonly kind: 'address'; readonly address: string; readonly port: number };

/** One listener of the boot worker, as main describes it. */
export interface ListenerSetup {
  readonly id: number;
  readonly socket: BootSocket;
  readonly network: string;
  /** Our own address there, dotted, for messages. */
  readonly localAddress: string;
}

/** What bounds a machine that asks too much, too slowly, or never stops. */
export interface BootHttpLimits {
  /** Time for the head of a request. */
  readonly headersMs: number;
  /** Time for a whole request, with its body. */
  readonly requestMs: number;
  /** How long a connection may be silent between two requests. */
  readonly keepAliveMs: number;
  /** How long nothing may move during an answer. */
  readonly stallMs: number;
  /** How often these times are looked at. */
  readonly checkMs: number;
  readonly bodyBytes: number;
  readonly connectionsPerAddress: number;
  readonly connections: number;
  /** How long nothing may come of a file that comes from an upstream. */
  readonly fetchMs: number;
  /** How long main may take to decide. */
  readonly decisionMs: number;
  /** How long running answers may go on after close(). */
  readonly graceMs: number;
}

export const defaultBootHttpLimits: BootHttpLimits = {
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 30_000,
  stallMs: 60_000,
  checkMs: 2_000,
  bodyBytes: 64 * 1024,
  connectionsPerAddress: 64,
  connections: 4096,
  fetchMs: 10 * 60_000,
  decisionMs: 20_000,
  graceMs: 500,
};

/** What main is asked: what is this request to get? */
export interface BootHttpRequest {
  readonly id: number;
  readonly method: string;
  /** Absolute path after `normalizePath`: percent-decoded, single slashes, no `..`. */
  readonly path: string;
  /** What stands after the `?`, as it came. */
  readonly query: string;
  /** Lower-case names; only those of `forwardedHeaders` and the X-RHN-Provisioning-Mac-N. */
  readonly headers: Readonly<Record<string, string>>;
  /** Dotted. */
  readonly remoteAddress: string;
  readonly network: string;
  /** It comes from this host itself: from a proxy here. */
  readonly isOwn?: boolean | undefined;
  /** Present for POST and PUT. */
  readonly body?: string | undefined;
}

/** Headers that a decision may look at. Ranges and conditions are the worker's own business. */
export const forwardedHeaders: readonly string[] = [
  'user-agent',
  'content-type',
  'x-system-serial-number',
  'x-real-ip',
  'x-sendfile-type',
];

export type RefusalStatus = 403 | 404 | 405 | 409 | 410 | 500 | 503;

/** What main answers. */
export type BootHttpAnswer =
  | {
      readonly kind: 'file';
      /** Absolute path on this host. */
      readonly path: string;
      /** For messages. */
      readonly name: string;
      readonly contentType?: string | undefined;
      /** What its content is known by; default: size and time. */
      readonly etag?: string | undefined;
      readonly cacheControl?: string | undefined;
      /** What the proxy that asks calls it, and sends it by. */
      readonly handOverTo?: string | undefined;
    }
  /** A file of a mirror, which the worker looks up by itself. */
  | {
      readonly kind: 'tree';
      readonly mirror: string;
      /** The mirror's folder, and that of the pool: absolute. */
      readonly repo: string;
      readonly pool: string;
      /** undefined: what is served now. */
      readonly snapshot?: string | undefined;
      /** It was asked for by the whole id of that state: a tag may stand for another one tomorrow. */
      readonly isFixed: boolean;
      /** Below the mirror's root. */
      readonly path: string;
      /** For messages. */
      readonly name: string;
      /** Who asks, dotted; not the proxy that stands between. */
      readonly client: string;
      /** Where a proxy that can send files of the pool by itself finds them: the beginning of a path. */
      readonly accelLocation?: string | undefined;
    }
  | {
      readonly kind: 'text';
      readonly status: number;
      readonly text: string;
      readonly contentType: string;
      /** What to call the path in events, where the path itself is a secret. */
      readonly shownPath?: string | undefined;
      /** Given back to main when the text was sent in full. */
      readonly confirm?: string | undefined;
    }
  | {
      readonly kind: 'refuse';
      readonly status: RefusalStatus;
      readonly reason: string;
      readonly shownPath?: string | undefined;
      /** 404 only: loaders ask for such names as a matter of course. */
      readonly isExpected?: boolean | undefined;
      /** 404 only: a name that is there. */
      readonly near?: string | undefined;
      /** An event tells of this refusal already. */
      readonly isTold?: boolean | undefined;
      /** 405 only. */
      readonly allow?: string | undefined;
    };

/** A file of a mirror that its metadata name, and that has to be fetched. */
export interface WantedFile {
  readonly mirror: string;
  /** Below the mirror's root. */
  readonly path: string;
  readonly sha256: string;
  /** For messages. */
  readonly name: string;
}

/** The worker's start data. */
export interface BootWorkerSetup {
  readonly listeners: readonly ListenerSetup[];
  readonly limits: BootHttpLimits;
  /** URL of a module whose `prepareThread()` runs before the first connection is taken. */
  readonly threadModule?: string | undefined;
}

export type ToBootWorker =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: BootHttpAnswer }
  | { readonly kind: 'listen'; readonly listener: ListenerSetup }
  | { readonly kind: 'unlisten'; readonly listener: number }
  /** What was said of mirrors may not hold any more. */
  | { readonly kind: 'forget-mirrors' }
  | { readonly kind: 'close' };

export type FromBootWorker =
  | { readonly kind: 'ask'; readonly request: BootHttpRequest }
  /** A mirror's file is not on this host yet; answered as a request is. */
  | { readonly kind: 'want'; readonly id: number; readonly wanted: WantedFile }
  | { readonly kind: 'sent'; readonly confirm: string }
  | {
      readonly kind: 'event';
      readonly id: Extract<EventId, `http.${string}`>;
      readonly subject: Subject;
      readonly data: unknown;
      /** Requests since the last event that main was not asked about. */
      readonly unasked: number;
    }
  | {
      readonly kind: 'listening';
      /** A listener's id. */
      readonly listener: number;
      readonly port: number;
    }
  /** Its socket is closed in this thread; answers that run may go on for a moment. */
  | { readonly kind: 'unlistened'; readonly listener: number }
  | { readonly kind: 'cannot-listen'; readonly listener: number; readonly code: string };
