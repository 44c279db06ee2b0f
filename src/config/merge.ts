import { errorAt, type Finding, type Path, type Problem } from './problem.ts';
import { namedSections, plainSections } from './schema.ts';
import type { YamlSource } from './yaml-source.ts';

/** The files of a configuration as one. */
export interface Merged {
  readonly data: Record<string, unknown>;
  readonly problems: readonly Problem[];
  /** The finding at its place, in the file that it stands in. */
  place(finding: Finding): Problem;
  /** "rackready.yaml:12:9", for naming a second place in a message. */
  where(path: Path): string;
  has(path: Path): boolean;
  /** Folder that relative paths at `path` start from. */
  folderOf(path: Path): string;
}

const mergedSections: readonly string[] = [...namedSections, ...plainSections];

/** Joins the files: maps by name are merged, and a name or setting given in two files is an error at the second. */
export function mergeSources(sources: readonly YamlSource[]): Merged {
  const data: Record<string, unknown> = {};
  const owners = new Map<string, YamlSource>();
  const problems = sources.flatMap((source) => source.problems);
  const ownerOf = (path: Path) =>
    owners.get(ownerKey(path.slice(0, 2))) ?? owners.get(ownerKey(path.slice(0, 1))) ?? sources[0];
  const where = (path: Path) => {
    const problem = ownerOf(path)?.place(errorAt(path, ''));
    return problem ? `${problem.file}:${problem.line}:${problem.column}` : '';
  };
  const claim = (path: Path, source: YamlSource): boolean => {
    const key = ownerKey(path);
    if (!owners.has(key)) {
      owners.set(key, source);
      return true;
    }
    problems.push(source.place(errorAt(path, `is given twice: the first is at ${where(path)}`, 'key')));
    return false;
  };
  for (const source of sources) {
    for (const [section, value] of Object.entries(source.data ?? {}))
      addSection({ data, owners, claim }, source, section, value);
  }
  const nowhere = (finding: Finding): Problem => ({ file: '', line: 1, column: 1, path: '', ...pick(finding) });
  return {
    data,
    problems,
    where,
    place: (finding) => ownerOf(finding.path)?.place(finding) ?? nowhere(finding),
    has: (path) => ownerOf(path)?.has(path) ?? false,
    folderOf: (path) => ownerOf(path)?.source.folder ?? '/',
  };
}

interface Target {
  readonly data: Record<string, unknown>;
  readonly owners: Map<string, YamlSource>;
  claim(path: Path, source: YamlSource): boolean;
}

function addSection(target: Target, source: YamlSource, section: string, value: unknown): void {
  const { data, owners } = target;
  if (!mergedSections.includes(section) || (value !== null && !isPlainMap(value))) {
    if (target.claim([section], source)) set(data, section, value);
    return;
  }
  if (!owners.has(ownerKey([section]))) owners.set(ownerKey([section]), source);
  const known = Object.hasOwn(data, section) ? data[section] : {};
  const merged = isPlainMap(known) ? known : {};
  // A section whose entries are all commented out is an empty one.
  for (const [name, entry] of Object.entries(value ?? {})) {
    if (target.claim([section, name], source)) set(merged, name, entry);
  }
  if (!Object.hasOwn(data, section)) set(data, section, merged);
}

/** Also for names like `__proto__`, which assignment would not make a key of. */
function set(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function isPlainMap(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function ownerKey(path: Path): string {
  return path.join('\n');
}

function pick({ message, severity }: Finding) {
  return { message, severity };
}
