import type { Account, Remark, SourceProblem } from './account.ts';
import { assemble } from './assemble.ts';
import type { Draft } from './draft.ts';
import { placeNetworks, type ServingHost } from './places.ts';
import { writeConfig } from './write-config.ts';

export type Imported =
  | {
      readonly kind: 'imported';
      /** The text of a `rackready.yaml`. */
      readonly yaml: string;
      readonly remarks: readonly Remark[];
      /** Mistakes in the source. */
      readonly problems: readonly SourceProblem[];
      readonly networks: number;
      readonly machines: number;
    }
  /** The host that it is for does not fit the source. */
  | { readonly kind: 'refused'; readonly reason: string };

export interface ImportParts {
  readonly kind: 'dhcpd.conf' | 'dnsmasq.conf';
  readonly files: readonly string[];
  readonly draft: Draft;
  readonly host: ServingHost;
  readonly account: Account;
  /** Tells of the statements that nothing has told of. */
  readonly rest: () => void;
}

export function finishImport({ kind, files, draft, host, account, rest }: ImportParts): Imported {
  const placement = placeNetworks(draft.networks, host);
  if (placement.kind === 'refused') return placement;
  const assembled = assemble(draft, placement.networks, account);
  rest();
  const size = (key: string) => (assembled.root.get(key) as ReadonlyMap<string, unknown> | undefined)?.size ?? 0;
  return {
    kind: 'imported',
    yaml: writeConfig(assembled, account.remarks, { kind, files }),
    remarks: account.remarks,
    problems: sortProblems(account.problems, files),
    networks: size('networks'),
    machines: size('machines'),
  };
}

/** By file, in the order in which they were read, then by place. */
function sortProblems(problems: readonly SourceProblem[], files: readonly string[]): readonly SourceProblem[] {
  return problems.toSorted(
    ({ place: a }, { place: b }) =>
      files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
}
