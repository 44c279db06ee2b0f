/** One step of a path in the configuration: a key, or the index in a list. */
export type PathStep = string | number;
export type Path = readonly PathStep[];

/** What a check has found, still without a place in a file. */
export interface Finding {
  readonly path: Path;
  /** What is wrong and what is allowed. Never contains a secret. */
  readonly message: string;
  readonly severity: 'error' | 'warning';
  /** Whether the key or its value is to be pointed at; by default the value. */
  readonly at?: 'key' | 'value' | undefined;
}

/** A finding at its place. Lines and columns count from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `machines.sm1.address`; empty when the whole file is meant. */
  readonly path: string;
  readonly message: string;
  readonly severity: 'error' | 'warning';
}

export function errorAt(path: Path, message: string, at?: 'key' | 'value'): Finding {
  return { path, message, severity: 'error', at };
}

export function warningAt(path: Path, message: string, at?: 'key' | 'value'): Finding {
  return { path, message, severity: 'warning', at };
}

/** `networks.office.dhcp.pools[0].range`; a key that would not read so is quoted. */
export function formatPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += `${text === '' ? '' : '.'}${/^[\w-]+$/.test(step) ? step : JSON.stringify(step)}`;
  }
  return text;
}

/** `rackready.yaml:14:9: machines.sm1.address: 172.22.11.5 is not in network management (172.22.10.0/24)` */
export function formatProblem(problem: Problem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`;
  const kind = problem.severity === 'warning' ? 'warning: ' : '';
  const path = problem.path === '' ? '' : `${problem.path}: `;
  return `${place}: ${kind}${path}${problem.message}`;
}

/** By file, then by place. Problems at one place stay in the order in which they were found. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  return problems.toSorted(
    (a, b) => compareText(a.file, b.file) || a.line - b.line || a.column - b.column || compareText(a.path, b.path),
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
