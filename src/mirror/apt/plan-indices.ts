import { broken } from '../failure.ts';
import type { PlannedFile } from '../plan.ts';
import type { PlanDraft } from '../plan-draft.ts';
import { fitsGlob } from '../run/glob.ts';
import { folderOf } from '../tree-path.ts';
import type { AptOptions, AptSuite } from './plan-apt.ts';
import type { ReadSuite } from './read-suite.ts';
import { hashFields, type ReleaseFile } from './release.ts';

export interface PickedIndices {
  /** Every index that a client may ask for. */
  readonly all: readonly ReleaseFile[];
  /** The same uncompressed: listed, hardly ever there, and asked for by some where it is. */
  readonly uncompressed: readonly ReleaseFile[];
  /** Of the Packages files one each, in a compression that can be opened here. */
  readonly packages: readonly ReleaseFile[];
}

/** What clients prefer, and can be opened here. */
const OPENED = ['.xz', '.gz', '.zst'];
const CLOSED = ['.bz2', '.lzma'];

/**
 * Of everything that a Release file lists (sources, contents, all architectures) the indices that an installation asks for: the
 * Packages of each component, those of the installer, descriptions. apt fails when one that is listed is missing.
 */
export function pickIndices(suite: ReadSuite, wanted: AptSuite, options: AptOptions): PickedIndices {
  const { release, folder } = suite;
  const components = wanted.components.length > 0 ? wanted.components : release.components;
  const architectures = [...options.architectures, ...(release.hasArchitectureAll ? ['all'] : [])];
  const all: ReleaseFile[] = [];
  const packages: ReleaseFile[] = [];
  const uncompressed: ReleaseFile[] = [];
  const take = (base: string): boolean => {
    const variants = variantsOf(suite, base);
    all.push(...variants);
    const open = release.files.get(base);
    if (open !== undefined && !variants.includes(open)) uncompressed.push(open);
    return variants.length > 0;
  };
  for (const component of components) {
    const places = architectures.flatMap((architecture) => [
      `${component}/binary-${architecture}`,
      ...(options.withInstaller ? [`${component}/debian-installer/binary-${architecture}`] : []),
    ]);
    let isThere = false;
    for (const place of places) {
      const isExcluded = fitsGlob(`${folder}/${place}/Packages.xz`, options.exclude ?? []);
      const isTaken = !isExcluded && take(`${place}/Packages`);
      isThere ||= isTaken || isExcluded;
      if (!isTaken) continue;
      packages.push(readable(suite, `${place}/Packages`));
      const itself = release.files.get(`${place}/Release`);
      if (itself !== undefined) all.push(itself);
    }
    if (!isThere) throw broken(`${folder}/InRelease`, whatIsMissing(component, options.architectures, release));
    for (const language of options.languages) take(`${component}/i18n/Translation-${language}`);
  }
  return { all, uncompressed, packages };
}

function whatIsMissing(component: string, wanted: readonly string[], release: ReadSuite['release']): string {
  const has = `it has the components ${release.components.join(', ')} and the architectures ${release.architectures.join(', ')}`;
  return `it lists no Packages of ${component} for ${wanted.join(', ')}: ${has}`;
}

/** The forms of an index that are on upstreams: those compressed for apt, else older ones, else the file itself. */
function variantsOf({ release }: ReadSuite, base: string): readonly ReleaseFile[] {
  const listed = (suffixes: readonly string[]) =>
    suffixes.flatMap((suffix) => {
      const file = release.files.get(`${base}${suffix}`);
      return file === undefined ? [] : [file];
    });
  for (const suffixes of [OPENED, CLOSED, ['']]) {
    const found = listed(suffixes);
    if (found.length > 0) return found;
  }
  return [];
}

function readable(suite: ReadSuite, base: string): ReleaseFile {
  const found = variantsOf(suite, base).find(({ path }) => !CLOSED.some((suffix) => path.endsWith(suffix)));
  if (found !== undefined) return found;
  throw broken(
    `${suite.folder}/${base}`,
    'upstream has it only compressed by bzip2 or lzma, which cannot be read here',
  );
}

export function addIndices(draft: PlanDraft, suite: ReadSuite, indices: PickedIndices): void {
  for (const index of indices.all) draft.add(plannedIndex(suite, index), suite.folder);
  for (const index of indices.uncompressed)
    draft.add({ ...plannedIndex(suite, index), isOptional: true }, suite.folder);
}

/** With the names by hash that clients ask for, when the suite has them. */
export function plannedIndex({ folder, release }: ReadSuite, { path, bytes, digests }: ReleaseFile): PlannedFile {
  const place = `${folder}/${path}`;
  const strong = digests.filter(({ algorithm }) => algorithm === 'sha512' || algorithm === 'sha256');
  const aliases = strong.map(({ algorithm, hex }) => `${folderOf(place)}/by-hash/${hashFields[algorithm]}/${hex}`);
  const byHash = release.hasByHash && aliases.length > 0 ? { aliases } : {};
  return { path: place, ...byHash, bytes, digests, role: 'metadata', isOptional: false };
}
