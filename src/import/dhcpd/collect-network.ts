import { formatIpv4 } from '../../net/ipv4.ts';
import { parseSubnet, type Subnet } from '../../net/subnet.ts';
import { prefixOf } from '../netmask.ts';
import type { Collecting, Scope, SubnetDeclaration, Surroundings } from './model.ts';
import type { Statement } from './statements.ts';
import { readerOf, textOf } from './word-reader.ts';

type CollectAll = (statements: readonly Statement[], where: Surroundings, to: Collecting) => void;

/** `subnet 172.22.10.0 netmask 255.255.255.0 { … }` */
export function collectSubnet(
  statement: Statement,
  where: Surroundings,
  to: Collecting,
  collectAll: CollectAll,
): string | undefined {
  const { account, model } = to;
  if (where.subnet || where.scope.kind === 'host') return 'a subnet has no place here';
  if (statement.block === undefined) return 'subnet has no block: expected { … } after it';
  const subnet = readSubnet(statement);
  if ('problem' in subnet) return subnet.problem;
  const { shared } = where;
  const scope: Scope = { kind: 'subnet', around: where.scope, statement, parameters: [] };
  const declared: SubnetDeclaration = { scope, statement, subnet, ranges: [], pools: [], shared };
  model.subnets.push(declared);
  account.use(statement);
  collectAll(statement.block, { ...where, scope, subnet: declared }, to);
  // What stands before the subnets of a shared network holds for all of them.
  declared.interface ??= shared?.interface;
  return undefined;
}

function readSubnet({ words }: Statement): Subnet | { readonly problem: string } {
  const reader = readerOf(words, 1);
  const base = reader.takeAddress();
  const hasMask = reader.takeKeyword('netmask') !== undefined;
  const mask = reader.takeAddress();
  if (base === undefined || !hasMask || mask === undefined || !reader.isAtEnd()) {
    return { problem: 'expected subnet ADDRESS netmask MASK, like subnet 192.168.1.0 netmask 255.255.255.0' };
  }
  const prefix = prefixOf(mask);
  if (prefix === undefined) return { problem: `${formatIpv4(mask)} is not a netmask` };
  const subnet = parseSubnet(`${formatIpv4(base)}/${prefix}`);
  return 'problem' in subnet ? { problem: `${formatIpv4(base)} ${subnet.problem}` } : subnet;
}

/** `range [dynamic-bootp] FIRST [LAST];` */
export function collectRange(statement: Statement, where: Surroundings): string | undefined {
  const home = where.pool ?? where.subnet;
  if (home === undefined) return 'a range belongs into a subnet or a pool';
  const reader = readerOf(statement.words, 1);
  const isForBootp = reader.takeKeyword('dynamic-bootp') !== undefined;
  const first = reader.takeAddress();
  const last = reader.takeAddress() ?? first;
  if (first === undefined || last === undefined || !reader.isAtEnd()) {
    return 'expected range [dynamic-bootp] FIRST LAST;';
  }
  // dhcpd takes them in either order.
  const range = first <= last ? { first, last } : { first: last, last: first };
  home.ranges.push({ statement, range, isForBootp });
  return undefined;
}

/** The name after a keyword: words with dots between them, or text in quotes. */
export function nameAfter({ words }: Statement): string | undefined {
  const reader = readerOf(words, 1);
  const quoted = reader.takeString();
  if (quoted !== undefined) return textOf(quoted);
  return reader.takeDotted();
}
