import type { RpmHeader } from './header.ts';
import { compareRpmVersions } from './version.ts';

/** One `rpm:entry`. */
export interface RpmDependency {
  readonly name: string;
  readonly flags: 'LT' | 'GT' | 'EQ' | 'LE' | 'GE' | undefined;
  readonly epoch: string | undefined;
  readonly version: string | undefined;
  readonly release: string | undefined;
  /** Needed by a script before or after the installation itself. */
  readonly isPre: boolean;
}

/** In the order in which metadata have them. */
export const dependencyKinds = [
  'provides',
  'requires',
  'conflicts',
  'obsoletes',
  'suggests',
  'enhances',
  'recommends',
  'supplements',
] as const;

export type Dependencies = Readonly<Record<(typeof dependencyKinds)[number], readonly RpmDependency[]>>;

/** Tags of names, flags and versions. */
const TAGS = {
  provides: [1047, 1112, 1113],
  requires: [1049, 1048, 1050],
  conflicts: [1054, 1053, 1055],
  obsoletes: [1090, 1114, 1115],
  suggests: [5049, 5051, 5050],
  enhances: [5055, 5057, 5056],
  recommends: [5046, 5048, 5047],
  supplements: [5052, 5054, 5053],
  /** As SUSE had them before rpm did. */
  oldSuggests: [1156, 1158, 1157],
  oldEnhances: [1159, 1161, 1160],
} as const;

const SENSE_PRE = (1 << 6) | (1 << 9) | (1 << 10);
const SENSE_MISSING_OK = 1 << 19;
const SENSE_STRONG = 1 << 27;
const COMPARISONS: Readonly<Record<number, RpmDependency['flags']>> = { 2: 'LT', 4: 'GT', 8: 'EQ', 10: 'LE', 12: 'GE' };

interface RawDependency {
  readonly name: string;
  readonly sense: number;
  readonly version: string;
}

/** Reads dependencies as createrepo_c does, which leaves out what a resolver has no use for. `files`: paths in the package. */
export function readDependencies(header: RpmHeader, files: ReadonlySet<string>): Dependencies {
  const raw = (kind: keyof typeof TAGS): RawDependency[] => {
    const [names, senses, versions] = TAGS[kind];
    const texts = header.texts(versions);
    const flags = header.numbers(senses);
    const all = header
      .texts(names)
      .map((name, index) => ({ name, sense: flags[index] ?? 0, version: texts[index] ?? '' }));
    return all.filter(({ version }) => version === '' || splitEvr(version).epoch !== undefined);
  };
  const whole = (list: readonly RawDependency[]) => list.map((one) => toDependency(one, false));
  const isStrong = ({ sense }: RawDependency) => (sense & SENSE_STRONG) !== 0;
  const provides = raw('provides');
  const requires = raw('requires');
  const [suggests, enhances] = [raw('oldSuggests'), raw('oldEnhances')];
  const weak = requires.filter(({ sense }) => (sense & SENSE_MISSING_OK) !== 0);
  return {
    provides: whole(provides),
    requires: neededRequires(requires, provides, files),
    conflicts: whole(raw('conflicts')),
    obsoletes: whole(raw('obsoletes')),
    suggests: whole([...raw('suggests'), ...suggests.filter((one) => !isStrong(one))]),
    enhances: whole([...raw('enhances'), ...enhances.filter((one) => !isStrong(one))]),
    recommends: whole([...weak, ...raw('recommends'), ...suggests.filter(isStrong)]),
    supplements: whole([...raw('supplements'), ...enhances.filter(isStrong)]),
  };
}

/**
 * Without what rpm itself must be able to do, what the package brings along, and what is there twice. Of the symbol versions of
 * libc the highest stands for all, at the end.
 */
function neededRequires(
  requires: readonly RawDependency[],
  provides: readonly RawDependency[],
  files: ReadonlySet<string>,
): readonly RpmDependency[] {
  const keyOf = ({ name, sense, version }: RawDependency) => `${name}${COMPARISONS[sense & 0xf] ?? ''}${version}`;
  const provided = new Set(provides.map(keyOf));
  const last = new Map<string, string>();
  const needed: RpmDependency[] = [];
  let libc: RpmDependency | undefined;
  for (const one of requires) {
    const isOwnFile = one.name.startsWith('/') && files.has(one.name) && isPrimaryFile(one.name);
    if (one.name.startsWith('rpmlib(') || isOwnFile || provided.has(keyOf(one))) continue;
    if ((one.sense & SENSE_MISSING_OK) !== 0) continue;
    const isPre = (one.sense & SENSE_PRE) !== 0;
    const dependency = toDependency(one, isPre);
    if (one.name.startsWith('libc.so.6')) {
      if (libc === undefined || isNewerLibc(one.name, libc.name)) libc = dependency;
      continue;
    }
    const key = `${keyOf(one)} ${isPre}`;
    if (last.get(one.name) === key) continue;
    last.set(one.name, key);
    needed.push(dependency);
  }
  return libc === undefined ? needed : [...needed, libc];
}

/** `libc.so.6(GLIBC_2.34)(64bit)` against `libc.so.6()(64bit)`. */
function isNewerLibc(name: string, than: string): boolean {
  const versionOf = (text: string) => /\((?:[^0-9)]*)([^)]*)\)/.exec(text)?.[1] ?? '';
  const [one, other] = [versionOf(name), versionOf(than)];
  return one !== '' && (other === '' || compareRpmVersions(one, other) > 0);
}

/** Files that primary.xml lists, because packages may require them by name. */
export function isPrimaryFile(path: string): boolean {
  return path.startsWith('/etc/') || path.includes('bin/') || path === '/usr/lib/sendmail';
}

function toDependency({ name, sense, version }: RawDependency, isPre: boolean): RpmDependency {
  return { name, flags: COMPARISONS[sense & 0xf], ...splitEvr(version), isPre };
}

/** `epoch:version-release`; the epoch is 0 where there is none, and undefined where it is no number. */
function splitEvr(text: string): Pick<RpmDependency, 'epoch' | 'version' | 'release'> {
  if (text === '') return { epoch: undefined, version: undefined, release: undefined };
  const colon = text.indexOf(':');
  const epoch = colon > 0 ? text.slice(0, colon) : '0';
  const rest = text.slice(colon + 1);
  const dash = rest.indexOf('-');
  const version = dash < 0 ? rest : rest.slice(0, dash);
  const release = dash < 0 ? '' : rest.slice(dash + 1);
  return {
    epoch: /^[0-9]+$/.test(epoch) ? String(Number(epoch)) : undefined,
    version: version === '' ? undefined : version,
    release: release === '' ? undefined : release,
  };
}
