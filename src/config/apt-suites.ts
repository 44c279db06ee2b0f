import type { AptSuite } from '../boot/profile.ts';
import type { MirrorConfig } from '../mirror/mirror-config.ts';
import { presetOf } from './build-mirror.ts';
import type { OperatingSystem } from './operating-systems.ts';
import type { MirrorEntry } from './schema.ts';

/** Where these systems have their archive's keys. */
const KEYRINGS: Readonly<Record<string, string>> = {
  debian: '/usr/share/keyrings/debian-archive-keyring.gpg',
  ubuntu: '/usr/share/keyrings/ubuntu-archive-keyring.gpg',
};
/** Of a mirror that takes all there are. Debian's installer takes microcode of its own accord; apt only warns of what is not there. */
const COMPONENTS: Readonly<Record<string, readonly string[]>> = {
  debian: ['main', 'non-free-firmware'],
  ubuntu: ['main', 'restricted', 'universe', 'multiverse'],
};

/** Whether the release that is installed from a mirror is there without this component. */
export function lacksFirmware({ layout }: MirrorConfig, { family, codename }: OperatingSystem): boolean {
  if (layout.kind !== 'apt' || family !== 'debian') return false;
  const { components = [] } = layout.options.suites.find(({ name }) => name === codename) ?? {};
  return components.length > 0 && !components.includes('non-free-firmware');
}

/**
 * Of the suites that a mirror has, those that a system of this release is kept up to date from. Those of another release, or that are
 * not released yet, must not get into its sources.
 */
export function aptSuitesOf(
  { layout, mode }: MirrorConfig,
  entry: MirrorEntry | undefined,
  { family, codename = '' }: OperatingSystem,
): AptSuite[] {
  if (layout.kind !== 'apt' || codename === '') return [];
  const own = [codename, `${codename}-updates`, `${codename}-security`];
  const preset = entry && presetOf(entry);
  // What the operator signs himself is not signed by the distribution. Imported bundles name the keys of the preset.
  const isKnown = (one: string) => preset?.keys.fingerprints.includes(one.replace(/[\s:]/g, '').toUpperCase());
  const isOfficial = preset !== undefined && entry?.fingerprints.every(isKnown);
  return layout.options.suites
    .filter(({ name }) => own.includes(name))
    .map(({ archive, name, components }) => ({
      archive,
      name,
      components: components.length > 0 ? components : (COMPONENTS[family] ?? []),
      ...(isOfficial && { signedBy: KEYRINGS[family] }),
      ...(mode === 'frozen' && { isFrozen: true }),
    }));
}
