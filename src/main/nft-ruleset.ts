/** A port that machines send to. */
export interface Wanted {
  readonly protocol: 'udp' | 'tcp';
  readonly port: number;
}

export interface Packet extends Wanted {
  /** By which it comes in. */
  readonly interface: string;
}

export interface Judgement {
  /** `maybe`: a rule whose conditions are not understood would drop it. */
  readonly verdict: 'accept' | 'drop' | 'maybe';
  readonly rule: { readonly chain: string; readonly text: string };
}

interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook?: string;
  readonly policy?: string;
}

interface Rule {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly expr: readonly Record<string, unknown>[];
}

interface Ruleset {
  readonly chains: readonly Chain[];
  readonly rules: readonly Rule[];
}

type Match = 'yes' | 'no' | 'unknown';
type Outcome = { readonly kind: 'accept' | 'drop' | 'maybe'; readonly text: string } | undefined;

/** Rules lead to chains that lead to chains; a loop is refused by the kernel, this is for broken input. */
const DEEPEST = 16;

/**
 * What a ruleset (`nft --json list ruleset`, libnftables-json(5)) does with a machine's packet that comes in. Every base
 * chain on the input hook has to let it through. What a condition means that is not about interface, protocol or port is
 * taken as unknown: a drop under it counts as `maybe`, and an accept under it as no accept.
 */
export function judgeRuleset(json: string, packet: Packet): Judgement {
  const set = readRuleset(json);
  let maybe: Judgement | undefined;
  for (const chain of set.chains) {
    if (chain.hook !== 'input' || !['ip', 'inet'].includes(chain.family)) continue;
    const named = `${chain.family} ${chain.table} ${chain.name}`;
    const outcome = walk(set, chain, packet, 0) ?? {
      kind: chain.policy === 'drop' ? ('drop' as const) : ('accept' as const),
      text: `the policy of chain ${named}`,
    };
    const judgement = { verdict: outcome.kind, rule: { chain: named, text: outcome.text } };
    if (outcome.kind === 'drop') return judgement;
    if (outcome.kind === 'maybe') maybe ??= judgement;
  }
  return maybe ?? { verdict: 'accept', rule: { chain: '', text: '' } };
}

function readRuleset(json: string): Ruleset {
  const { nftables = [] } = JSON.parse(json) as { nftables?: readonly { chain?: Chain; rule?: Rule }[] };
  return {
    chains: nftables.flatMap(({ chain }) => chain ?? []),
    rules: nftables.flatMap(({ rule }) => rule ?? []),
  };
}

/** undefined: the packet comes to the end of the chain. */
function walk(set: Ruleset, chain: Chain, packet: Packet, depth: number): Outcome {
  if (depth > DEEPEST) return undefined;
  let maybe: Outcome;
  const own = set.rules.filter(
    (rule) => rule.family === chain.family && rule.table === chain.table && rule.chain === chain.name,
  );
  for (const { expr } of own) {
    const match = expr.reduce<Match>((so, one) => both(so, matches(one, packet)), 'yes');
    if (match === 'no') continue;
    const outcome = actOn(set, chain, expr, packet, depth);
    if (outcome === 'return') {
      if (match === 'yes') return maybe;
      continue;
    }
    if (outcome === undefined) continue;
    if (match === 'yes') return outcome.kind === 'accept' ? (maybe ?? outcome) : outcome;
    if (outcome.kind !== 'accept') maybe ??= { kind: 'maybe', text: outcome.text };
  }
  return maybe;
}

function actOn(set: Ruleset, chain: Chain, expr: Rule['expr'], packet: Packet, depth: number): Outcome | 'return' {
  const text = `a rule of chain ${chain.family} ${chain.table} ${chain.name}`;
  for (const one of expr) {
    if ('accept' in one) return { kind: 'accept', text };
    if ('drop' in one || 'reject' in one) return { kind: 'drop', text };
    if ('return' in one) return 'return';
    const target = (one.jump ?? one.goto) as { readonly target?: string } | undefined;
    const next = set.chains.find(
      ({ family, table, name }) => family === chain.family && table === chain.table && name === target?.target,
    );
    if (next) return walk(set, next, packet, depth + 1);
    // iptables-nft keeps targets that it cannot say in nftables' words (LOG, REJECT of old versions) in "xt".
    const xt = one.xt as { readonly type?: string; readonly name?: string } | undefined;
    if (xt?.type === 'target' && xt.name === 'REJECT') return { kind: 'drop', text };
  }
  return undefined;
}

function both(a: Match, b: Match): Match {
  if (a === 'no' || b === 'no') return 'no';
  return a === 'unknown' || b === 'unknown' ? 'unknown' : 'yes';
}

interface MatchExpression {
  readonly op: string;
  readonly left: Record<string, unknown>;
  readonly right: unknown;
}

function matches(expression: Record<string, unknown>, packet: Packet): Match {
  if ('xt' in expression) return (expression.xt as { type?: string }).type === 'match' ? 'unknown' : 'yes';
  if (!('match' in expression)) return 'vmap' in expression || 'limit' in expression ? 'unknown' : 'yes';
  const { op, left, right } = expression.match as MatchExpression;
  const found = compare(left, right, packet);
  if (op === '==' || op === 'in') return found;
  if (op !== '!=' || found === 'unknown') return 'unknown';
  return found === 'yes' ? 'no' : 'yes';
}

function compare(left: Record<string, unknown>, right: unknown, { protocol, port, interface: name }: Packet): Match {
  const { meta, payload, ct } = left as Record<string, { key?: string; protocol?: string; field?: string } | undefined>;
  if (meta?.key === 'iifname' || meta?.key === 'iif') return holds(right, (one) => sameName(one, name));
  if (meta?.key === 'l4proto') return holds(right, (one) => one === protocol || one === (protocol === 'udp' ? 17 : 6));
  if (meta?.key === 'nfproto') return holds(right, (one) => one === 'ipv4');
  if (payload?.field === 'protocol') return holds(right, (one) => one === protocol);
  if (payload?.field === 'dport') {
    if (payload.protocol !== protocol && payload.protocol !== 'th') return 'no';
    return holds(right, (one) => one === port || inRange(one, port));
  }
  // What belongs to a connection that is known is no new request.
  if (ct?.key === 'state') return holds(right, (one) => one === 'new');
  return 'unknown';
}

function holds(right: unknown, isIt: (one: unknown) => boolean): Match {
  // "@name" is a set whose elements stand elsewhere.
  if (typeof right === 'string' && right.startsWith('@')) return 'unknown';
  const set = (right as { readonly set?: readonly unknown[] } | null)?.set;
  const many = Array.isArray(right) ? right : (set ?? [right]);
  return many.some(isIt) ? 'yes' : 'no';
}

function sameName(pattern: unknown, name: string): boolean {
  if (typeof pattern !== 'string') return false;
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

function inRange(one: unknown, port: number): boolean {
  const range = (one as { readonly range?: readonly [number, number] } | null)?.range;
  return range !== undefined && port >= range[0] && port <= range[1];
}
