import { broken } from '../failure.ts';
import type { Digest } from '../plan.ts';
import { textOf } from '../text.ts';
import { yumDigest } from './checksum.ts';

/** A repository that belongs to the tree: a variant (BaseOS, AppStream) or an add-on of RHEL 7. */
export interface TreeVariant {
  readonly uid: string;
  /** From the tree's folder; may lead out of it (`../../../AppStream/x86_64/os/`). Undefined where none is named. */
  readonly repository: string | undefined;
}

/** What `.treeinfo` says to an installer. Paths are from the tree's folder and not yet confined. */
export interface Treeinfo {
  readonly arch: string;
  /** Kernel, initrd, ISO of every platform. `boot.iso` and the like by their key. */
  readonly images: readonly { readonly platform: string; readonly name: string; readonly path: string }[];
  /** `mainimage` and `instimage`. */
  readonly stage2: readonly string[];
  readonly checksums: ReadonlyMap<string, Digest>;
  readonly variants: readonly TreeVariant[];
}

const LONGEST = 1 << 20;
/** Fedora and RHEL have less than ten. */
const MOST_VARIANTS = 200;

/**
 * Reads `.treeinfo` (productmd 1.0 to 1.2 and what was before it: sections without header, without checksums). It is INI: comments
 * with `;` and `#`, keys with `/` and `.`, values that go on in indented lines. Throws `upstream-failed` that names `file`.
 */
export function parseTreeinfo(file: string, bytes: Uint8Array): Treeinfo {
  const sections = parseIni(file, bytes);
  const general = sections.get('general');
  const tree = sections.get('tree');
  const images = [...sections]
    .filter(([name]) => name.startsWith('images-'))
    .flatMap(([section, keys]) =>
      [...keys].map(([name, path]) => ({ platform: section.slice('images-'.length), name, path })),
    );
  const checksums = new Map<string, Digest>();
  for (const [path, value] of sections.get('checksums') ?? []) {
    const [type, hex] = value.split(':');
    const digest = yumDigest(type, hex);
    if (digest === undefined) throw broken(file, `the checksum of ${path} is "${value}", which cannot be read`);
    checksums.set(path, digest);
  }
  const variants = [...sections].flatMap(([section, keys]): TreeVariant[] => {
    const uid = /^(?:variant|addon)-(.+)$/.exec(section)?.[1];
    return uid === undefined ? [] : [{ uid, repository: keys.get('repository') }];
  });
  // Each of them is looked for.
  if (variants.length > MOST_VARIANTS) throw broken(file, `it names ${variants.length} repositories`);
  return {
    arch: tree?.get('arch') ?? general?.get('arch') ?? '',
    images,
    stage2: [...(sections.get('stage2')?.values() ?? [])],
    checksums,
    variants,
  };
}

type Ini = ReadonlyMap<string, ReadonlyMap<string, string>>;

function parseIni(file: string, bytes: Uint8Array): Ini {
  if (bytes.length > LONGEST) throw broken(file, `it has ${bytes.length} bytes: it is no .treeinfo`);
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  let lastKey: string | undefined;
  for (const [index, line] of textOf(bytes).split(/\r?\n/).entries()) {
    const text = line.trim();
    const fail = (what: string) => broken(file, `line ${index + 1}: ${what}`);
    if (text === '' || /^[;#]/.test(text)) continue;
    const head = /^\[([^\]]+)\]$/.exec(text)?.[1];
    if (head !== undefined) {
      section = sections.get(head) ?? new Map();
      sections.set(head, section);
      lastKey = undefined;
      continue;
    }
    if (section === undefined) throw fail('text before the first section: it is no .treeinfo');
    if (/^\s/.test(line) && lastKey !== undefined) {
      section.set(lastKey, `${section.get(lastKey) ?? ''} ${text}`.trim());
      continue;
    }
    const [, key = '', value = ''] = /^([^=:]+)[=:](.*)$/.exec(text) ?? [];
    if (key === '') throw fail(`"${text.slice(0, 80)}" is neither a section nor a key with a value`);
    lastKey = key.trimEnd();
    section.set(lastKey, value.trimStart());
  }
  return sections;
}

/**
 * The same `.treeinfo` without some variants (by uid), for a mirror that does not have their repositories: Anaconda takes every
 * variant that is named for one that is there, and stops. No signature is lost: there is none.
 */
export function withoutVariants(bytes: Uint8Array, uids: ReadonlySet<string>): string {
  const kept: string[] = [];
  let section = '';
  for (const line of textOf(bytes).split('\n')) {
    section = /^\[([^\]]+)\]\s*$/.exec(line.trim())?.[1] ?? section;
    const uid = /^(?:variant|addon)-(.+)$/.exec(section)?.[1];
    if (uid !== undefined && uids.has(uid)) continue;
    const list = /^(\s*(?:variants|addons)\s*[=:]\s*)(.*?)(\r?)$/.exec(line);
    if (list === null) kept.push(line);
    else kept.push(`${list[1]}${keepNames(list[2] ?? '', uids)}${list[3]}`);
  }
  return kept.join('\n');
}

function keepNames(list: string, uids: ReadonlySet<string>): string {
  const names = list.split(',').map((name) => name.trim());
  return names.filter((name) => !uids.has(name)).join(',');
}
