import type { Account } from '../account.ts';
import { readDomain } from '../domain-name.ts';
import { SELF } from '../draft.ts';
import { type ConfigOption, configOption, type OptionValue } from '../option-value.ts';
import { ONLY_FIRST_ROUTER } from '../reasons.ts';
import type { OptionLine } from './read-option.ts';

export interface OptionsOfNetwork {
  /** Undefined: none is to be sent. */
  readonly router?: string | undefined;
  readonly dns?: readonly string[] | undefined;
  readonly domain?: string | undefined;
  readonly ntp?: readonly string[] | undefined;
  readonly mtu?: number | undefined;
  readonly options: readonly ConfigOption[];
}

interface Tagged {
  readonly name: string;
  /** Tags that every client of the network has. */
  readonly tags: ReadonlySet<string>;
  /** What dnsmasq names itself as, where no line says otherwise. */
  readonly namesItself: { readonly router: boolean; readonly dns: boolean };
}

/**
 * The options of each network: those for everybody, and those whose tags a network sets. A tag wins over none, the last over
 * others. Where no line says otherwise, dnsmasq names itself as the router and the name server.
 */
export function networkOptions(
  options: readonly OptionLine[],
  networks: readonly Tagged[],
  account: Account,
): readonly OptionsOfNetwork[] {
  const isOf = ({ tags }: OptionLine, network: Tagged) => tags.every((tag) => network.tags.has(tag));
  for (const option of options) {
    if (option.tags.length === 0 || networks.some((network) => isOf(option, network))) continue;
    const reason = 'Options for clients with a tag are not sent: all machines of a network get the same.';
    account.tell({ level: 'todo', reason }, option.line);
  }
  return networks.map((network) => {
    const effective = new Map<number, OptionLine>();
    const own = options.filter((option) => isOf(option, network));
    for (const option of [
      ...own.filter(({ tags }) => tags.length === 0),
      ...own.filter(({ tags }) => tags.length > 0),
    ]) {
      const before = effective.get(option.code);
      if (before) tellOverridden(before, account);
      effective.set(option.code, option);
    }
    return translate(effective, network, account);
  });
}

function tellOverridden({ line }: OptionLine, account: Account): void {
  const reason = 'Without effect for some networks, or all: a later line, or one for their tag, says otherwise.';
  account.tell({ level: 'fine', reason }, line);
}

function translate(
  effective: ReadonlyMap<number, OptionLine>,
  { name, namesItself }: Tagged,
  account: Account,
): OptionsOfNetwork {
  const at = ['networks', name];
  const take = (code: number): OptionLine | undefined => {
    const option = effective.get(code);
    if (option) account.use(option.line);
    return option;
  };
  const [router, ...more] = addressesOf(take(3)?.value) ?? [];
  const routerLine = effective.get(3);
  if (more.length > 0 && routerLine)
    account.tell({ at: [...at, 'router'], level: 'todo', reason: ONLY_FIRST_ROUTER }, routerLine.line);
  const dnsOption = take(6);
  const self = { router: namesItself.router && !routerLine, dns: namesItself.dns && !dnsOption };
  tellSelf(self, at, account);
  if (dnsOption && dnsOption.value === undefined) {
    const reason = 'rackready always sends name servers: the router, else this host, unless dns is set.';
    account.tell({ at, level: 'todo', reason }, dnsOption.line);
  }
  return {
    router: self.router ? SELF : router,
    dns: self.dns ? [SELF] : addressesOf(dnsOption?.value),
    domain: domainOf(take(15), at, account),
    ntp: addressesOf(take(42)?.value),
    mtu: mtuOf(take(26), at, account),
    options: otherOptions(effective, at, account),
  };
}

function tellSelf(self: Tagged['namesItself'], at: readonly string[], account: Account): void {
  if (self.router) {
    const reason =
      'dnsmasq named itself as the router, since no line says otherwise. If this host is not the router, write that one.';
    account.tell({ at: [...at, 'router'], level: 'todo', reason });
  }
  if (self.dns) {
    const reason =
      'dnsmasq named itself as the name server, and rackready is none: let dnsmasq go on with DNS on this host, or write others.';
    account.tell({ at: [...at, 'dns'], level: 'todo', reason });
  }
}

/** 0.0.0.0 is the server's own address. */
function addressesOf(value: OptionValue | undefined): readonly string[] | undefined {
  return value?.kind === 'addresses' ? value.texts.map((text) => (text === '0.0.0.0' ? SELF : text)) : undefined;
}

function domainOf(option: OptionLine | undefined, at: readonly string[], account: Account): string | undefined {
  if (option?.value?.kind !== 'text') return undefined;
  const { domain, reason } = readDomain(option.value.text);
  if (reason !== undefined) account.tell({ at, level: 'todo', reason }, option.line);
  return domain;
}

function mtuOf(option: OptionLine | undefined, at: readonly string[], account: Account): number | undefined {
  if (option?.value?.kind !== 'number') return undefined;
  const { number } = option.value;
  if (number >= 576 && number <= 9216) return number;
  account.tell({ at, level: 'todo', reason: 'An MTU outside 576-9216 is not sent.' }, option.line);
  return undefined;
}

const taken: ReadonlySet<number> = new Set([3, 6, 15, 26, 42]);

function otherOptions(
  effective: ReadonlyMap<number, OptionLine>,
  at: readonly string[],
  account: Account,
): readonly ConfigOption[] {
  const options: ConfigOption[] = [];
  for (const { code, value, line } of effective.values()) {
    if (taken.has(code)) continue;
    const texts = addressesOf(value);
    const option = value && configOption(code, texts ? { kind: 'addresses', texts } : value, line);
    if (option && !('problem' in option)) {
      options.push(option);
      account.use(line);
      continue;
    }
    const why = option === undefined ? 'it has no value, so that dnsmasq sends none either' : option.problem;
    account.tell({ at, level: option === undefined ? 'fine' : 'todo', reason: `Not sent: ${why}.` }, line);
  }
  return options.toSorted((a, b) => a.key.localeCompare(b.key, 'en', { numeric: true }));
}
