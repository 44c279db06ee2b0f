import type { Path } from '../config/problem.ts';

/** Where something stands in a source file. Lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A statement of a source, as a comment quotes it. */
export interface Quoted {
  readonly place: Place;
  /** The source's own words without secrets, on one line or on several. */
  readonly text: string;
}

/** Something that is wrong with a source: the import goes on with the rest. */
export interface SourceProblem {
  readonly place: Place;
  /** What is wrong, and what is expected. Never contains a secret. */
  readonly message: string;
}

/**
 * Whether the operator has something to do about it: `todo` changes what machines get or needs a decision, `fine` is done
 * by rackready itself or has no effect on machines.
 */
export type RemarkLevel = 'todo' | 'fine';

/** What is told in a comment. */
export interface Remark {
  /** The part of the configuration that it stands before; empty: the top of the file. */
  readonly at: Path;
  readonly level: RemarkLevel;
  /** A sentence: why, and what to do. */
  readonly reason: string;
  readonly quotes: readonly Quoted[];
  /** Lines of YAML to take the comment signs away from. */
  readonly lines: readonly string[];
}

/**
 * The books of an import: each statement of the source ends up in a value or in a remark. What is in neither when all is
 * done is told of by the caller, so that nothing is lost without a word.
 */
export interface Account {
  readonly remarks: readonly Remark[];
  readonly problems: readonly SourceProblem[];
  /** These statements are in the values. */
  use(...statements: readonly Quoted[]): void;
  /** A remark; remarks at the same place for the same reason become one. Its statements are told of. */
  tell(remark: RemarkParts, ...statements: readonly Quoted[]): void;
  /** Records a mistake in the source. */
  complain(place: Place, message: string): void;
  /** `value`: it is in the values, what stands in its block need not be. `remark`: a remark quotes all of it. */
  toldBy(statement: Quoted): 'value' | 'remark' | undefined;
}

export interface RemarkParts {
  readonly at?: Path | undefined;
  readonly level: RemarkLevel;
  readonly reason: string;
  readonly lines?: readonly string[] | undefined;
}

export function createAccount(): Account {
  const told = new Map<Quoted, 'value' | 'remark'>();
  const remarks = new Map<string, OpenRemark>();
  const problems: SourceProblem[] = [];
  return {
    get remarks() {
      return [...remarks.values()];
    },
    problems,
    use: (...statements) => {
      for (const statement of statements) if (!told.has(statement)) told.set(statement, 'value');
    },
    tell: ({ at = [], level, reason, lines = [] }, ...statements) => {
      const key = JSON.stringify([at, level, reason]);
      const remark: OpenRemark = remarks.get(key) ?? { at, level, reason, quotes: [], lines: [], known: new Set() };
      remarks.set(key, remark);
      remark.lines.push(...lines);
      for (const statement of statements) {
        if (!remark.known.has(statement)) remark.quotes.push(statement);
        remark.known.add(statement);
        told.set(statement, 'remark');
      }
    },
    complain: (place, message) => {
      problems.push({ place, message });
    },
    toldBy: (statement) => told.get(statement),
  };
}

type OpenRemark = Remark & { readonly quotes: Quoted[]; readonly lines: string[]; readonly known: Set<Quoted> };

/** `dhcpd.conf:19:3` */
function formatPlace({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

/** `dhcpd.conf:19:3: what is wrong` */
export function formatSourceProblem({ place, message }: SourceProblem): string {
  return `${formatPlace(place)}: ${message}`;
}
