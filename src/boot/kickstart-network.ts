import { parseIpv4 } from '../net/ipv4.ts';
import type { KickstartVersion } from './profile.ts';

const words = (text: string) => text.trim().split(/\s+/);

/** Options that take a value, and those that stand alone. From pykickstart's commands/network.py. */
const VALUED = words(`
  --bootproto --dhcpclass --device --essid --ethtool --gateway --hostname --ip --mtu --nameserver --netmask --onboot
  --wepkey --wpakey --ipv6 --ipv6gateway --vlanid --interfacename --bondslaves --bondopts --bridgeslaves --bridgeopts
  --bindto
`);
const ALONE = words('--nodns --notksdevice --noipv4 --noipv6 --activate --no-activate --nodefroute');
const VALUED_UNTIL_9 = words('--teamslaves --teamconfig');
const SINCE_9 = {
  valued: words('--ipv4-dns-search --ipv6-dns-search'),
  alone: words('--ipv4-ignore-auto-dns --ipv6-ignore-auto-dns'),
};
const BOOTPROTO = ['dhcp', 'bootp', 'static', 'ibft', 'query'];

/** What Anaconda would refuse of a `network` command, or leave without an address. `args`: its words without the first. */
export function checkKickstartNetwork(args: readonly string[], version: KickstartVersion): string | undefined {
  const isNew = version !== 'rhel7' && version !== 'rhel8';
  const valued = new Set([
    ...VALUED,
    ...(version === 'rhel10' ? [] : VALUED_UNTIL_9),
    ...(isNew ? SINCE_9.valued : []),
  ]);
  const alone = new Set([...ALONE, ...(isNew ? SINCE_9.alone : [])]);
  const given = new Map<string, string>();
  for (let at = 0; at < args.length; at++) {
    const [, option = '', value] = /^(--[^=]*)(?:=(.*))?$/s.exec(args[at] ?? '') ?? [];
    if (option === '') return `network takes no ${JSON.stringify(args[at])}`;
    if (alone.has(option)) {
      if (value !== undefined) return `network ${option} takes no value`;
      given.set(option, '');
    } else if (!valued.has(option)) return `${version} knows no network ${option}`;
    else if (value !== undefined) given.set(option, value);
    else if (args[at + 1] === undefined || args[at + 1]?.startsWith('--')) return `network ${option} wants a value`;
    else given.set(option, args[++at] ?? '');
  }
  return checkValues(given);
}

function checkValues(given: ReadonlyMap<string, string>): string | undefined {
  const bootproto = given.get('--bootproto') ?? 'dhcp';
  if (!BOOTPROTO.includes(bootproto))
    return `network --bootproto=${bootproto}: expected one of ${BOOTPROTO.join(', ')}`;
  if ((given.get('--bindto') ?? 'mac') !== 'mac') return 'network --bindto takes mac only';
  for (const option of ['--ip', '--netmask', '--gateway', '--nameserver']) {
    for (const address of given.get(option)?.split(',') ?? []) {
      if (parseIpv4(address) === undefined) return `network ${option}: ${JSON.stringify(address)} is no IPv4 address`;
    }
  }
  const missing = ['--ip', '--netmask'].filter((option) => !given.has(option));
  if (bootproto === 'static' && missing.length > 0) return `network --bootproto=static wants ${missing.join(' and ')}`;
  return undefined;
}
