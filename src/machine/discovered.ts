import { formatMacDashed, type Mac } from '../net/mac.ts';
import type { Machine } from './machine.ts';

/** Stands for a machine that the configuration does not name, where unknown machines are installed. Its name is made of its MAC. */
export function discoveredMachine(mac: Mac, profile: string, domain?: string): Machine {
  const name = `m-${formatMacDashed(mac)}`;
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
