import type { Account } from '../account.ts';
import { collectRange, collectSubnet, nameAfter } from './collect-network.ts';
import { collectPermit } from './collect-pool.ts';
import { declarationRemarks } from './keyword-remarks.ts';
import type { Collecting, Model, PoolDeclaration, Scope, Surroundings } from './model.ts';
import { createOptionBook } from './option-book.ts';
import { keywordOf, type Statement } from './statements.ts';

/** Sorts the statements of a file into what they declare. What has no place in rackready is told of here. */
export function collect(statements: readonly Statement[], account: Account): Model {
  const file: Scope = { kind: 'file', parameters: [] };
  const options = createOptionBook(account);
  const model: Model = { file, options, subnets: [], hosts: [], groups: [], classes: [], conditionals: [] };
  collectAll(statements, { scope: file }, { model, account });
  return model;
}

function collectAll(statements: readonly Statement[], where: Surroundings, to: Collecting): void {
  let hasIf = false;
  for (const [index, statement] of statements.entries()) {
    const keyword = keywordOf(statement);
    const isRest = keyword === 'elsif' || keyword === 'else';
    if (keyword === 'if') {
      to.model.conditionals.push({ scope: where.scope, statements: chainFrom(statements, index) });
    } else if (!isRest || !hasIf) {
      const problem = isRest ? `${keyword} without an if before it` : collectOne(statement, keyword, where, to);
      if (problem !== undefined) to.account.complain(statement.place, problem);
    }
    hasIf = keyword === 'if' || (isRest && hasIf);
  }
}

/** An `if` with its `elsif`, `else if` and `else`. */
function chainFrom(statements: readonly Statement[], from: number): readonly Statement[] {
  const rest = statements.slice(from + 1);
  const end = rest.findIndex((statement) => !['elsif', 'else'].includes(keywordOf(statement)));
  return statements.slice(from, end < 0 ? undefined : from + 1 + end);
}

/** What is wrong with the statement, if anything is. */
function collectOne(statement: Statement, keyword: string, where: Surroundings, to: Collecting): string | undefined {
  const { model, account } = to;
  const { block } = statement;
  const told = Object.hasOwn(declarationRemarks, keyword) ? declarationRemarks[keyword] : undefined;
  if (told !== undefined) {
    account.tell(told, statement);
    return undefined;
  }
  switch (keyword) {
    case 'subnet':
      return collectSubnet(statement, where, to, collectAll);
    case 'shared-network':
    case 'group':
    case 'host':
    case 'pool':
      if (block !== undefined) return collectBlock(statement, keyword, where, to);
      // `group NAME;` in a host.
      if (keyword !== 'group' || where.scope.kind !== 'host') return `${keyword} has no block: expected { … } after it`;
      break;
    case 'class':
    case 'subclass':
    case 'vendor-class':
    case 'user-class':
      model.classes.push({ scope: where.scope, statement });
      return undefined;
    case 'range':
      return collectRange(statement, where);
    case 'interface':
      if (collectInterface(statement, where, to)) return undefined;
      break;
    case 'allow':
    case 'deny':
      if (where.pool && collectPermit(statement, where.pool)) return undefined;
      break;
    case 'option':
      if (!model.options.define(statement)) break;
      account.tell({ level: 'fine', reason: 'Options are written by number, and need no definition.' }, statement);
      return undefined;
  }
  if (block !== undefined) return `${JSON.stringify(keyword)} begins no block that dhcpd.conf knows`;
  where.scope.parameters.push(statement);
  return undefined;
}

function collectInterface(statement: Statement, { shared, subnet }: Surroundings, { account }: Collecting): boolean {
  const name = statement.words[1]?.text;
  const target = subnet ?? shared;
  if (target === undefined || name === undefined) return false;
  target.interface = name;
  account.use(statement);
  return true;
}

type BlockKeyword = 'shared-network' | 'group' | 'host' | 'pool';

function collectBlock(
  statement: Statement,
  kind: BlockKeyword,
  where: Surroundings,
  to: Collecting,
): string | undefined {
  const { model, account } = to;
  const scope: Scope = { kind, around: where.scope, statement, parameters: [] };
  const name = nameAfter(statement) ?? '';
  let inside: Surroundings = { ...where, scope };
  switch (kind) {
    case 'group':
      model.groups.push(scope);
      break;
    case 'shared-network': {
      if (where.shared || where.subnet) return 'shared-network has no place here';
      if (name === '') return 'shared-network has no name';
      inside = { ...inside, shared: { scope, name, statement, pools: [] } };
      break;
    }
    case 'host':
      if (name === '') return 'this host has no name: expected host NAME { … }';
      if (where.scope.kind === 'host') return 'a host has no place inside a host';
      model.hosts.push({ scope, statement, name });
      inside = { ...inside, pool: undefined };
      break;
    case 'pool': {
      const home = where.subnet ?? where.shared;
      if (home === undefined || where.pool) return 'a pool belongs into a subnet or a shared-network';
      const pool: PoolDeclaration = { scope, ranges: [], permits: [] };
      home.pools.push(pool);
      inside = { ...inside, pool };
    }
  }
  account.use(statement);
  collectAll(statement.block ?? [], inside, to);
  return undefined;
}
