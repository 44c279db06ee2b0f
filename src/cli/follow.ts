import { setTimeout as sleep } from 'node:timers/promises';
import type { EventView } from '../http/api/views.ts';
import { parseMac } from '../net/mac.ts';
import { type ApiClient, ApiFailure, type ClientOptions, queryOf } from './client.ts';
import { formatEvent, wantsColour } from './print.ts';

/** Which events a command shows. */
export interface EventChoice {
  /** A name, or a MAC in any spelling. */
  readonly machine?: string | undefined;
  readonly network?: string | undefined;
  readonly level?: string | undefined;
  /** How many of the newest to begin with. */
  readonly last: number;
}

const RECONNECT_EVERY_MS = 1000;

/** The conditions as the API takes them. */
export function conditionsOf({ machine, network, level }: EventChoice): Record<string, string | undefined> {
  const mac = machine === undefined ? undefined : parseMac(machine);
  return { machine: mac === undefined ? machine : undefined, mac, network, level };
}

/** Prints an event as a line, or as a line of JSON. */
export function printEvent(event: EventView, options: ClientOptions): void {
  const line = options.json ? JSON.stringify(event) : formatEvent(event, wantsColour(process.stdout));
  process.stdout.write(`${line}\n`);
}

/**
 * Prints events as they happen, until the process is stopped. When the server goes away it waits and goes on after the last
 * event that it has seen; what is said of that goes to stderr. Rejects when the server is not there at the start.
 */
export async function followEvents(client: ApiClient, choice: EventChoice, options: ClientOptions): Promise<never> {
  const path = `/events/stream${queryOf({ ...conditionsOf(choice), last: choice.last })}`;
  let lastSeen: number | undefined;
  let wasOpen = false;
  let isLost = false;
  const handler = {
    onOpen: () => {
      if (isLost) say('connected again');
      wasOpen = true;
      isLost = false;
    },
    onEvent: (event: EventView) => {
      lastSeen = event.seq;
      printEvent(event, options);
    },
  };
  for (;;) {
    try {
      await client.stream(path, lastSeen, handler);
    } catch (error) {
      if (!wasOpen || !(error instanceof ApiFailure) || error.code !== 'not-running') throw error;
    }
    if (!isLost) say('the server is gone; waiting for it (Ctrl-C ends this)');
    isLost = true;
    await sleep(RECONNECT_EVERY_MS);
  }
}

function say(text: string): void {
  process.stderr.write(`rackready: ${text}\n`);
}
