import { type Dependencies, readDependencies } from './dependencies.ts';
import type { RpmHead } from './header.ts';

/** A file of a package; `''` is an ordinary one. */
export interface RpmFile {
  readonly path: string;
  readonly type: '' | 'dir' | 'ghost';
}

export interface RpmChange {
  readonly author: string;
  /** Seconds since 1970. */
  readonly date: number;
  readonly text: string;
}

/** What the metadata of a repository say of a package. Texts are '' where the package has none. */
export interface RpmPackage {
  readonly name: string;
  readonly arch: string;
  readonly epoch: number;
  readonly version: string;
  readonly release: string;
  readonly summary: string;
  readonly description: string;
  readonly packager: string;
  readonly url: string;
  readonly license: string;
  readonly vendor: string;
  readonly group: string;
  readonly buildHost: string;
  readonly sourceRpm: string;
  /** Seconds since 1970. */
  readonly buildTime: number;
  /** Bytes when installed, and of the uncompressed payload. */
  readonly installedBytes: number;
  readonly archiveBytes: number;
  readonly headerStart: number;
  readonly headerEnd: number;
  readonly files: readonly RpmFile[];
  readonly dependencies: Dependencies;
  /** The last ten, the oldest first. */
  readonly changes: readonly RpmChange[];
}

/** rpm's lib/rpmtag.h. */
const TAGS = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  summary: 1004,
  description: 1005,
  buildTime: 1006,
  buildHost: 1007,
  size: 1009,
  vendor: 1011,
  license: 1014,
  packager: 1015,
  group: 1016,
  url: 1020,
  arch: 1022,
  oldFileNames: 1027,
  fileModes: 1030,
  fileFlags: 1037,
  sourceRpm: 1044,
  archiveSize: 1046,
  changeTimes: 1080,
  changeNames: 1081,
  changeTexts: 1082,
  sourcePackage: 1106,
  dirIndexes: 1116,
  baseNames: 1117,
  dirNames: 1118,
  longSize: 5009,
  longArchiveSize: 271,
} as const;
/** In the signature. */
const PAYLOAD_SIZE = 1007;

const MOST_CHANGES = 10;
const GHOST = 1 << 6;
const MODE_KIND = 0o170000;
const MODE_DIR = 0o040000;

/** Reads what createrepo_c writes of a package, from its head. */
export function readRpmPackage(head: RpmHead): RpmPackage {
  const { header, signature } = head;
  const text = (tag: number) => header.text(tag) ?? '';
  const files = readFiles(head);
  const isSource = header.number(TAGS.sourcePackage) !== undefined || header.text(TAGS.sourceRpm) === undefined;
  return {
    name: text(TAGS.name),
    arch: isSource ? 'src' : text(TAGS.arch),
    epoch: header.number(TAGS.epoch) ?? 0,
    version: text(TAGS.version),
    release: text(TAGS.release),
    summary: text(TAGS.summary),
    description: text(TAGS.description),
    packager: text(TAGS.packager),
    url: text(TAGS.url),
    license: text(TAGS.license),
    vendor: text(TAGS.vendor),
    group: text(TAGS.group),
    buildHost: text(TAGS.buildHost),
    sourceRpm: text(TAGS.sourceRpm),
    buildTime: header.number(TAGS.buildTime) ?? 0,
    installedBytes: header.number(TAGS.longSize) ?? header.number(TAGS.size) ?? 0,
    archiveBytes:
      signature.number(TAGS.longArchiveSize) ??
      signature.number(PAYLOAD_SIZE) ??
      header.number(TAGS.longArchiveSize) ??
      header.number(TAGS.archiveSize) ??
      0,
    headerStart: head.start,
    headerEnd: head.end,
    files,
    dependencies: readDependencies(header, new Set(files.map(({ path }) => path))),
    changes: readChanges(head),
  };
}

function readFiles({ header }: RpmHead): readonly RpmFile[] {
  const folders = header.texts(TAGS.dirNames);
  const indexes = header.numbers(TAGS.dirIndexes);
  const names = header.texts(TAGS.baseNames);
  const paths =
    names.length > 0
      ? names.map((name, index) => `${folders[indexes[index] ?? 0] ?? ''}${name}`)
      : header.texts(TAGS.oldFileNames);
  const modes = header.numbers(TAGS.fileModes);
  const flags = header.numbers(TAGS.fileFlags);
  return paths.map((path, index) => {
    const isFolder = ((modes[index] ?? 0) & MODE_KIND) === MODE_DIR;
    const isGhost = ((flags[index] ?? 0) & GHOST) !== 0;
    return { path, type: isFolder ? 'dir' : isGhost ? 'ghost' : '' };
  });
}

/** Packages list the newest first. Of those with one date, each older one counts as a second earlier: the order has to last. */
function readChanges({ header }: RpmHead): readonly RpmChange[] {
  const names = header.texts(TAGS.changeNames);
  const texts = header.texts(TAGS.changeTexts);
  const times = header.numbers(TAGS.changeTimes).slice(0, MOST_CHANGES);
  return times
    .map((time, index) => {
      const sameAfter = times.slice(index + 1).findIndex((other) => other !== time);
      const behind = sameAfter < 0 ? times.length - index - 1 : sameAfter;
      return { author: (names[index] ?? '').trimEnd(), date: time + behind, text: texts[index] ?? '' };
    })
    .toReversed();
}
