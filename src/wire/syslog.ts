import { asciiText } from './dhcp4/values.ts';

/**
 * A log line as installers send it over UDP: `<PRI>` and then either RFC 3164 (`Nov 23 03:40:01 host program[pid]: text`,
 * the host often left out) or RFC 5424 (`1 TIME HOST PROGRAM PID MSGID STRUCTURE text`).
 */
export interface SyslogLine {
  /** 0 emergency … 3 error, 4 warning … 7 debug (RFC 5424 6.2.1). */
  readonly severity: number;
  readonly program?: string | undefined;
  readonly text: string;
}

/** Longest text that is kept; what is longer is cut off. */
const LONGEST = 400;
const TAGGED = /^([A-Za-z0-9_./-]{1,48})(?:\[\d+\])?: (.*)$/s;
const TIME = /^[A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d /;

/** Reads a datagram. Anything is a log line: what has no priority counts as a notice, as RFC 3164 4.3.3 says. */
export function decodeSyslog(datagram: Uint8Array): SyslogLine {
  const line = asciiText(datagram.subarray(0, 2 * LONGEST)).replace(/\?+$/, '');
  const [, priority, rest = line] = /^<(\d{1,3})>(.*)$/s.exec(line) ?? [];
  const severity = priority === undefined ? 5 : Number(priority) & 7;
  const modern = /^1 \S+ \S+ (\S+) \S+ \S+ (?:-|(?:\[[^\]]*\])+) ?(.*)$/s.exec(rest);
  if (modern) return { severity, program: named(modern[1]), text: (modern[2] ?? '').slice(0, LONGEST) };
  const afterTime = rest.replace(TIME, '');
  // The host is tried last: installers leave it out, and their texts have colons of their own.
  const tagged = TAGGED.exec(afterTime) ?? TAGGED.exec(afterTime.replace(/^\S+ /, ''));
  const [, program, text] = tagged ?? [];
  return { severity, program: named(program), text: (text ?? afterTime).slice(0, LONGEST) };
}

function named(program: string | undefined): string | undefined {
  return program === '-' ? undefined : program;
}
