import { formatIpv4, type Ipv4, parseIpv4 } from '../../net/ipv4.ts';
import { broadcastOf, netmask, type Subnet } from '../../net/subnet.ts';
import type { Account } from '../account.ts';
import { readDomain } from '../domain-name.ts';
import type { DraftNetwork } from '../draft.ts';
import { fitLeaseTimes, LONGEST } from '../lease-times.ts';
import { type ConfigOption, configOption } from '../option-value.ts';
import { NO_END, NOT_AUTHORITATIVE, ONLY_FIRST_ROUTER } from '../reasons.ts';
import { type Given, givenOf, type Parameters } from './effective.ts';
import type { Scope, SubnetDeclaration } from './model.ts';
import { translatePools } from './pools.ts';
import type { FlagName, Parameter } from './read-parameter.ts';

type OptionGiven = Given<Extract<Parameter, { kind: 'option' }>>;

export interface NetworkQuestion {
  readonly name: string;
  readonly subnet: SubnetDeclaration;
  readonly parameters: Parameters;
  readonly account: Account;
  /** Addresses that hosts of this subnet are given. */
  readonly hasHosts: boolean;
}

/** dhcpd's own times where a file says nothing, seconds: dhcpd.conf(5). */
const USUAL = 43_200;
const MAX = 86_400;

/** One subnet with everything that holds in it. */
export function translateNetwork(question: NetworkQuestion): DraftNetwork {
  const { name, subnet, parameters, account, hasHosts } = question;
  const flagIn = (effective: ReadonlyMap<string, Given>, key: FlagName): boolean | undefined => {
    const given = givenOf(effective, 'flag', key);
    parameters.decide(given);
    return given?.parameter.isOn;
  };
  const outer = parameters.effective(subnet.scope);
  const bootp = flagIn(outer, 'bootp') ?? true;
  const unknownClients = flagIn(outer, 'unknown-clients') ?? true;
  const { pools, admitsUnknown, onlyPool } = translatePools({ name, subnet, unknownClients, bootp, account });
  const effective = onlyPool ? parameters.effective(onlyPool.scope) : outer;
  if (onlyPool) tellLifted(question, onlyPool.scope, effective);
  return {
    name,
    statement: subnet.statement,
    subnet: subnet.subnet,
    wire: subnet.shared?.name,
    interface: subnet.interface,
    hints: hintsOf(effective, parameters),
    ...addressOptions(question, effective),
    options: otherOptions(question, effective),
    mode: modeOf(question, {
      isServed: pools.length > 0 || hasHosts,
      isAuthoritative: flagIn(effective, 'authoritative') ?? false,
      isBooting: flagIn(effective, 'booting') ?? true,
    }),
    times: timesOf(question, effective),
    conflictProbe: flagIn(effective, 'ping-check') ?? true,
    unknownClients: admitsUnknown,
    bootp,
    isBroadcast: flagIn(effective, 'always-broadcast') ?? false,
    pools,
  };
}

/** What the only pool says, and holds for the network now. */
function tellLifted(
  { name, parameters, account }: NetworkQuestion,
  scope: Scope,
  effective: ReadonlyMap<string, Given>,
): void {
  const own = parameters.of(scope).filter((given) => effective.get(given.parameter.key) === given);
  const values = own.filter(({ parameter: { kind } }) => kind === 'option' || kind === 'seconds' || kind === 'flag');
  if (values.length === 0) return;
  const reason = 'Said of the only pool of this network; here it holds for the whole network.';
  const statements = values.map(({ statement }) => statement);
  account.tell({ at: ['networks', name], level: 'fine', reason }, ...statements);
}

function modeOf(
  { name, account }: NetworkQuestion,
  facts: { readonly isServed: boolean; readonly isAuthoritative: boolean; readonly isBooting: boolean },
): DraftNetwork['mode'] {
  const at = ['networks', name, 'dhcp', 'mode'];
  if (!facts.isBooting) {
    account.tell({ at, level: 'todo', reason: 'dhcpd refuses everybody here ("deny booting"): only observed.' });
    return 'observe';
  }
  if (!facts.isServed) {
    account.tell({ at, level: 'fine', reason: 'No addresses are given out here (no range, no host).' });
    return 'observe';
  }
  if (!facts.isAuthoritative) {
    account.tell({ at, level: 'todo', reason: NOT_AUTHORITATIVE });
  }
  return 'authoritative';
}

function hintsOf(effective: ReadonlyMap<string, Given>, parameters: Parameters): DraftNetwork['hints'] {
  const hints: DraftNetwork['hints'][number][] = [];
  for (const key of ['server-identifier', 'option 54', 'next-server']) {
    const given = effective.get(key);
    const address = given && serverAddress(given.parameter);
    if (given === undefined || address === undefined) continue;
    const { place } = given.statement;
    const isCertain = key !== 'next-server';
    if (isCertain) parameters.decide(given);
    hints.push({
      address,
      isCertain,
      origin: `${key === 'option 54' ? 'server-identifier' : key}, ${place.file}:${place.line}`,
    });
  }
  return hints;
}

function serverAddress(parameter: Parameter): Ipv4 | undefined {
  if (parameter.kind === 'server') return parameter.target.address;
  if (parameter.kind !== 'option' || parameter.value.kind !== 'addresses') return undefined;
  return parseIpv4(parameter.value.texts[0] ?? '');
}

function timesOf(
  { name, account, parameters }: NetworkQuestion,
  effective: ReadonlyMap<string, Given>,
): DraftNetwork['times'] {
  const seconds = (key: string) => {
    const given = givenOf(effective, 'seconds', key);
    parameters.decide(given);
    if (given && given.parameter.seconds > LONGEST) {
      account.tell({ at: ['networks', name, 'dhcp', 'leaseTime'], level: 'fine', reason: NO_END }, given.statement);
    }
    return given?.parameter.seconds;
  };
  const wanted = {
    usual: seconds('default-lease-time') ?? USUAL,
    min: seconds('min-lease-time'),
    max: seconds('max-lease-time'),
  };
  return fitLeaseTimes(wanted, MAX);
}

interface AddressOptions {
  readonly router?: string | undefined;
  readonly dns?: readonly string[] | undefined;
  readonly domain?: string | undefined;
  readonly ntp?: readonly string[] | undefined;
  readonly mtu?: number | undefined;
}

/** The options that networks have keys of their own for. */
function addressOptions(question: NetworkQuestion, effective: ReadonlyMap<string, Given>): AddressOptions {
  const { name, account, parameters, subnet } = question;
  const at = ['networks', name];
  const option = (code: number) => {
    const given = givenOf(effective, 'option', `option ${code}`);
    parameters.decide(given);
    return given;
  };
  const addresses = (code: number) => {
    const given = option(code);
    return given?.parameter.value.kind === 'addresses' ? given.parameter.value.texts : undefined;
  };
  const routers = option(3);
  const [router, ...more] = addresses(3) ?? [];
  if (more.length > 0 && routers) {
    account.tell({ at: [...at, 'router'], level: 'todo', reason: ONLY_FIRST_ROUTER }, routers.statement);
  }
  checkMade(subnet.subnet, [option(1), option(28)], question);
  return {
    router,
    dns: addresses(6),
    domain: domainOf(option(15), question),
    ntp: addresses(42),
    mtu: mtuOf(option(26), question),
  };
}

/** Netmask and broadcast address follow from the subnet. */
function checkMade(
  subnet: Subnet,
  options: readonly (OptionGiven | undefined)[],
  { name, account }: NetworkQuestion,
): void {
  const made = new Map([
    [1, formatIpv4(netmask(subnet))],
    [28, formatIpv4(broadcastOf(subnet))],
  ]);
  for (const given of options) {
    if (given?.parameter.value.kind !== 'addresses') continue;
    const { code, value } = given.parameter;
    const sent = made.get(code) ?? '';
    if (value.texts.join() === sent) continue;
    const reason = `${code === 1 ? 'The netmask' : 'The broadcast address'} follows from subnet: ${sent} is sent.`;
    account.tell({ at: ['networks', name, 'subnet'], level: 'todo', reason }, given.statement);
  }
}

function mtuOf(given: OptionGiven | undefined, { name, account }: NetworkQuestion): number | undefined {
  if (given?.parameter.value.kind !== 'number') return undefined;
  const { number } = given.parameter.value;
  if (number >= 576 && number <= 9216) return number;
  const reason = 'An MTU outside 576-9216 is not sent.';
  account.tell({ at: ['networks', name], level: 'todo', reason }, given.statement);
  return undefined;
}

/** One domain; a list in option 15, which some clients take, is not one. */
function domainOf(given: OptionGiven | undefined, { name, account }: NetworkQuestion): string | undefined {
  if (given?.parameter.value.kind !== 'text') return undefined;
  const found = readDomain(given.parameter.value.text);
  if (found.reason !== undefined)
    account.tell({ at: ['networks', name], level: 'todo', reason: found.reason }, given.statement);
  return found.domain;
}

/** Codes that addressOptions has taken care of. */
const taken: ReadonlySet<number> = new Set([1, 3, 6, 15, 26, 28, 42, 54]);

function otherOptions(
  { name, account, parameters }: NetworkQuestion,
  effective: ReadonlyMap<string, Given>,
): readonly ConfigOption[] {
  const options: ConfigOption[] = [];
  for (const given of effective.values()) {
    const { parameter, statement } = given;
    if (parameter.kind !== 'option' || taken.has(parameter.code)) continue;
    parameters.decide(given);
    const option = configOption(parameter.code, parameter.value, statement);
    if ('problem' in option) {
      account.tell({ at: ['networks', name], level: 'todo', reason: `Not sent: ${option.problem}.` }, statement);
    } else options.push(option);
  }
  return options.toSorted((a, b) => a.key.localeCompare(b.key, 'en', { numeric: true }));
}
