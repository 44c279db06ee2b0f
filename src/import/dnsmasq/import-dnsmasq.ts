import { type Account, createAccount } from '../account.ts';
import { finishImport, type Imported } from '../finish-import.ts';
import type { ServingHost } from '../places.ts';
import type { SourceFile } from '../sources.ts';
import type { Line } from './lines.ts';
import { readConfiguration, type SourceAccess } from './read-configuration.ts';
import { translateDnsmasq } from './translate.ts';

/** A configuration made of a dnsmasq.conf. Never throws, whatever the text is. */
export function importDnsmasq(source: SourceFile, access: SourceAccess, host: ServingHost): Imported {
  const account = createAccount();
  const { lines, files } = readConfiguration(source, access, account);
  const draft = translateDnsmasq(lines, host, account);
  return finishImport({ kind: 'dnsmasq.conf', files, draft, host, account, rest: () => tellUntold(lines, account) });
}

/** Whatever is neither in a value nor in a remark by now was not understood. */
function tellUntold(lines: readonly Line[], account: Account): void {
  const problems = new Map(account.problems.map(({ place, message }) => [JSON.stringify(place), message]));
  for (const line of lines) {
    if (account.toldBy(line) !== undefined) continue;
    const problem = problems.get(JSON.stringify(line.place));
    const reason =
      problem === undefined ? 'rackready has no place for this.' : `Not understood: ${problem.replace(/[.;]$/, '')}.`;
    account.tell({ level: 'todo', reason }, line);
  }
}
