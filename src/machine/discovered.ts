import { formatMacDashed, type Mac } from '../net/mac.ts';
import type { Machine } from './machine.ts';

/** The name that the life of a machine is kept under which the configuration does not name. It is made of its MAC. */
export function discoveredName(mac: Mac): string {
  return `m-${formatMacDashed(mac)}`;
}

/** The MAC that such a name is made of; undefined for other names. */
export function discoveredMac(name: string): Mac | undefined {
  // InfiniBand has more octets than Ethernet.
  const [, octets] = /^m-([0-9a-f]{2}(?:-[0-9a-f]{2}){5,15})$/.exec(name) ?? [];
  return octets === undefined ? undefined : (octets.replaceAll('-', ':') as Mac);
}

/** Stands for a machine that the configuration does not name, where unknown machines are installed. */
export function discoveredMachine(mac: Mac, profile: string, domain?: string): Machine {
  const name = discoveredName(mac);
  return {
    name,
    macs: [mac],
    hostName: name,
    domain,
    profile,
    kind: 'pc',
    secureBoot: false,
    addressing: 'dhcp',
    loader: 'auto',
    vars: {},
  };
}
