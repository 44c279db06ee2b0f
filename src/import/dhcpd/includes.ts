import type { Account } from '../account.ts';
import type { ReadSource } from '../sources.ts';
import { keywordOf, readStatements, type Statement } from './statements.ts';

/** Files that one file may come to. dhcpd stops at the number of open files. */
const MAX_FILES = 500;

/** The statements of a file, with those of the files that it includes in their place. */
export function readConfiguration(
  source: { readonly name: string; readonly text: string },
  read: ReadSource,
  account: Account,
): { readonly statements: readonly Statement[]; readonly files: readonly string[] } {
  const files = [source.name];
  const expand = (statements: readonly Statement[], open: readonly string[]): readonly Statement[] =>
    statements.flatMap((statement) => {
      if (keywordOf(statement) === 'include') return include(statement, open);
      return statement.block === undefined ? [statement] : [withBlock(statement, expand(statement.block, open))];
    });
  const include = (statement: Statement, open: readonly string[]): readonly Statement[] => {
    const [, path, ...more] = statement.words;
    if (path?.kind !== 'string' || more.length > 0) {
      const problem = 'expected include and the path of a file in quotes';
      account.complain(statement.place, problem);
      account.tell({ level: 'todo', reason: `Not understood: ${problem}.` }, statement);
      return [];
    }
    const from = open.at(-1) ?? source.name;
    const found = files.length < MAX_FILES ? read(path.text, from) : { problem: `more than ${MAX_FILES} files` };
    if ('problem' in found) return missing(statement, path.text, found.problem);
    if (open.includes(found.name)) return missing(statement, path.text, 'it includes itself');
    files.push(found.name);
    account.use(statement);
    return expand(readStatements(found.text, found.name, account), [...open, found.name]);
  };
  const missing = (statement: Statement, path: string, problem: string): readonly Statement[] => {
    account.complain(statement.place, `${JSON.stringify(path)} is not read: ${problem}`);
    const reason = `This file was not read: ${problem}. Put it there and import again, or import it by itself.`;
    account.tell({ level: 'todo', reason }, statement);
    return [];
  };
  return { statements: expand(readStatements(source.text, source.name, account), [source.name]), files };
}

function withBlock(statement: Statement, block: readonly Statement[]): Statement {
  // The quotes are made when they are needed, so that the properties are taken over as they are.
  return Object.defineProperties(
    {},
    { ...Object.getOwnPropertyDescriptors(statement), block: { value: block } },
  ) as Statement;
}
