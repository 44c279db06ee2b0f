import type { MirrorConfig, MirrorKeys, MirrorLayout } from '../mirror/mirror-config.ts';
import { type MirrorPreset, mirrorPreset, type PresetArchitecture } from '../mirror/presets.ts';
import type { Folders } from './build-settings.ts';
import { entryOf } from './facts.ts';
import { operatingSystems } from './operating-systems.ts';
import { resolvePath } from './resolve-path.ts';
import type { Config, MirrorEntry } from './schema.ts';

/** Resolves a mirror's preset, defaults and paths; undefined where the checks have found it wrong. */
export function buildMirror(
  name: string,
  mirror: MirrorEntry,
  config: Config,
  folders: Folders,
): MirrorConfig | undefined {
  const preset = presetOf(mirror);
  const from = mirror.from ?? (preset && [preset.from]);
  if (from === undefined) return undefined;
  const keys = keysOf(mirror, preset, { product: folders.product, own: folders.folderOf(['mirrors', name]) });
  const layout = preset?.layout ?? layoutOf(mirror);
  const trust = mirror.trust ?? preset?.trust ?? (keys.length > 0 ? 'required' : 'none');
  // Whoever may change unsigned metadata may also list his own packages in them.
  const needsSigned = layout.kind === 'yum' && keys.length > 0 && trust === 'if-present';
  const {
    os,
    schedule,
    blackout,
    packages = needsSigned ? 'signed' : 'listed',
    keep,
    connections,
    exclude,
    allowMissing,
  } = mirror;
  return {
    name,
    os,
    from,
    layout,
    installFrom: preset?.installFrom ?? mirror.repositories[0] ?? splitSuite(mirror.suites[0] ?? '').archive,
    boot: preset?.boot,
    mode: mirror.mode ?? (preset?.isFrozen ? 'frozen' : 'sync'),
    schedule,
    timezone: mirror.timezone ?? config.defaults.timezone,
    jitterSeconds: mirror.jitter,
    blackout,
    keys,
    trust,
    packages,
    keep,
    bandwidth: mirror.bandwidth ?? { windows: [] },
    connections,
    exclude,
    allowMissing,
  };
}

/** The preset that an entry names, for its architecture. */
export function presetOf({ preset, architectures }: MirrorEntry): MirrorPreset | undefined {
  const [architecture = 'x86_64'] = architectures;
  if (preset === undefined || (architecture !== 'x86_64' && architecture !== 'aarch64')) return undefined;
  return mirrorPreset(preset, architecture satisfies PresetArchitecture);
}

function keysOf(
  { keys, fingerprints }: MirrorEntry,
  preset: MirrorPreset | undefined,
  folders: { readonly product: string; readonly own: string },
): MirrorKeys[] {
  const isChosen = fingerprints.length > 0;
  const counting = isChosen ? fingerprints : (preset?.keys.fingerprints ?? []);
  const known = !isChosen && counting.length > 0 && { isAnyEnough: true };
  if (keys.length > 0) {
    return keys.map((file) => ({ file: resolvePath(folders.own, file), fingerprints: counting, ...known }));
  }
  switch (preset?.keys.kind) {
    case 'package':
      return [{ file: preset.keys.file, fingerprints: counting }];
    case 'shipped':
      return [{ file: resolvePath(folders.product, `keys/${preset.keys.file}`), fingerprints: counting }];
    default:
      return [];
  }
}

function layoutOf(mirror: MirrorEntry): MirrorLayout {
  const { architectures, repositories, suites, components, os } = mirror;
  const kind = mirror.kind ?? kindOf(os);
  if (kind === 'yum') {
    const folders = repositories.length > 0 ? repositories : [''];
    const more = { withIso: false, withVariants: true, optionalFiles: [] };
    return { kind, options: { repositories: folders, architectures, ...more } };
  }
  if (kind === 'files') return { kind };
  const system = entryOf(operatingSystems, os);
  const codename = system?.family === 'debian' ? system.codename : undefined;
  const names = suites.length > 0 ? suites : codename === undefined ? [] : [codename, `${codename}-updates`];
  return {
    kind,
    options: {
      suites: names.map((one) => ({ ...splitSuite(one), components })),
      architectures: architectures.length > 0 ? architectures : ['amd64'],
      languages: ['en'],
      withInstaller: codename !== undefined,
    },
  };
}

/** `debian-security/bookworm-security`: a suite of one of several archives below the same root. */
function splitSuite(text: string): { readonly archive: string; readonly name: string } {
  const slash = text.indexOf('/');
  // Security suites of old releases have a slash of their own: `buster/updates`.
  if (slash < 0 || /\/updates$/.test(text)) return { archive: '', name: text };
  return { archive: text.slice(0, slash), name: text.slice(slash + 1) };
}

/** How the metadata of an operating system's packages are read. */
export function kindOf(os: string | undefined): 'yum' | 'apt' | 'files' {
  switch (entryOf(operatingSystems, os)?.family) {
    case 'anaconda':
      return 'yum';
    case 'debian':
    case 'ubuntu':
      return 'apt';
    default:
      return 'files';
  }
}

/** Whether a mirror has the ISO of a live server, with what boots it: by a preset, or imported. */
export function holdsLiveIso(entry: MirrorEntry | undefined): boolean {
  if (entry === undefined) return false;
  const preset = presetOf(entry);
  if (preset !== undefined) return preset.layout.kind === 'sums';
  const isMedium = entry.from?.every((one) => /^file:.*\.iso$/i.test(one)) === true;
  return isMedium && entry.kind === 'files' && entryOf(operatingSystems, entry.os)?.family === 'ubuntu';
}
