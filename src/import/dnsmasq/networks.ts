import { formatIpv4, type Ipv4, parseIpv4 } from '../../net/ipv4.ts';
import { formatSubnet, type Subnet, subnetContains } from '../../net/subnet.ts';
import type { Account } from '../account.ts';
import type { AddressHint, DraftNetwork } from '../draft.ts';
import { fitLeaseTimes, LONGEST } from '../lease-times.ts';
import { uniqueNames } from '../names.ts';
import { type ServingHost, subnetAround } from '../places.ts';
import { rangeText } from '../range-text.ts';
import { NO_END, NOT_AUTHORITATIVE } from '../reasons.ts';
import { type Domains, readDomains } from './domains.ts';
import type { Line } from './lines.ts';
import { networkOptions, type OptionsOfNetwork } from './network-options.ts';
import type { OptionLine } from './read-option.ts';
import type { RangeLine } from './read-range.ts';
import type { Switches } from './switches.ts';

export interface NetworksQuestion {
  readonly lines: readonly Line[];
  readonly ranges: readonly RangeLine[];
  readonly options: readonly OptionLine[];
  readonly switches: Switches;
  readonly host: ServingHost;
  readonly account: Account;
  /** Servers of boot files. */
  readonly hints: readonly AddressHint[];
}

/** The ranges of one network. */
interface Group {
  readonly subnet?: Subnet | undefined;
  readonly ranges: RangeLine[];
}

/** dnsmasq gives leases of an hour where nothing else is said, seconds. */
const USUAL = 3600;

export function translateNetworks(question: NetworksQuestion): readonly DraftNetwork[] {
  const { ranges, lines, account, options } = question;
  const groups = groupRanges(ranges, question.host);
  const names = uniqueNames(groups.map((group) => nameOf(group, groups)));
  const interfaces = readInterfaces(lines, groups, account);
  const domains = readDomains(lines, account);
  const isNameServer = !lines.some(({ key, value }) => key === 'port' && value === '0');
  const tagged = groups.map((group, index) => ({
    tags: tagsOf(group, interfaces[index]),
    name: names[index] ?? '',
    namesItself: { router: !isProxy(group), dns: !isProxy(group) && isNameServer },
  }));
  const optionsOf = networkOptions(options, tagged, account);
  const networks = groups.map((group, index) =>
    translateNetwork(group, names[index] ?? '', {
      question,
      domains,
      options: optionsOf[index],
      interface: interfaces[index],
    }),
  );
  domains.tellRest(groups.length > 0);
  return networks;
}

/** Ranges with the same subnet; where the source leaves it to the interface, ranges that lie near each other. */
function groupRanges(ranges: readonly RangeLine[], host: ServingHost): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const range of ranges) {
    const subnet = range.subnet ?? subnetOfHost(range.start, host);
    const key = subnet ? formatSubnet(subnet) : `near ${range.setTag ?? ''} ${range.start >>> 8}`;
    const group = groups.get(key) ?? { subnet, ranges: [] };
    groups.set(key, group);
    group.ranges.push(range);
  }
  return [...groups.values()];
}

function subnetOfHost(start: Ipv4, { addresses }: ServingHost): Subnet | undefined {
  for (const { address, prefix } of addresses) {
    const subnet = prefix === undefined ? undefined : subnetAround(address, prefix);
    if (subnet && subnetContains(subnet, start)) return subnet;
  }
  return undefined;
}

/** By the tag that the source gives it, else by its number. */
function nameOf({ ranges, subnet }: Group, all: readonly Group[]): string {
  const tags = [...new Set(ranges.flatMap(({ setTag }) => setTag ?? []))];
  const [tag] = tags;
  const isOwn = all.filter((other) => other.ranges.some(({ setTag }) => setTag === tag)).length === 1;
  if (tag !== undefined && tags.length === 1 && isOwn) return tag;
  const [first] = ranges;
  return `net-${formatIpv4(subnet?.base ?? first?.start ?? (0 as Ipv4)).replaceAll('.', '-')}`;
}

function tagsOf({ ranges }: Group, interfaceName: string | undefined): ReadonlySet<string> {
  const tags = ranges.flatMap(({ setTag }) => setTag ?? []);
  return new Set(interfaceName === undefined ? tags : [...tags, interfaceName]);
}

/** Which network each `interface` line is about, where that can be known: by a tag, or because there is one of each. */
function readInterfaces(
  lines: readonly Line[],
  groups: readonly Group[],
  account: Account,
): readonly (string | undefined)[] {
  const named = lines.filter(({ key, value }) => key === 'interface' && value !== undefined);
  const names = named
    .flatMap(({ list }) => list.map(({ text }) => text))
    .filter((name) => name !== 'lo' && !name.includes('*'));
  const byTag = groups.map(({ ranges }) => {
    const wanted = ranges.flatMap(({ wantedTags, setTag }) => [
      ...wantedTags,
      ...(setTag === undefined ? [] : [setTag]),
    ]);
    return names.find((name) => wanted.includes(name));
  });
  const isOneOfEach = groups.length === 1 && names.length === 1;
  const found = isOneOfEach ? [names[0]] : byTag;
  for (const line of named) {
    if (line.list.every(({ text }) => text === 'lo' || found.includes(text))) account.use(line);
    else {
      const reason = 'Which of the networks these interfaces are on is not said.';
      account.tell({ level: 'todo', reason }, line);
    }
  }
  return found;
}

interface Surroundings {
  readonly question: NetworksQuestion;
  readonly domains: Domains;
  readonly options: OptionsOfNetwork | undefined;
  readonly interface: string | undefined;
}

function translateNetwork(group: Group, name: string, around: Surroundings): DraftNetwork {
  const { question, domains, options } = around;
  const { switches, account, lines, hints } = question;
  const { ranges, subnet } = group;
  const first = ranges[0] as RangeLine;
  const kept = keptRanges(group, name, around);
  account.use(...ranges.map(({ line }) => line));
  if (!switches.isOn('dhcp-authoritative') && !isProxy(group)) {
    account.tell({ at: ['networks', name, 'dhcp', 'mode'], level: 'todo', reason: NOT_AUTHORITATIVE });
  }
  if (switches.isOn('bootp-dynamic') && kept.some(({ mode }) => mode === 'range')) {
    const reason = 'BOOTP clients got addresses of these ranges. Give them a pool of their own, with "clients: bootp".';
    account.tell(
      { at: ['networks', name, 'dhcp', 'pools'], level: 'todo', reason },
      ...lines.filter(({ key }) => key === 'bootp-dynamic'),
    );
  }
  return {
    name,
    statement: first.line,
    subnet,
    within: first.start,
    interface: around.interface,
    hints: [...listenAddresses(lines, account), ...hints],
    router: options?.router,
    dns: options?.dns,
    domain: options?.domain ?? domains.of(first.start),
    ntp: options?.ntp,
    mtu: options?.mtu,
    mode: isProxy(group) ? 'proxy' : 'authoritative',
    times: timesOf(kept.length > 0 ? kept : ranges, name, account),
    conflictProbe: !switches.isOn('no-ping'),
    unknownClients: !switches.ignoresUnknown && ranges.some(({ mode }) => mode !== 'static'),
    bootp: true,
    isBroadcast: switches.isOn('dhcp-broadcast'),
    pools: kept.flatMap(({ start, end, line }) =>
      end === undefined ? [] : [{ range: { first: start, last: end }, clients: 'dhcp' as const, statement: line }],
    ),
    options: options?.options ?? [],
  };
}

function isProxy({ ranges }: Group): boolean {
  return ranges.every(({ mode }) => mode === 'proxy');
}

/** Ranges for clients with a tag are left out: their addresses must not go to others. */
function keptRanges(
  { ranges }: Group,
  name: string,
  { question: { account }, interface: own }: Surroundings,
): readonly RangeLine[] {
  return ranges.filter(({ wantedTags, line, start, end }) => {
    if (wantedTags.every((tag) => tag === own)) return true;
    const reason =
      'This range is for clients with a tag, which rackready does not tell apart. Left out, so that no others get its addresses; take the # away to give them to everybody:';
    const lines = end === undefined ? [] : [`- range: ${rangeText({ first: start, last: end })}`];
    account.tell({ at: ['networks', name, 'dhcp', 'pools'], level: 'todo', reason, lines }, line);
    return false;
  });
}

/** dnsmasq never gives a longer lease than the range says. */
function timesOf(ranges: readonly RangeLine[], name: string, account: Account): DraftNetwork['times'] {
  const [first, ...others] = ranges.filter(({ mode }) => mode !== 'proxy');
  if (first === undefined) return undefined;
  const seconds = first.leaseSeconds ?? USUAL;
  const at = ['networks', name, 'dhcp', 'leaseTime'];
  if (seconds > LONGEST) account.tell({ at, level: 'fine', reason: NO_END }, first.line);
  const different = others.filter(({ leaseSeconds }) => (leaseSeconds ?? USUAL) !== seconds);
  if (different.length > 0) {
    const reason = 'All ranges of a network have the same lease times: those of the first.';
    account.tell({ at, level: 'todo', reason }, ...different.map(({ line }) => line));
  }
  return fitLeaseTimes({ usual: seconds, max: seconds }, seconds);
}

function listenAddresses(lines: readonly Line[], account: Account): readonly AddressHint[] {
  return lines.flatMap((line) => {
    if (line.key !== 'listen-address') return [];
    account.use(line);
    return line.list.flatMap(({ text }) => {
      const address = parseAddress(text);
      const { file, line: number } = line.place;
      return address === undefined ? [] : [{ address, origin: `listen-address, ${file}:${number}`, isCertain: true }];
    });
  });
}

function parseAddress(text: string): Ipv4 | undefined {
  return /^127\./.test(text) ? undefined : parseIpv4(text);
}
