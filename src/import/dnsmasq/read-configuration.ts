import type { Account } from '../account.ts';
import type { ReadFolder, ReadSource, SourceFile } from '../sources.ts';
import { type Line, readLines } from './lines.ts';

export interface SourceAccess {
  readonly read: ReadSource;
  readonly list: ReadFolder;
}

/** Options that name files of more lines, and the option that those lines are values of. */
const fileKeys: Readonly<Record<string, string | undefined>> = {
  'conf-file': undefined,
  'conf-dir': undefined,
  'dhcp-hostsfile': 'dhcp-host',
  'dhcp-hostsdir': 'dhcp-host',
  'dhcp-optsfile': 'dhcp-option',
  'dhcp-optsdir': 'dhcp-option',
};

const MAX_FILES = 500;

interface Reading {
  /** The files that are being read, the outermost first. */
  readonly open: readonly string[];
  /** The file whose folder relative paths start from. */
  readonly from: string;
}

/** The lines of a file, with those of the files that it names in their place. */
export function readConfiguration(
  source: SourceFile,
  access: SourceAccess,
  account: Account,
): { readonly lines: readonly Line[]; readonly files: readonly string[] } {
  const files = [source.name];
  const expand = (file: SourceFile, open: readonly string[], key?: string): readonly Line[] =>
    readLines(file.text, file.name, account, key).flatMap((line) => {
      if (key !== undefined || !Object.hasOwn(fileKeys, line.key) || !line.value) return [line];
      account.use(line);
      const from = file.name;
      return line.key === 'conf-file'
        ? readOne(line, line.value, { open, from })
        : readFolderOrFile(line, { open, from });
    });
  const readOne = (line: Line, path: string, { open, from }: Reading, key?: string): readonly Line[] => {
    const found = files.length < MAX_FILES ? access.read(path, from) : { problem: `more than ${MAX_FILES} files` };
    if ('problem' in found) return missing(line, path, found.problem);
    if (open.includes(found.name)) return missing(line, path, 'it includes itself');
    files.push(found.name);
    return expand(found, [...open, found.name], key);
  };
  const readFolderOrFile = (line: Line, reading: Reading): readonly Line[] => {
    const [path = '', ...suffixes] = line.list.map(({ text }) => text);
    const key = fileKeys[line.key];
    const names = access.list(path, reading.from);
    if ('problem' in names) {
      return line.key.endsWith('dir') ? missing(line, path, names.problem) : readOne(line, path, reading, key);
    }
    const wanted = names.filter((name) => isWanted(name, suffixes));
    // Names of files start from the first file's folder.
    return wanted.flatMap((name) => readOne(line, name, { ...reading, from: source.name }, key));
  };
  const missing = (line: Line, path: string, problem: string): readonly Line[] => {
    account.complain(line.place, `${JSON.stringify(path)} is not read: ${problem}`);
    const reason = `This was not read: ${problem}. Put it there and import again, or import it by itself.`;
    account.tell({ level: 'todo', reason }, line);
    return [];
  };
  return { lines: expand(source, [source.name]), files };
}

/** dnsmasq(8), conf-dir: no editors' files; `.suffix` keeps files out, `*.suffix` lets only such files in. */
function isWanted(path: string, suffixes: readonly string[]): boolean {
  const name = path.split('/').at(-1) ?? path;
  if (name.startsWith('.') || name.endsWith('~') || (name.startsWith('#') && name.endsWith('#'))) return false;
  const only = suffixes.filter((suffix) => suffix.startsWith('*')).map((suffix) => suffix.slice(1));
  const never = suffixes.filter((suffix) => suffix !== '' && !suffix.startsWith('*'));
  if (never.some((suffix) => name.endsWith(suffix))) return false;
  return only.length === 0 || only.some((suffix) => name.endsWith(suffix));
}
