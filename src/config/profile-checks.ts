import { argumentNames, unknownArgumentNames } from '../boot/kernel-line.ts';
import { holdsLiveIso, presetOf } from './build-mirror.ts';
import { entryOf, type Facts } from './facts.ts';
import { checkReference } from './machine-checks.ts';
import { didYouMean } from './nearest.ts';
import {
  mirrorName,
  type OperatingSystem,
  operatingSystemNames,
  operatingSystems,
  sourceFolder,
} from './operating-systems.ts';
import { errorAt, type Finding, warningAt } from './problem.ts';
import type { MirrorEntry, ProfileConfig } from './schema.ts';

/** Whether each profile says all that its operating system needs, and what names profiles names existing ones. */
export function checkProfiles(facts: Facts): Finding[] {
  const { config } = facts;
  const { unknownMachines } = config;
  const unknown = unknownMachines.kind === 'install' ? unknownMachines.profile : undefined;
  return [
    ...Object.entries(config.profiles).flatMap(([name, profile]) => checkProfile(facts, name, profile)),
    ...checkReference(facts, ['unknownMachines'], 'profiles', unknown),
    ...Object.entries(config.images).flatMap(([name, image]) =>
      checkReference(facts, ['images', name, 'profile'], 'profiles', image.profile),
    ),
    ...Object.entries(config.mirrors).flatMap(([name, mirror]) => checkSystem(['mirrors', name, 'os'], mirror.os)),
  ];
}

function checkProfile(facts: Facts, name: string, profile: ProfileConfig): Finding[] {
  const { config } = facts;
  const base = ['profiles', name];
  const unknown = checkSystem([...base, 'os'], profile.os);
  if (unknown.length > 0) return unknown;
  const system = entryOf(operatingSystems, profile.os);
  if (system === undefined) return [];
  const mirror = mirrorName(profile.source);
  const hasIso = system.family === 'ubuntu' && holdsLiveIso(entryOf(config.mirrors, mirror));
  const given = givenByMirror(entryOf(config.mirrors, mirror), system, hasIso);
  const found: Finding[] = system.needs
    .filter((key) => profile[key] === undefined && !facts.has([...base, key]) && !given.includes(key))
    .map((key) => errorAt(base, `os ${profile.os} needs ${key}, which is missing${hintFor(key)}`, 'key'));
  if (profile.iso !== undefined && system.family !== 'ubuntu') {
    found.push(errorAt([...base, 'iso'], 'is for Ubuntu only: take it out', 'key'));
  }
  found.push(...checkArguments(name, profile));
  const isOfPackages = system.family === 'ubuntu' && !hasIso && entryOf(config.mirrors, mirror) !== undefined;
  if (mirror === undefined || isOfPackages) found.push(...checkKernelFiles(facts, name, profile, system));
  found.push(...checkReference(facts, [...base, 'source'], 'mirrors', mirror));
  return found;
}

/** What a mirror brings, so that nobody has to say it. */
function givenByMirror(
  mirror: MirrorEntry | undefined,
  { family }: OperatingSystem,
  hasIso: boolean,
): OperatingSystem['needs'] {
  if (hasIso) return ['iso'];
  const boots = family === 'custom' && mirror !== undefined && presetOf(mirror)?.boot !== undefined;
  return boots ? ['kernel', 'initrd'] : [];
}

/** An installer of one's own finds its answer file only where its arguments say it, or by asking for /ks.cfg. */
function checkArguments(name: string, { os, arguments: text, answerFile }: ProfileConfig): Finding[] {
  const path = ['profiles', name, 'arguments'];
  const allowed = argumentNames.map((one) => `{{ ${one} }}`).join(', ');
  const unknown = unknownArgumentNames(text).map((one) =>
    errorAt(path, `{{ ${one} }} is not known here: ${didYouMean(one, argumentNames)}allowed: ${allowed}`),
  );
  const isSilent = os === 'custom' && answerFile !== undefined && !text.includes('{{') && !/ks\.cfg/.test(text);
  const message =
    'nothing tells the installer where its answer file is: name {{ urls.answer }} in arguments, the way its kernel line takes it';
  return isSilent ? [...unknown, warningAt(path, message)] : unknown;
}

function hintFor(key: string): string {
  if (key === 'iso')
    return ': the path or URL of the live server’s ISO; or source: mirror:NAME of a mirror that has it (preset ubuntu-24.04)';
  return key === 'source' ? ': the folder of an unpacked or mounted install tree on this host, or its URL' : '';
}

/** Nothing is downloaded here: of a tree that is elsewhere, kernel and initrd have to be fetched by hand. */
function checkKernelFiles(facts: Facts, name: string, profile: ProfileConfig, system: OperatingSystem): Finding[] {
  const { inTree } = system;
  const base = ['profiles', name];
  if (inTree === undefined || sourceFolder(profile.source) !== undefined) return [];
  const keys = (['kernel', 'initrd'] as const).filter(
    (key) => profile[key] === undefined && !facts.has([...base, key]),
  );
  // Without a source, that is what is told.
  if (keys.length === 0 || (system.needs.includes('source') && profile.source === undefined)) return [];
  const tree = system.family === 'anaconda' ? profile.source?.replace(/\/+$/, '') : 'the ISO';
  const files = keys.map((key) => `${key}: (a copy of ${tree}${tree === 'the ISO' ? ': ' : '/'}${inTree[key]})`);
  const message = `os ${profile.os} needs ${files.join(' and ')}, as files on this host; or give source: as a folder with all of it`;
  return [errorAt(base, message, 'key')];
}

function checkSystem(path: readonly string[], os: string | undefined): Finding[] {
  if (os === undefined || Object.hasOwn(operatingSystems, os)) return [];
  const near = didYouMean(os, operatingSystemNames);
  return [
    errorAt(path, `${JSON.stringify(os)} is not known: ${near}expected one of ${operatingSystemNames.join(', ')}`),
  ];
}
