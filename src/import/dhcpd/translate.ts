import { formatIpv4 } from '../../net/ipv4.ts';
import { formatSubnet, subnetContains } from '../../net/subnet.ts';
import type { Account } from '../account.ts';
import type { AddressHint, Draft, DraftNetwork } from '../draft.ts';
import { machineNames, uniqueNames } from '../names.ts';
import { rangeText } from '../range-text.ts';
import { BOOT_FILES } from '../reasons.ts';
import { translateBoot } from './boot.ts';
import { createParameters, type Given, type Parameters } from './effective.ts';
import { tellHostParameters, translateHosts } from './machines.ts';
import { type Model, type Scope, type SubnetDeclaration, scopesOf } from './model.ts';
import { translateNetwork } from './networks.ts';
import { keywordOf, type Statement } from './statements.ts';
import { readerOf } from './word-reader.ts';

/** A dhcpd.conf as a draft of a configuration. What has no counterpart is told to the account. */
export function translateDhcpd(model: Model, statements: readonly Statement[], account: Account): Draft {
  const parameters = createParameters(model.options, account);
  const subnets = model.subnets.filter((subnet) => isUsable(subnet, account));
  const networkScopes = new Set(model.subnets.flatMap(({ scope }) => scopesOf(scope)));
  networkScopes.add(model.file);
  const keys = machineNames(model.hosts.map(({ name }) => name));
  const nameOfHost = new Map(model.hosts.map((host, index) => [host, keys[index] ?? '']));
  const question = { model, parameters, account, networkScopes, nameOfHost };
  const machines = translateHosts(question);
  const names = uniqueNames(subnets.map(nameOf));
  const networks = subnets.map((subnet, index) => {
    const hasHosts = machines.some(({ addresses }) =>
      addresses.some(({ address }) => address !== undefined && subnetContains(subnet.subnet, address)),
    );
    const network = translateNetwork({ name: names[index] ?? '', subnet, parameters, account, hasHosts });
    return { ...network, hints: [...network.hints, ...hintsIn(statements)] };
  });
  tellShared(networks, account);
  tellHomelessRanges(model, account);
  translateBoot(model, account);
  tellHostParameters(question);
  const isNowhere = subnets.length === 0;
  for (const scope of networkScopes) tellRest(scope, isNowhere, parameters, account);
  for (const { pools } of [...subnets, ...subnets.flatMap(({ shared }) => shared ?? [])]) {
    for (const { scope } of pools) tellPoolRest(scope, parameters, account);
  }
  return { networks, machines };
}

/** Addresses that are as good as always those of the host that dhcpd runs on. */
function hintsIn(statements: readonly Statement[], around?: string): readonly AddressHint[] {
  return statements.flatMap((statement) => {
    const keyword = keywordOf(statement);
    if (statement.block) return hintsIn(statement.block, keyword);
    const isOwn = keyword === 'local-address' || (keyword === 'address' && around === 'failover');
    if (!isOwn && keyword !== 'next-server') return [];
    const address = readerOf(statement.words, 1).takeAddress();
    const { file, line } = statement.place;
    const label = keyword === 'address' ? 'failover peer' : keyword;
    return address === undefined ? [] : [{ address, origin: `${label}, ${file}:${line}`, isCertain: isOwn }];
  });
}

/** Several subnets on one wire. */
function tellShared(networks: readonly DraftNetwork[], account: Account): void {
  const wires = new Map<string, DraftNetwork[]>();
  for (const network of networks) {
    if (network.wire) wires.set(network.wire, [...(wires.get(network.wire) ?? []), network]);
  }
  for (const [wire, [first, ...others]] of wires) {
    if (first === undefined || others.length === 0) continue;
    const reason = `dhcpd takes the networks of ${wire} for one. rackready gives an address of the network that the relay is in or, on an interface, of the first of these (machines with an address: of theirs). It does not go on to the next when one is full.`;
    account.tell({ at: ['networks', first.name], level: 'todo', reason });
  }
}

/** Networks that the configuration cannot name, and empty ones around others. */
function isUsable({ subnet, statement, ranges, pools }: SubnetDeclaration, account: Account): boolean {
  if (subnet.prefix >= 8 && subnet.prefix <= 30) return true;
  const what = ranges.length + pools.length === 0 ? 'It gives out no addresses.' : '';
  const reason = `Left out: a network of /${subnet.prefix} cannot be served (expected /8 to /30). ${what}`.trim();
  account.tell({ level: 'todo', reason }, statement);
  return false;
}

/** By its shared network, else by its number: subnets of dhcpd have no names. */
function nameOf({ subnet, shared }: SubnetDeclaration, _index: number, all: readonly SubnetDeclaration[]): string {
  const number = formatIpv4(subnet.base).replaceAll('.', '-');
  if (shared === undefined || shared.name === '') return `net-${number}`;
  return all.filter((other) => other.shared === shared).length === 1 ? shared.name : `${shared.name}-${number}`;
}

/** Ranges of a shared network's pools that lie in none of its subnets. */
function tellHomelessRanges({ subnets }: Model, account: Account): void {
  for (const shared of new Set(subnets.flatMap((subnet) => subnet.shared ?? []))) {
    const own = subnets.filter((subnet) => subnet.shared === shared);
    for (const { range, statement } of shared.pools.flatMap(({ ranges }) => ranges)) {
      if (own.some(({ subnet }) => subnetContains(subnet, range.first) && subnetContains(subnet, range.last))) continue;
      const known = own.map(({ subnet }) => formatSubnet(subnet)).join(', ');
      account.complain(statement.place, `${rangeText(range)} lies in no subnet of its shared network (${known})`);
    }
  }
}

/** Parameters of a network, a shared network or the file that decide nothing. */
function tellRest(scope: Scope, isNowhere: boolean, parameters: Parameters, account: Account): void {
  for (const given of parameters.of(scope)) {
    if (account.toldBy(given.statement) !== undefined) continue;
    const { level, reason } = isNowhere && isValue(given) ? NOWHERE : remarkFor(given);
    account.tell({ level, reason }, given.statement);
  }
}

const NOWHERE = { level: 'todo', reason: 'There is no subnet that this could hold for.' } as const;

function isValue({ parameter: { kind } }: Given): boolean {
  return kind === 'option' || kind === 'seconds' || kind === 'flag';
}

function remarkFor({ parameter }: Given): { readonly level: 'todo' | 'fine'; readonly reason: string } {
  switch (parameter.kind) {
    case 'told':
      return parameter;
    case 'wrong':
      return { level: 'todo', reason: `Not understood: ${parameter.problem}.` };
    case 'file':
    case 'server':
      return { level: 'todo', reason: BOOT_FILES };
    case 'option':
    case 'seconds':
    case 'flag':
      return {
        level: 'fine',
        reason: 'Without effect in dhcpd, too: something further inside, or later, says otherwise.',
      };
  }
}

/** Parameters of one pool among several. */
function tellPoolRest(scope: Scope, parameters: Parameters, account: Account): void {
  const around = scope.around && parameters.effective(scope.around);
  for (const given of parameters.of(scope)) {
    const { statement, parameter } = given;
    if (account.toldBy(statement) !== undefined) continue;
    if (
      parameter.kind === 'told' ||
      parameter.kind === 'wrong' ||
      parameter.kind === 'file' ||
      parameter.kind === 'server'
    ) {
      const { level, reason } = remarkFor(given);
      account.tell({ level, reason }, statement);
      continue;
    }
    if (JSON.stringify(around?.get(parameter.key)?.parameter) === JSON.stringify(parameter)) account.use(statement);
    else {
      const reason = 'Said of one pool among several: rackready tells all clients of a network the same. Left out.';
      account.tell({ level: 'todo', reason }, statement);
    }
  }
}
