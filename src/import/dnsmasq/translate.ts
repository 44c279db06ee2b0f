import { parseIpv4 } from '../../net/ipv4.ts';
import type { Account } from '../account.ts';
import type { AddressHint, Draft } from '../draft.ts';
import type { ServingHost } from '../places.ts';
import { BOOT_FILES, IPV6 } from '../reasons.ts';
import { translateHosts } from './hosts.ts';
import { keyRemarks } from './key-remarks.ts';
import type { Line } from './lines.ts';
import { translateNetworks } from './networks.ts';
import { type OptionLine, readOptionLine } from './read-option.ts';
import { type RangeLine, readRangeLine } from './read-range.ts';
import { createSwitches, type Switches } from './switches.ts';

/** Options that are translated here, and so have no remark of their own. */
const translated: ReadonlySet<string> = new Set([
  ...['dhcp-range', 'dhcp-host', 'dhcp-option', 'dhcp-option-force', 'domain', 'interface', 'listen-address'],
  ...['dhcp-authoritative', 'dhcp-ignore', 'dhcp-broadcast', 'bootp-dynamic', 'no-ping'],
  ...['enable-tftp', 'tftp-root', 'tftp-port-range'],
  ...['conf-file', 'conf-dir', 'dhcp-hostsfile', 'dhcp-hostsdir', 'dhcp-optsfile', 'dhcp-optsdir'],
]);

/** Whether an option of dnsmasq is known here. */
export function isKnownKey(key: string): boolean {
  return translated.has(key) || Object.hasOwn(keyRemarks, key);
}

/** A dnsmasq.conf as a draft of a configuration. What has no counterpart is told to the account. */
export function translateDnsmasq(lines: readonly Line[], host: ServingHost, account: Account): Draft {
  const ranges = readRanges(lines, account);
  const options = readOptions(lines, account);
  const switches = createSwitches(lines, account);
  const networks = translateNetworks({ lines, ranges, options, switches, host, account, hints: bootServers(lines) });
  const machines = translateHosts(lines, networks, account);
  tellBoot(lines, account);
  for (const line of lines) {
    const remark =
      account.toldBy(line) === undefined && Object.hasOwn(keyRemarks, line.key) ? keyRemarks[line.key] : undefined;
    if (remark) account.tell(remark, line);
    else if (!isKnownKey(line.key))
      account.complain(line.place, `${JSON.stringify(line.key.slice(0, 40))} is no option of dnsmasq`);
  }
  return { networks, machines, ...folderOf(lines, switches, account) };
}

function readRanges(lines: readonly Line[], account: Account): readonly RangeLine[] {
  return lines.flatMap((line) => {
    if (line.key !== 'dhcp-range') return [];
    const read = readRangeLine(line);
    if (read.kind === 'range') return [read.range];
    if (read.kind === 'ipv6') account.tell({ level: 'todo', reason: IPV6 }, line);
    else account.complain(line.place, read.problem);
    return [];
  });
}

function readOptions(lines: readonly Line[], account: Account): readonly OptionLine[] {
  return lines.flatMap((line) => {
    if (line.key !== 'dhcp-option' && line.key !== 'dhcp-option-force') return [];
    const read = readOptionLine(line);
    if (read.kind === 'option') return [read.option];
    if (read.kind === 'wrong') account.complain(line.place, read.problem);
    else if (read.reason === 'ipv6') account.tell({ level: 'todo', reason: IPV6 }, line);
    else {
      const reason =
        'Options inside other options (vendor options, iPXE’s) are made by rackready where firmware needs them.';
      account.tell({ level: 'todo', reason }, line);
    }
    return [];
  });
}

/** The servers that boot files come from: as good as always, the host that dnsmasq runs on. */
function bootServers(lines: readonly Line[]): readonly AddressHint[] {
  return lines.flatMap((line) => {
    const address = line.key === 'dhcp-boot' ? parseIpv4(line.list.at(-1)?.text ?? '') : undefined;
    const { file, line: number } = line.place;
    return address === undefined ? [] : [{ address, origin: `dhcp-boot, ${file}:${number}`, isCertain: false }];
  });
}

/** Tags of firmware that lead to nothing but boot files. */
function tellBoot(lines: readonly Line[], account: Account): void {
  const usedBy = new Map<string, Set<string>>();
  for (const { key, list } of lines) {
    for (const { text } of list) {
      const tag = /^(?:tag|net):!?(.*)$/.exec(text)?.[1];
      if (tag !== undefined) usedBy.set(tag, (usedBy.get(tag) ?? new Set()).add(key));
    }
  }
  const boots = ['dhcp-boot', 'pxe-service', 'pxe-prompt'];
  for (const line of lines) {
    if (!['dhcp-match', 'dhcp-vendorclass', 'dhcp-userclass', 'tag-if'].includes(line.key)) continue;
    const uses = line.list.flatMap(({ text }) => {
      const tag = /^(?:set|net):(.*)$/.exec(text)?.[1];
      return tag === undefined ? [] : [...(usedBy.get(tag) ?? [])];
    });
    const isBoot = uses.length > 0 && uses.every((key) => boots.includes(key));
    if (isBoot) account.tell({ level: 'todo', reason: BOOT_FILES }, line);
  }
}

function folderOf(
  lines: readonly Line[],
  switches: Switches,
  account: Account,
): Pick<Draft, 'bootFolder' | 'tftpPorts'> {
  const ports = lines.findLast(({ key }) => key === 'tftp-port-range');
  const [first, last] = ports?.list.map(({ text }) => text) ?? [];
  const tftpPorts = first && last ? `${first}-${last}` : undefined;
  if (ports && tftpPorts) account.use(ports);
  const isOn = switches.isOn('enable-tftp');
  const roots = lines.filter(({ key }) => key === 'tftp-root');
  const [root, ...others] = roots.filter(({ list }) => list.length === 1);
  for (const line of [...roots.filter(({ list }) => list.length !== 1), ...others]) {
    account.tell({ level: 'todo', reason: 'One folder serves all machines: server.bootFolder.' }, line);
  }
  if (root === undefined) return { tftpPorts };
  if (isOn) account.use(root);
  else account.tell({ level: 'fine', reason: 'TFTP was not on, so that this had no effect.' }, root);
  return { tftpPorts, bootFolder: isOn ? root.value : undefined };
}
