import type { Settings } from '../config/settings.ts';

/** One line of what the doctor says. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'error';
  /** "UDP port 67", "interface br0", "clock". */
  readonly what: string;
  readonly text: string;
  /** What to do about it. */
  readonly next?: string | undefined;
}

export function ok(what: string, text: string): Finding {
  return { level: 'ok', what, text };
}

export function warning(what: string, text: string, next?: string): Finding {
  return { level: 'warning', what, text, next };
}

export function failure(what: string, text: string, next?: string): Finding {
  return { level: 'error', what, text, next };
}

/** The networks that are served at an interface of this host, by the interface. */
export function servedInterfaces({ networks }: Settings): ReadonlyMap<string, Settings['networks']> {
  const found = new Map<string, Settings['networks'][number][]>();
  for (const network of networks) {
    if (network.interface === undefined) continue;
    found.set(network.interface, [...(found.get(network.interface) ?? []), network]);
  }
  return found;
}
