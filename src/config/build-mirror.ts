import type { MirrorConfig } from '../mirror/mirror-config.ts';
import type { Folders } from './build-settings.ts';
import { entryOf } from './facts.ts';
import { operatingSystems } from './operating-systems.ts';
import { resolvePath } from './resolve-path.ts';
import type { Config, MirrorEntry } from './schema.ts';

/** Resolves a mirror's defaults and paths. */
export function buildMirror(name: string, mirror: MirrorEntry, config: Config, folders: Folders): MirrorConfig {
  const { keys, fingerprints, bandwidth, jitter, timezone, trust, kind, ...same } = mirror;
  const folder = folders.folderOf(['mirrors', name]);
  return {
    ...same,
    name,
    kind: kind ?? kindOf(mirror.os),
    timezone: timezone ?? config.defaults.timezone,
    jitterSeconds: jitter,
    keys: keys.map((file) => ({ file: resolvePath(folder, file), fingerprints })),
    trust: trust ?? (keys.length > 0 ? 'required' : 'none'),
    bytesPerSecond: bandwidth,
  };
}

function kindOf(os: string | undefined): MirrorConfig['kind'] {
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
