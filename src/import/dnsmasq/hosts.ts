import { formatIpv4 } from '../../net/ipv4.ts';
import { formatMacDashed } from '../../net/mac.ts';
import type { Account } from '../account.ts';
import type { DraftMachine, DraftNetwork } from '../draft.ts';
import { machineNames } from '../names.ts';
import { IPV6, NETWORK_WIDE, NO_MAC, REFUSED_MACHINE } from '../reasons.ts';
import type { Line } from './lines.ts';
import { type HostLine, readHostLine } from './read-host.ts';

/** The dhcp-host lines as machines. One that rackready cannot know, or has to keep away, is left out with the reason. */
export function translateHosts(
  lines: readonly Line[],
  _networks: readonly DraftNetwork[],
  account: Account,
): readonly DraftMachine[] {
  const hosts = lines.filter(({ key }) => key === 'dhcp-host').flatMap((line) => readHost(line, account) ?? []);
  const names = machineNames(hosts.map(nameOf));
  return hosts.map((host, index) => {
    const name = names[index] ?? '';
    tellRest(host, name, account);
    const { address, line, macs } = host;
    account.use(line);
    const addresses = address === undefined ? [] : [{ address, text: formatIpv4(address) }];
    return { name, statement: line, macs, addresses };
  });
}

function readHost(line: Line, account: Account): HostLine | undefined {
  const host = readHostLine(line);
  if ('problem' in host) {
    account.complain(line.place, host.problem);
    return undefined;
  }
  const reason = reasonToLeaveOut(host);
  if (reason === undefined) return host;
  account.tell({ at: ['machines'], level: 'todo', reason }, line);
  return undefined;
}

function reasonToLeaveOut({ isIgnored, hasPattern, macs }: HostLine): string | undefined {
  if (isIgnored) return REFUSED_MACHINE;
  if (hasPattern && macs.length === 0) return 'Left out: a machine has whole MAC addresses, of Ethernet.';
  return macs.length === 0 ? NO_MAC : undefined;
}

function nameOf({ name, address, macs }: HostLine): string {
  if (name !== undefined) return name;
  if (address !== undefined) return `host-${formatIpv4(address).replaceAll('.', '-')}`;
  return macs[0] === undefined ? 'host' : `host-${formatMacDashed(macs[0])}`;
}

function tellRest(host: HostLine, name: string, account: Account): void {
  const { line, wantedTags } = host;
  const at = ['machines', name];
  const tell = (level: 'todo' | 'fine', reason: string) => account.tell({ at, level, reason }, line);
  if (host.name === undefined) {
    account.tell(
      {
        at: ['machines'],
        level: 'fine',
        reason: 'Without a name in the source: called by their addresses. A machine is sent its name (option 12).',
      },
      line,
    );
  }
  if (host.hasLeaseTime) tell('todo', `Lease time: ${NETWORK_WIDE.charAt(0).toLowerCase()}${NETWORK_WIDE.slice(1)}`);
  if (host.hasIpv6) tell('todo', IPV6);
  if (host.hasPattern) tell('todo', 'MAC addresses with * cannot be written.');
  if (wantedTags.length > 0) tell('todo', 'In the source it holds for clients with a tag only.');
}
