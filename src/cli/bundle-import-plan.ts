import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { foreignValue } from '../config/bundle-entries.ts';
import { type EditedSection, type MachineEdit, type MachineValues, writtenMachines } from '../config/edit.ts';
import { type BundleFile, type BundleHead, formatHead } from '../io/bundle/bundle-head.ts';
import { compareMirror } from '../io/bundle/import-mirror.ts';
import type { ReadBundle } from '../io/bundle/read-bundle.ts';
import { ApiFailure } from './client.ts';
import type { OpenConfiguration } from './config-edit.ts';

/** What an import is to do here. */
export interface ImportPlan {
  /** Where the bundle's own files go: a folder beside the configuration that no other bundle has. */
  readonly folder: string;
  readonly edits: readonly MachineEdit[];
  /** In sentences. */
  readonly changes: readonly string[];
  /** What speaks against it, and is overruled by --replace. */
  readonly doubts: readonly string[];
}

export interface ImportPlanOptions {
  readonly opened: OpenConfiguration;
  /** `mirrors` of the data folder. */
  readonly root: string;
  readonly bundle: ReadBundle;
  readonly isReplacing: boolean;
}

/** Compares a bundle with what is here. Changes nothing; throws ApiFailure when it would overwrite something that is different. */
export function planImport({ opened, root, bundle, isReplacing }: ImportPlanOptions): ImportPlan {
  const { head } = bundle;
  refuseForeign(head);
  const id = createHash('sha256').update(formatHead(head)).digest('hex').slice(0, 8);
  const below = `bundles/${head.profile.name}-${id}`;
  const folder = join(folderOf(opened.path), below);
  const { edits, changes, different } = planEntries(opened, head, below);
  for (const file of head.files) {
    const kind = compareFile(join(folder, file.name), file);
    if (kind === 'other') different.push(join(folder, file.name));
    if (kind !== 'same') changes.push(`write ${join(folder, file.name)}`);
  }
  const doubts: string[] = [];
  for (const mirror of head.mirrors) {
    const change = compareMirror(root, mirror, Date.now());
    if (change.kind !== 'same') changes.push(`serve ${mirror.snapshot.id} as the mirror ${mirror.name}`);
    doubts.push(...change.doubts.map((one) => `mirror ${mirror.name}: ${one}`));
  }
  const against = [...different.map((one) => `${one} is different here`), ...doubts];
  if (against.length > 0 && !isReplacing) {
    const hint = 'Nothing was changed. Use --replace to let the archive win.';
    throw new ApiFailure({ code: 'edit-refused', message: against.join('\n'), hint });
  }
  return {
    folder,
    edits,
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
      different.push(what);
      changes.push(`replace ${what} in the configuration`);
    }
  };
  for (const { name, values } of head.mirrors) place('mirrors', name, withFiles(head, 'mirrors', name, values, below));
  const { name, values } = head.profile;
  place('profiles', name, withFiles(head, 'profiles', name, values, below));
  return { edits, changes, different };
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

function compareFile(path: string, { bytes, sha256 }: BundleFile): 'new' | 'same' | 'other' {
  if (!existsSync(path)) return 'new';
  if (statSync(path).size !== bytes) return 'other';
  return createHash('sha256').update(readFileSync(path)).digest('hex') === sha256 ? 'same' : 'other';
}
