import type { Account } from '../account.ts';
import { type Scope, scopesOf } from './model.ts';
import type { OptionBook } from './option-book.ts';
import { type Parameter, readParameter } from './read-parameter.ts';
import type { Statement } from './statements.ts';

/** A parameter with the statement and the scope that it comes from. */
export interface Given<One extends Parameter = Parameter> {
  readonly parameter: One;
  readonly statement: Statement;
  readonly scope: Scope;
}

/** The parameters of each scope, read once. */
export interface Parameters {
  of(scope: Scope): readonly Given[];
  /** What holds inside a scope, by key: the innermost wins, and the last one within a scope. */
  effective(scope: Scope, until?: (scope: Scope) => boolean): ReadonlyMap<string, Given>;
  /** Counts statements as those that decide something. */
  decide(...given: readonly (Given | undefined)[]): void;
  decides(given: Given): boolean;
}

export function createParameters(options: OptionBook, account: Account): Parameters {
  const read = new Map<Scope, readonly Given[]>();
  const deciding = new Set<Statement>();
  const of = (scope: Scope): readonly Given[] => {
    const known = read.get(scope);
    if (known) return known;
    const given = scope.parameters.map((statement) => ({
      parameter: readParameter(statement, options),
      statement,
      scope,
    }));
    for (const { parameter, statement } of given) {
      if (parameter.kind === 'wrong') account.complain(statement.place, parameter.problem);
    }
    read.set(scope, given);
    return given;
  };
  return {
    of,
    effective: (scope, until = () => false) => {
      const found = new Map<string, Given>();
      for (const one of scopesOf(scope)) {
        if (until(one)) break;
        for (const given of of(one).toReversed())
          if (!found.has(given.parameter.key)) found.set(given.parameter.key, given);
      }
      return found;
    },
    decide: (...given) => {
      for (const one of given) {
        if (one === undefined) continue;
        deciding.add(one.statement);
        account.use(one.statement);
      }
    },
    decides: ({ statement }) => deciding.has(statement),
  };
}

/** The parameter of a key, when it is of the kind that the key has. */
export function givenOf<Kind extends Parameter['kind']>(
  effective: ReadonlyMap<string, Given>,
  kind: Kind,
  key: string,
): Given<Extract<Parameter, { kind: Kind }>> | undefined {
  const given = effective.get(key);
  return given?.parameter.kind === kind ? (given as Given<Extract<Parameter, { kind: Kind }>>) : undefined;
}
