import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EventData, EventId, Subject } from '../../event/event.ts';
import { hideTokens } from '../../event/hide-tokens.ts';
import { PLAIN_TEXT } from './content-type.ts';
import type { TreeLookup } from './mirror-tree.ts';
import { printable } from './path.ts';
import type { BootHttpAnswer, BootHttpLimits, BootHttpRequest, WantedFile } from './protocol.ts';

export type HttpEventId = Extract<EventId, `http.${string}`>;
export type EmitHttp = <Id extends HttpEventId>(id: Id, subject: Subject, data: EventData<Id>) => void;

/** A file that is being fetched. */
export interface Wanting {
  /** Rejects when nothing of it comes for long. */
  readonly answer: Promise<BootHttpAnswer>;
  /** To be called when something came. */
  readonly renew: () => void;
  /** Whether something came. */
  readonly hasMoved: () => boolean;
}

/** What a listener needs from the thread that it lives in. */
export interface ListenerDeps {
  readonly limits: BootHttpLimits;
  /** Rejects when main does not answer. */
  readonly ask: (request: Omit<BootHttpRequest, 'id'>) => Promise<BootHttpAnswer>;
  /** Gets a mirror's file to this host, once for all who ask meanwhile. */
  readonly want: (wanted: WantedFile) => Wanting;
  /** A text with this mark was sent in full. */
  readonly confirm: (mark: string) => void;
  readonly emit: EmitHttp;
  readonly trees: TreeLookup;
}

/** One request and its response, with what events say of them. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  /** How the path is called in events; never holds a token. */
  readonly shownPath: string;
  readonly userAgent: string;
  readonly subject: Subject;
  /** From performance.now(). */
  readonly startedMs: number;
  readonly emit: EmitHttp;
}

/** "GRUB 2.06-13+deb12u2": GRUB's own HTTP client, which has habits of its own. */
function isGrub(userAgent: string): boolean {
  return /^GRUB\b/.test(userAgent);
}

export interface Refusal {
  readonly status: number;
  readonly reason: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The connection cannot be used any more. */
  readonly isLast?: boolean | undefined;
}

/**
 * Sends a refusal as a line of plain text. HEAD gets the headers only. GRUB gets the same as everybody: with a body on a
 * connection that stays open it takes a 404 in some 20 ms, and with an empty one and `Connection: close` it hangs until its
 * timeout (2.06, BIOS and UEFI x64 on the virtual rack).
 */
export function sendRefusal({ response, method }: Exchange, refusal: Refusal): void {
  const body = Buffer.from(`${printable(refusal.reason)}\n`);
  response.writeHead(refusal.status, {
    'Content-Type': PLAIN_TEXT,
    'Content-Length': body.length,
    ...refusal.headers,
    ...(refusal.isLast && { Connection: 'close' }),
  });
  response.end(method === 'HEAD' ? undefined : body);
}

/** Refuses and tells it. */
export function refuse(exchange: Exchange, refusal: Refusal): void {
  sendRefusal(exchange, refusal);
  const { method, shownPath: path, userAgent, subject } = exchange;
  const { status, reason } = refusal;
  exchange.emit('http.refused', subject, { method, path, status, reason: hideTokens(reason), userAgent });
}

export function tellDone(exchange: Exchange, status: number, bytes: number): void {
  const { method, shownPath: path, userAgent, subject, startedMs } = exchange;
  const ms = Math.round(performance.now() - startedMs);
  exchange.emit('http.done', subject, { method, path, userAgent, status, bytes, ms });
}

export function tellAborted(exchange: Exchange, bytes: number, ofBytes: number): void {
  const { shownPath: path, userAgent, subject, method } = exchange;
  // GRUB reads the beginning of a file and comes back by range: an early end is no news.
  if (isGrub(userAgent)) exchange.emit('http.closed', subject, { path, bytes, ofBytes });
  else exchange.emit('http.aborted', subject, { method, path, bytes, ofBytes });
}
