import type { Emit, Subject } from '../event/event.ts';
import { hideTokens } from '../event/hide-tokens.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { decodeSyslog } from '../wire/syslog.ts';

export interface SyslogDeps {
  readonly emit: Emit;
  /** Whose address that is; without a machine or MAC nobody wants its log. */
  readonly subjectOf: (address: Ipv4, network: string) => Subject;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface Syslog {
  receive(datagram: Uint8Array, from: Ipv4, network: string): void;
}

/** Lines that one machine may log within ten seconds; an installer that repeats itself must not drown the others. */
const MOST = 200;
const WINDOW_MS = 10_000;

/** Takes what installers log, under the name of their machine. */
export function createSyslog(deps: SyslogDeps): Syslog {
  const windows = new Map<Ipv4, { readonly since: number; count: number }>();
  return {
    receive(datagram, from, network) {
      const subject = deps.subjectOf(from, network);
      if (subject.mac === undefined) return;
      const now = deps.now();
      let window = windows.get(from);
      if (window === undefined || now - window.since >= WINDOW_MS) {
        window = { since: now, count: 0 };
        windows.set(from, window);
      }
      if (++window.count > MOST) return;
      const { severity, program, text: line } = decodeSyslog(datagram);
      if (line === '') return;
      // Installers log the kernel's command line and what they download: URLs with the token of their grant.
      const text = hideTokens(line);
      deps.emit(severity <= 3 ? 'installer.error' : 'installer.log', subject, { ...(program && { program }), text });
    },
  };
}
