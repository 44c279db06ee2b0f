import { mirrorPresetNames } from '../mirror/presets.ts';
import { kindOf, presetOf } from './build-mirror.ts';
import type { Facts } from './facts.ts';
import { didYouMean } from './nearest.ts';
import { errorAt, type Finding } from './problem.ts';
import type { MirrorEntry } from './schema.ts';

/** Whether each mirror says where it comes from, and whom it trusts. */
export function checkMirrors({ config, has }: Facts): Finding[] {
  return Object.entries(config.mirrors).flatMap(([name, mirror]) => {
    const base = ['mirrors', name];
    const isGiven = (key: string) => has([...base, key]);
    return [
      ...checkPreset(base, mirror, isGiven),
      ...checkOrigin(base, mirror, isGiven),
      ...checkSuites(base, mirror),
      ...checkPackages(base, mirror, isGiven),
      ...checkMode(base, mirror),
    ];
  });
}

function checkPreset(base: readonly string[], mirror: MirrorEntry, isGiven: (key: string) => boolean): Finding[] {
  const { preset, keys, trust } = mirror;
  if (preset === undefined) return [];
  const found = presetOf(mirror);
  if (found === undefined) {
    const near = didYouMean(preset, mirrorPresetNames);
    const expected = `expected one of ${mirrorPresetNames.join(', ')}, for x86_64 or aarch64`;
    return [
      errorAt([...base, 'preset'], `there is no ${JSON.stringify(preset)} for this architecture: ${near}${expected}`),
    ];
  }
  if (found.keys.kind !== 'operator' || keys.length > 0 || isGiven('keys') || trust === 'none') return [];
  const { published, fingerprints } = found.keys;
  const compared =
    fingerprints.length > 0
      ? `in which the key ${fingerprints.join(' or ')} is looked for`
      : 'and fingerprints: that of its key, compared with a second source';
  const message = `the preset ${preset} needs keys: a file with the public keys that are published at ${published}, ${compared}; or trust: none, to look at no signature`;
  return [errorAt(base, message, 'key')];
}

function checkOrigin(base: readonly string[], mirror: MirrorEntry, isGiven: (key: string) => boolean): Finding[] {
  const { from, preset, keys, trust } = mirror;
  const found: Finding[] = [];
  if (from === undefined && preset === undefined && !isGiven('from')) {
    found.push(errorAt(base, 'from is missing: expected the URL of the upstream, or a preset', 'key'));
  }
  const schemes = new Set(from?.map((one) => one.slice(0, one.indexOf(':')).replace('https', 'http')));
  if (schemes.size > 1) {
    found.push(errorAt([...base, 'from'], 'mixes rsync, http and file: expected the same for all places'));
  }
  if (trust !== undefined && trust !== 'none' && keys.length === 0 && preset === undefined && !isGiven('keys')) {
    found.push(errorAt([...base, 'trust'], `${trust} needs keys: a file with the public keys of the upstream`));
  }
  return found;
}

/** Debian's packages have no signatures of their own. */
function checkPackages(base: readonly string[], mirror: MirrorEntry, isGiven: (key: string) => boolean): Finding[] {
  const { packages, kind, os, keys } = mirror;
  if (packages !== 'signed') return [];
  const at = [...base, 'packages'];
  if ((presetOf(mirror)?.layout.kind ?? kind ?? kindOf(os)) !== 'yum') {
    return [
      errorAt(at, 'signed is for RPMs: in an apt archive the signature of Release covers them (trust: required)'),
    ];
  }
  if (keys.length > 0 || isGiven('keys') || (presetOf(mirror)?.keys.kind ?? 'operator') !== 'operator') return [];
  return [errorAt(at, 'signed needs keys: a file with the public keys that sign the packages')];
}

/** Better told now than by the first client. */
function checkMode(base: readonly string[], { mode, from }: MirrorEntry): Finding[] {
  if (mode !== 'cache' && mode !== 'sparse') return [];
  if (from === undefined || from.every((one) => one.startsWith('http'))) return [];
  const message = `${mode} fetches files when they are asked for, which only HTTP can: expected sync or frozen, or another from`;
  return [errorAt([...base, 'mode'], message)];
}

function checkSuites(base: readonly string[], mirror: MirrorEntry): Finding[] {
  const { kind, os, suites, preset, from } = mirror;
  if (preset !== undefined) return [];
  const actual = kind ?? kindOf(os);
  if (actual === 'files' && from?.some((one) => one.startsWith('http'))) {
    const message =
      'nothing says how its metadata are read, and over HTTP nobody can list files: expected os, or kind: yum or apt';
    return [errorAt(base, message, 'key')];
  }
  const isDebian = os?.startsWith('debian-') === true;
  if (actual !== 'apt' || suites.length > 0 || isDebian) return [];
  return [errorAt(base, 'suites is missing: expected names below dists/, like [noble, noble-updates]', 'key')];
}
