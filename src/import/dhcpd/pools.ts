import { subnetContains } from '../../net/subnet.ts';
import type { Account } from '../account.ts';
import type { DraftPool } from '../draft.ts';
import { rangeText } from '../range-text.ts';
import type { PoolDeclaration, RangeDeclaration, SubnetDeclaration } from './model.ts';
import type { Statement } from './statements.ts';

export interface PoolsOfNetwork {
  readonly pools: readonly DraftPool[];
  /** Whether machines without a reservation get an address of them. */
  readonly admitsUnknown: boolean;
  /** The only pool of the subnet that is left: what it says holds for the network. */
  readonly onlyPool?: PoolDeclaration | undefined;
}

interface PoolQuestion {
  readonly name: string;
  readonly subnet: SubnetDeclaration;
  /** What holds for the whole subnet: `deny unknown-clients`, `deny bootp`. */
  readonly unknownClients: boolean;
  readonly bootp: boolean;
  readonly account: Account;
}

interface Source {
  readonly pool?: PoolDeclaration | undefined;
  readonly ranges: readonly RangeDeclaration[];
  readonly admits: Admission;
}

/**
 * The ranges of a subnet. A pool that is for some clients only, and not for those that the network's other pools are for, is
 * left out: its addresses must not go to others. It stays in a comment.
 */
export function translatePools(question: PoolQuestion): PoolsOfNetwork {
  const { unknownClients } = question;
  const sources = sourcesOf(question);
  const someAdmitUnknown = unknownClients && sources.some(({ admits }) => admits.unknown);
  const kept: Source[] = [];
  for (const source of sources) {
    const reason = reasonToLeaveOut(source.admits, someAdmitUnknown);
    if (reason === undefined) kept.push(source);
    else leaveOut(question, source, reason);
  }
  for (const { pool, admits } of kept) tellPermits(question, pool, admits);
  const pools = kept.flatMap(({ ranges, admits }) => toPools(question, ranges, admits, kept));
  const [only] = kept;
  const isOwn = only?.pool !== undefined && question.subnet.pools.includes(only.pool);
  return {
    pools,
    admitsUnknown: unknownClients && (sources.length === 0 || someAdmitUnknown),
    onlyPool: kept.length === 1 && isOwn ? only?.pool : undefined,
  };
}

/** The subnet's own ranges, its pools, and those of its shared network that lie in it. */
function sourcesOf({ subnet, account }: PoolQuestion): readonly Source[] {
  const own = subnet.ranges.length > 0 ? [{ ranges: subnet.ranges, admits: EVERYBODY }] : [];
  const pools = [...subnet.pools, ...(subnet.shared?.pools ?? [])].map((pool) => ({
    pool,
    ranges: pool.ranges,
    admits: admissionOf(pool),
  }));
  return [...own, ...pools].flatMap((source: Source) => {
    const isShared = source.pool !== undefined && subnet.shared?.pools.includes(source.pool) === true;
    const ranges = source.ranges.filter(({ range, statement }) => {
      const isInside = subnetContains(subnet.subnet, range.first) && subnetContains(subnet.subnet, range.last);
      if (!isInside && !isShared) {
        account.complain(statement.place, `${rangeText(range)} is not in its subnet`);
      }
      return isInside;
    });
    return ranges.length === 0 ? [] : [{ ...source, ranges }];
  });
}

interface Admission {
  readonly unknown: boolean;
  readonly known: boolean;
  /** Only BOOTP clients. */
  readonly isBootpOnly: boolean;
  readonly bootp: boolean;
  /** It is for members of a class, or for others that cannot be told apart here. */
  readonly isForSome: boolean;
  /** Everybody but members of a class. */
  readonly isButSome: boolean;
}

const EVERYBODY: Admission = {
  unknown: true,
  known: true,
  isBootpOnly: false,
  bootp: false,
  isForSome: false,
  isButSome: false,
};

/** dhcpd.conf(5), "POOL PERMIT LISTS": with an allow list, whoever is not on it is refused. */
function admissionOf({ permits }: PoolDeclaration): Admission {
  const allowed = permits.filter(({ isAllowed }) => isAllowed).map(({ who }) => who);
  const denied = permits.filter(({ isAllowed }) => !isAllowed).map(({ who }) => who);
  const admits = (who: 'unknown' | 'known') =>
    (allowed.length === 0 || allowed.includes(who) || allowed.includes('all')) &&
    !denied.includes(who) &&
    !denied.includes('all');
  const isForSome = allowed.some((who) => who === 'class' || who === 'other');
  const isBootpOnly = allowed.length > 0 && allowed.every((who) => who === 'bootp');
  return {
    unknown: admits('unknown') || isBootpOnly,
    known: admits('known') || isBootpOnly,
    isBootpOnly,
    bootp: allowed.includes('bootp') || (allowed.includes('all') && !denied.includes('bootp')),
    isForSome,
    isButSome: denied.some((who) => who === 'class' || who === 'other'),
  };
}

function reasonToLeaveOut(admits: Admission, someAdmitUnknown: boolean): string | undefined {
  const take = 'Left out, so that no others get its addresses; take the # away to give them to everybody:';
  if (admits.isForSome && !admits.unknown) {
    return `This pool is for some clients only (members of a class), which rackready does not tell apart. ${take}`;
  }
  if (!admits.unknown && !admits.known) return `Nobody may have an address of this pool. ${take}`;
  if (!admits.unknown && someAdmitUnknown) {
    return `This pool is for known machines only, and the network has another one for unknown machines: rackready has no such difference between pools. ${take}`;
  }
  return undefined;
}

function leaveOut({ name, account }: PoolQuestion, { pool, ranges }: Source, reason: string): void {
  const lines = ranges.map(({ range }) => `- range: ${rangeText(range)}`);
  const statements = [...ranges.map(({ statement }) => statement), ...permitsOf(pool)];
  account.tell({ at: ['networks', name, 'dhcp', 'pools'], level: 'todo', reason, lines }, ...statements);
}

function permitsOf(pool: PoolDeclaration | undefined): readonly Statement[] {
  return pool?.permits.map(({ statement }) => statement) ?? [];
}

function tellPermits({ name, account }: PoolQuestion, pool: PoolDeclaration | undefined, admits: Admission): void {
  const at = ['networks', name, 'dhcp', 'pools'];
  const permits = permitsOf(pool);
  if (admits.isButSome || admits.isForSome) {
    const reason = 'rackready does not tell members of classes apart: everybody may have an address of this pool.';
    account.tell({ at, level: 'todo', reason }, ...permits);
  } else if (admits.unknown && !admits.known) {
    const reason = 'Machines that are named below and have no address may get one of this pool, too.';
    account.tell({ at, level: 'todo', reason }, ...permits);
  } else account.use(...permits);
}

/** A `dynamic-bootp` range serves both kinds of clients in dhcpd, and one of them in rackready. */
function toPools(
  { name, bootp, account }: PoolQuestion,
  ranges: readonly RangeDeclaration[],
  admits: Admission,
  kept: readonly Source[],
): readonly DraftPool[] {
  const at = ['networks', name, 'dhcp', 'pools'];
  const isForBootp = (range: RangeDeclaration, of: Admission) => bootp && (range.isForBootp || of.bootp);
  const hasOther = kept.some((source) => source.ranges.some((range) => !isForBootp(range, source.admits)));
  return ranges.map((declared) => {
    const { range, statement } = declared;
    const isBootp = isForBootp(declared, admits);
    if (isBootp && !admits.isBootpOnly) {
      const reason = hasOther
        ? 'dhcpd gives these addresses to DHCP clients, too. Here they are for BOOTP clients only; take "clients: bootp" out to change that.'
        : 'dhcpd gives these addresses to BOOTP clients, too. Here they are for DHCP clients; BOOTP clients need an address of their own, or a range with "clients: bootp".';
      account.tell({ at, level: 'todo', reason }, statement);
    } else account.use(statement);
    return { range, statement, clients: isBootp && (hasOther || admits.isBootpOnly) ? 'bootp' : 'dhcp' };
  });
}
