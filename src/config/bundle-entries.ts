import { basename } from 'node:path';
import type { Profile } from '../boot/profile.ts';
import type { MirrorConfig } from '../mirror/mirror-config.ts';
import type { MachineValues } from './edit.ts';
import { mirrorName } from './operating-systems.ts';
import type { Settings } from './settings.ts';

/** A file of this host that an entry needs, and the key that is to name it. */
export interface BundledFile {
  /** Its own name among the files of a bundle. */
  readonly name: string;
  readonly section: 'profiles' | 'mirrors';
  readonly entry: string;
  readonly key: 'answerFile' | 'kernel' | 'initrd' | 'iso' | 'keys';
  readonly path: string;
}

/** What of a configuration another host needs for a profile. */
export interface BundleEntries {
  /** As it is to be written there, but for the keys that name files. */
  readonly profile: MachineValues;
  readonly mirrors: readonly { readonly name: string; readonly values: MachineValues }[];
  readonly files: readonly BundledFile[];
  /** What is not taken along, in sentences. */
  readonly leftOut: readonly string[];
}

export interface BundleSources {
  readonly settings: Settings;
  /** Entries as they are written, by section. */
  readonly written: {
    readonly profiles: Record<string, MachineValues>;
    readonly mirrors: Record<string, MachineValues>;
  };
  /** The product's own folder: templates below it are there on every host. */
  readonly productFolder: string;
  /** Whether the state of a mirror that is taken along has a file that boots an installer. */
  readonly bootsFrom: (mirror: string, path: string) => boolean;
}

/** Keys of a mirror that only say when and how it follows its upstream. */
const OF_RUNS = [
  'schedule',
  'timezone',
  'jitter',
  'blackout',
  'bandwidth',
  'connections',
  'mode',
  'keys',
  'fingerprints',
];

/**
 * The first value that no bundle has: an archive may have been changed on its way, and must not have this host serve its own files or
 * follow an upstream. Its files come below `files`, and get their names here.
 */
export function foreignValue(section: 'profiles' | 'mirrors', values: MachineValues): string | undefined {
  if (section === 'mirrors') {
    if (values.mode !== 'frozen') return 'mode';
    return OF_RUNS.find((key) => key !== 'mode' && key !== 'fingerprints' && values[key] !== undefined);
  }
  const { source = 'mirror:', answerFile } = values;
  if (answerFile !== undefined) return 'answerFile';
  if (!`${source}`.startsWith('mirror:')) return 'source';
  return ['kernel', 'initrd', 'iso'].find((key) => values[key] !== undefined && !/^https?:/.test(`${values[key]}`));
}

/** `more`: mirrors that the profile's template uses besides its source. A refusal is a sentence, with what to do next. */
export function bundleEntries(
  sources: BundleSources,
  name: string,
  more: readonly string[],
): BundleEntries | { readonly problem: string; readonly hint: string } {
  const { settings, written } = sources;
  const profile = settings.profiles.get(name);
  if (profile === undefined) {
    const known = [...settings.profiles.keys()].join(', ') || 'none';
    return { problem: `there is no profile ${name}`, hint: `Profiles of the configuration: ${known}.` };
  }
  const own = mirrorName(profile.source);
  if (profile.source !== undefined && own === undefined) {
    return {
      problem: `the packages of ${name} come from ${profile.source}, which an air-gapped host does not have`,
      hint: 'Make a mirror of it (docs/mirrors.md: from takes a folder as file:///PATH, too), and give the profile source: mirror:NAME.',
    };
  }
  // A template of one's own may name another mirror.
  if (
    profile.source === undefined &&
    profile.family === 'debian' &&
    isBelow(sources, 'templates', profile.answerFile)
  ) {
    return {
      problem: `${name} has no source: its packages come from Debian’s own archive, which an air-gapped host does not have`,
      hint: `Make a mirror of it (rackready mirror add ${profile.os}), and give the profile source: mirror:${profile.os}.`,
    };
  }
  const mirrors: MirrorConfig[] = [];
  for (const one of new Set([...(own === undefined ? [] : [own]), ...more])) {
    const mirror = settings.mirrors.get(one);
    if (mirror === undefined)
      return { problem: `there is no mirror ${one}`, hint: 'List them with: rackready mirror list' };
    mirrors.push(mirror);
  }
  const {
    kernel: _kernel,
    initrd: _initrd,
    iso: _iso,
    answerFile: _answerFile,
    ...values
  } = written.profiles[name] ?? {};
  const files = [...filesOfProfile(sources, profile), ...mirrors.flatMap((mirror) => filesOfMirror(sources, mirror))];
  return {
    profile: { ...values, ...urlsOf(profile) },
    mirrors: mirrors.map((mirror) => ({
      name: mirror.name,
      values: valuesOf(mirror, written.mirrors[mirror.name] ?? {}),
    })),
    files,
    leftOut: leftOut(profile, files),
  };
}

/** The profile's own files, and those of this host's packages that its mirror does not have. */
function filesOfProfile(sources: BundleSources, profile: Profile): BundledFile[] {
  const { inMirror, iso, answerFile } = profile;
  const mirror = mirrorName(profile.source) ?? '';
  const fromMirror = inMirror && [inMirror.kernel, inMirror.initrd].every((path) => sources.bootsFrom(mirror, path));
  const found: (readonly [BundledFile['key'], string | undefined])[] = [
    ['answerFile', isBelow(sources, 'templates', answerFile) ? undefined : answerFile],
    ['kernel', fromMirror ? undefined : profile.kernel],
    ['initrd', fromMirror ? undefined : profile.initrd],
    ['iso', iso],
  ];
  return found.flatMap(([key, path]) =>
    path?.startsWith('/')
      ? [{ name: safeName(`${key}-${basename(path)}`), section: 'profiles', entry: profile.name, key, path }]
      : [],
  );
}

/** Whether a file comes with rackready. */
function isBelow({ productFolder }: BundleSources, folder: 'templates' | 'keys', path: string): boolean {
  return path.startsWith(`${productFolder.replace(/\/$/, '')}/${folder}/`);
}

/** What is an address stays one. */
function urlsOf(profile: Profile): MachineValues {
  const { kernel, initrd, iso } = profile;
  const urls = Object.entries({ kernel, initrd, iso }).filter(([, value]) => /^https?:/.test(value ?? ''));
  return Object.fromEntries(urls.map(([key, url = '']) => [key, withoutPassword(url)]));
}

/** Keys that come with rackready are on the other host, too. */
function filesOfMirror(sources: BundleSources, { name, keys }: MirrorConfig): BundledFile[] {
  const taken = keys.filter(({ file }) => !isBelow(sources, 'keys', file));
  return taken.map(({ file }, index) => ({
    name: safeName(`${name}-keys${index}-${basename(file)}`),
    section: 'mirrors',
    entry: name,
    key: 'keys',
    path: file,
  }));
}

/** It stays as it is: there is no upstream where it goes. Passwords in its address are nobody's business there. */
function valuesOf({ from, trust, keys }: MirrorConfig, written: MachineValues): MachineValues {
  const kept = Object.fromEntries(Object.entries(written).filter(([key]) => !OF_RUNS.includes(key)));
  const fingerprints = [...new Set(keys.flatMap((one) => (one.isAnyEnough ? [] : one.fingerprints)))];
  return {
    ...kept,
    from: from.map(withoutPassword),
    mode: 'frozen',
    trust,
    ...(fingerprints.length > 0 && { fingerprints }),
  };
}

function withoutPassword(url: string): string {
  return url.replace(/^([a-z]+:\/\/)[^/]*@/i, '$1');
}

function leftOut({ os, kernel, initrd, iso, answerFile, source }: Profile, files: readonly BundledFile[]): string[] {
  const urls = [kernel, initrd, iso].filter((one) => /^https?:/.test(one ?? ''));
  return [
    'machines, networks and defaults (keys, passwords, vars): they are the other host’s own',
    ...(source === undefined && os !== 'custom'
      ? ['packages: the profile names no mirror (source: mirror:NAME), so its installer fetches them from the internet']
      : []),
    ...urls.map((url = '') => `${withoutPassword(url)}: it is fetched by the machines`),
    ...(files.some(({ key }) => key === 'answerFile') ? [] : [`${basename(answerFile)}: it comes with rackready`]),
  ];
}

function safeName(name: string): string {
  return name
    .replace(/[^A-Za-z0-9._+-]/g, '-')
    .slice(-200)
    .replace(/^[^A-Za-z0-9]/, 'x');
}
