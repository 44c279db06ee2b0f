import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { foreignValue } from '../config/bundle-entries.ts';
import { type EditedSection, type MachineEdit, type MachineValues, writtenMachines } from '../config/edit.ts';
import { type BundleFile, type BundleHead, formatHead } from '../io/bundle/bundle-head.ts';
import { isContent } from '../io/bundle/copy-content.ts';
import { compareLoaders } from '../io/bundle/import-loaders.ts';
import { compareMirror } from '../io/bundle/import-mirror.ts';
import type { ReadBundle } from '../io/bundle/read-bundle.ts';
import { IMPORTED_FOLDER } from '../io/loaders/imported-loaders.ts';
import { ApiFailure } from './client.ts';
import type { OpenConfiguration } from './config-edit.ts';

/** What an import is to do here. */
export interface ImportPlan {
  /** Where the bundle's own files go: a folder beside the configuration that no other bundle has. */
  readonly folder: string;
  readonly edits: readonly MachineEdit[];
  /** There are loaders in it that are not here. */
  readonly bringsLoaders: boolean;
  /** In sentences. */
  readonly changes: readonly string[];
  /** What speaks against it, and is overruled by --replace. */
  readonly doubts: readonly string[];
}

export interface ImportPlanOptions {
  readonly opened: OpenConfiguration;
  /** The data folder. */
  readonly data: string;
  readonly bundle: ReadBundle;
  readonly isReplacing: boolean;
}

/** Compares a bundle with what is here. Changes nothing; throws ApiFailure when it would overwrite something that is different. */
export async function planImport(options: ImportPlanOptions): Promise<ImportPlan> {
  const { opened, data, isReplacing } = options;
  const { head } = options.bundle;
  refuseForeign(head);
  const id = createHash('sha256').update(formatHead(head)).digest('hex').slice(0, 8);
  const below = `bundles/${head.profile.name}-${id}`;
  const folder = join(folderOf(opened.path), below);
  const { edits, changes, different } = planEntries(opened, head, below);
  const changed = await changedTemplate(opened, head);
  if (changed !== undefined) different.push(changed);
  for (const file of head.files) {
    const kind = await compareFile(join(folder, file.name), file);
    if (kind === 'other') different.push(join(folder, file.name));
    if (kind !== 'same') changes.push(`write ${join(folder, file.name)}`);
  }
  const doubts: string[] = [];
  for (const mirror of head.mirrors) {
    const change = compareMirror(join(data, 'mirrors'), mirror, Date.now());
    if (change.kind !== 'same') changes.push(`serve ${mirror.snapshot.id} as the mirror ${mirror.name}`);
    doubts.push(...change.doubts.map((one) => `mirror ${mirror.name}: ${one}`));
  }
  const loaders = await compareLoaders(join(data, IMPORTED_FOLDER), head.loaders);
  changes.push(...loaders.changes);
  doubts.push(...loaders.doubts);
  const against = [...[...new Set(different)].map((one) => `${one} is different here`), ...doubts];
  if (against.length > 0 && !isReplacing) {
    const hint = 'Nothing was changed. Use --replace to let the archive win.';
    throw new ApiFailure({ code: 'edit-refused', message: against.join('\n'), hint });
  }
  return {
    folder,
    edits,
    bringsLoaders: loaders.changes.length > 0,
    changes: changes.length === 0 ? ['change nothing: all of it is here'] : changes,
    doubts: against,
  };
}

function refuseForeign({ profile, mirrors }: BundleHead): void {
  const entries = [
    ...mirrors.map((one) => ({ section: 'mirrors', ...one }) as const),
    { section: 'profiles', ...profile } as const,
  ];
  for (const { section, name, values } of entries) {
    const key = foreignValue(section, values);
    if (key === undefined) continue;
    const message = `${section}.${name}.${key} of the archive is not what rackready writes: it was changed on its way`;
    const hint = 'Nothing was changed. Compare its checksum with what `rackready bundle` printed, and fetch it anew.';
    throw new ApiFailure({ code: 'bundle-refused', message, hint });
  }
}

/** Relative paths of a configuration start from the folder of the file that has them. */
function folderOf(path: string): string {
  return statSync(path).isDirectory() ? resolve(path) : dirname(resolve(path));
}

function planEntries({ texts }: OpenConfiguration, head: BundleHead, below: string) {
  const edits: MachineEdit[] = [];
  const changes: string[] = [];
  const different: string[] = [];
  const place = (section: EditedSection, name: string, values: MachineValues) => {
    const known = writtenMachines(texts, section);
    const what = `the ${section.slice(0, -1)} ${name}`;
    if (!Object.hasOwn(known, name)) {
      edits.push({ kind: 'add', section, machines: { [name]: values } });
      changes.push(`write ${what} into the configuration`);
    } else if (!isDeepStrictEqual(known[name], values)) {
      edits.push({ kind: 'replace', section, name, values });
      if (!isDeepStrictEqual(movedTo(below, known[name]), values)) different.push(what);
      changes.push(`replace ${what} in the configuration`);
    }
  };
  for (const { name, values } of head.mirrors) place('mirrors', name, withFiles(head, 'mirrors', name, values, below));
  const { name, values } = head.profile;
  place('profiles', name, withFiles(head, 'profiles', name, values, below));
  return { edits, changes, different };
}

/** Where archives have their own files. */
const OF_BUNDLES = /^bundles\/[^/]+-[0-9a-f]{8}(?=\/)/;

/** An entry as it is when another archive has brought its files: each has a folder of its own. */
function movedTo(below: string, values: MachineValues | undefined): MachineValues {
  const moved = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(moved);
    return typeof value === 'string' ? value.replace(OF_BUNDLES, below) : value;
  };
  return Object.fromEntries(Object.entries(values ?? {}).map(([key, value]) => [key, moved(value)]));
}

/** The template of an earlier archive, where this one's is another: somebody may have changed it here. */
async function changedTemplate({ texts, path }: OpenConfiguration, head: BundleHead): Promise<string | undefined> {
  const written = writtenMachines(texts, 'profiles');
  const { answerFile } = (Object.hasOwn(written, head.profile.name) ? written[head.profile.name] : undefined) ?? {};
  const file = head.files.find(({ key }) => key === 'answerFile');
  if (typeof answerFile !== 'string' || !OF_BUNDLES.test(answerFile) || file === undefined) return undefined;
  const before = join(folderOf(path), answerFile);
  return (await compareFile(before, file)) === 'other' ? before : undefined;
}

/** The values of an entry with the keys that name files. */
function withFiles(
  { files }: BundleHead,
  section: BundleFile['section'],
  entry: string,
  values: MachineValues,
  below: string,
): MachineValues {
  const own = files.filter((file) => file.section === section && file.entry === entry);
  const named: Record<string, unknown> = {};
  for (const { key, name } of own) {
    const path = `${below}/${name}`;
    if (key === 'keys') named.keys = [...((named.keys as string[] | undefined) ?? []), path];
    else named[key] = path;
  }
  return { ...values, ...named };
}

async function compareFile(path: string, { bytes, sha256 }: BundleFile): Promise<'new' | 'same' | 'other'> {
  if (!existsSync(path)) return 'new';
  return (await isContent({ path, bytes, sha256 })) ? 'same' : 'other';
}
