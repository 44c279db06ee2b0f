import { isoKind } from '../../mirror/iso/index-iso.ts';
import { parseTreeinfo } from '../../mirror/yum/treeinfo.ts';
import type { IsoFile } from './iso-file.ts';

/** How a medium is laid out, as the keys of a mirror in the configuration say it. */
export interface MediumLayout {
  readonly kind: 'yum' | 'apt' | 'files';
  /** yum: folders with `repodata/`; none: the root, or what `.treeinfo` there names. */
  readonly repositories: readonly string[];
  /** apt: below `dists/`. */
  readonly suites: readonly string[];
  readonly architectures: readonly string[];
  /** What it calls itself, written as profiles name operating systems (`rocky-9`), known to us or not; undefined: it does not say. */
  readonly os?: string | undefined;
}

const LONGEST_TEXT = 4 << 20;

/** Finds out what is on a medium. Rejects with `upstream-failed` when its own description cannot be read. */
export async function describeMedium(iso: IsoFile): Promise<MediumLayout> {
  const paths = [...iso.index.files.keys()];
  const repositories = paths.flatMap((path) => /^(?:(.+)\/)?repodata\/repomd\.xml$/.exec(path)?.slice(1, 2) ?? []);
  if (repositories.length > 0) return describeYum(iso, repositories.map((folder) => folder ?? '').sort());
  if (isoKind(iso.index) === 'ubuntu') {
    // Its archive is a part of what a system is installed from, and not kept up to date.
    const os = ubuntuName(await readText(iso, '.disk/info'));
    return { kind: 'files', repositories: [], suites: [], architectures: [], os };
  }
  const suites = new Set(paths.flatMap((path) => suiteOf(path) ?? []));
  if (suites.size > 0) return describeApt(iso, [...suites].sort());
  return { kind: 'files', repositories: [], suites: [], architectures: [] };
}

/** The suite that a file describes. Each folder of an index has a Release of its own, which nobody goes by. */
function suiteOf(path: string): string | undefined {
  if (/\/(binary-[^/]+|source)\/Release$/.test(path)) return undefined;
  return /^dists\/(.+)\/(?:InRelease|Release)$/.exec(path)?.[1];
}

async function describeYum(iso: IsoFile, folders: readonly string[]): Promise<MediumLayout> {
  const text = await readText(iso, '.treeinfo');
  const info = text === undefined ? undefined : parseTreeinfo('.treeinfo', Buffer.from(text));
  const isOneTree = folders.includes('') || (info !== undefined && info.variants.length > 0);
  const repositories = isOneTree ? [] : folders;
  return { kind: 'yum', repositories, suites: [], architectures: [], os: enterpriseName(text ?? '') };
}

/** `family = Rocky Linux`, `version = 9.4` of `[general]`, as every `.treeinfo` has them. */
function enterpriseName(treeinfo: string): string | undefined {
  const [, general = ''] = /^\[general\]\n([^[]*)/m.exec(treeinfo) ?? [];
  const value = (key: string) => new RegExp(`^${key}\\s*=\\s*(.+)$`, 'm').exec(general)?.[1]?.trim() ?? '';
  const [, family] = /^(rocky|alma|centos stream|centos|fedora)/i.exec(value('family')) ?? [];
  const [major] = value('version').split('.');
  return family && major ? `${family.toLowerCase().replace(' ', '-')}-${major}` : undefined;
}

function ubuntuName(info: string | undefined): string | undefined {
  const [, version] = /^Ubuntu\S* (\d\d\.\d\d)/.exec(info ?? '') ?? [];
  return version && `ubuntu-${version}`;
}

/** Media of Debian do not have the installer for the network, so that they are an archive of packages like any other. */
async function describeApt(iso: IsoFile, suites: readonly string[]): Promise<MediumLayout> {
  const release =
    (await readText(iso, `dists/${suites[0]}/Release`)) ?? (await readText(iso, `dists/${suites[0]}/InRelease`));
  const [, named = ''] = /^Architectures: (.*)$/m.exec(release ?? '') ?? [];
  const architectures = named.split(/\s+/).filter((one) => one !== '' && one !== 'all' && one !== 'source');
  return { kind: 'apt', repositories: [], suites, architectures };
}

async function readText({ reader }: IsoFile, path: string): Promise<string | undefined> {
  const bytes = await reader.read(path, { maxBytes: LONGEST_TEXT });
  return bytes === 'absent' ? undefined : Buffer.from(bytes).toString('utf8');
}
