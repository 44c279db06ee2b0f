import { type Ipv4, parseIpv4 } from '../../net/ipv4.ts';
import { type Mac, parseMac } from '../../net/mac.ts';
import type { Line } from './lines.ts';
import { readLeaseTime } from './read-range.ts';

/** A `dhcp-host` line. */
export interface HostLine {
  readonly line: Line;
  readonly macs: readonly Mac[];
  /** MAC addresses with `*`, or of another kind than Ethernet. */
  readonly hasPattern: boolean;
  readonly address?: Ipv4 | undefined;
  readonly name?: string | undefined;
  readonly isIgnored: boolean;
  readonly hasLeaseTime: boolean;
  readonly hasIpv6: boolean;
  readonly setTags: readonly string[];
  readonly wantedTags: readonly string[];
}

/** `[MAC…][,id:…|*][,set:…][,tag:…][,ADDRESS][,NAME][,LEASE][,ignore]`, in any order. */
export function readHostLine(line: Line): HostLine | { readonly problem: string } {
  const macs: Mac[] = [];
  const setTags: string[] = [];
  const wantedTags: string[] = [];
  let found = { hasPattern: false, isIgnored: false, hasLeaseTime: false, hasIpv6: false };
  let address: Ipv4 | undefined;
  let name: string | undefined;
  for (const { text } of line.list) {
    const [, kind, tag = ''] = /^(set|net|tag|id):(.*)$/.exec(text) ?? [];
    const mac = parseMac(text.replace(/^0?1-(?=([0-9a-f]{1,2}:){5})/i, ''));
    const ip = parseIpv4(text);
    if (kind === 'set' || kind === 'net') setTags.push(tag);
    else if (kind === 'tag') wantedTags.push(tag);
    else if (kind === 'id' || text === '') continue;
    else if (text === 'ignore') found = { ...found, isIgnored: true };
    else if (text.startsWith('[')) found = { ...found, hasIpv6: true };
    else if (ip !== undefined) address = ip;
    else if (mac !== undefined) macs.push(mac);
    else if (/^([0-9a-f]{1,2}-)?([0-9a-f*]{1,2}:){2,19}[0-9a-f*]{1,2}$/i.test(text)) {
      const whole = padded(text);
      if (whole) macs.push(whole);
      else found = { ...found, hasPattern: true };
    } else if (readLeaseTime(text) !== undefined) found = { ...found, hasLeaseTime: true };
    else if (/^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?$/.test(text)) name = text;
    else return { problem: `${JSON.stringify(text)} is neither a MAC address, nor an address, nor a name` };
  }
  return { line, macs, address, name, ...found, setTags, wantedTags };
}

/** A MAC address whose octets lack leading zeros. */
function padded(text: string): Mac | undefined {
  if (/[*]/.test(text) || /^[0-9a-f]{1,2}-/i.test(text)) return undefined;
  return parseMac(
    text
      .split(':')
      .map((octet) => octet.padStart(2, '0'))
      .join(':'),
  );
}
