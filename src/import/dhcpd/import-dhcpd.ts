import { type Account, createAccount } from '../account.ts';
import { finishImport, type Imported } from '../finish-import.ts';
import type { ServingHost } from '../places.ts';
import type { ReadSource, SourceFile } from '../sources.ts';
import { collect } from './collect.ts';
import { readConfiguration } from './includes.ts';
import type { Statement } from './statements.ts';
import { translateDhcpd } from './translate.ts';

/** A configuration made of an ISC dhcpd.conf. Never throws, whatever the text is. */
export function importDhcpd(source: SourceFile, read: ReadSource, host: ServingHost): Imported {
  const account = createAccount();
  const { statements, files } = readConfiguration(source, read, account);
  const model = collect(statements, account);
  const draft = translateDhcpd(model, statements, account);
  return finishImport({ kind: 'dhcpd.conf', files, draft, host, account, rest: () => tellUntold(statements, account) });
}

/** Whatever is neither in a value nor in a remark by now was not understood. */
function tellUntold(statements: readonly Statement[], account: Account): void {
  const problems = new Map(account.problems.map(({ place, message }) => [JSON.stringify(place), message]));
  for (const statement of statements) {
    const told = account.toldBy(statement);
    if (told === 'remark') continue;
    if (told === 'value') {
      tellUntold(statement.block ?? [], account);
      continue;
    }
    const problem = problems.get(JSON.stringify(statement.place));
    const reason =
      problem === undefined ? 'rackready has no place for this.' : `Not understood: ${problem.replace(/[.;]$/, '')}.`;
    account.tell({ level: 'todo', reason }, statement);
  }
}
