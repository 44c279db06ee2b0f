import { entryOf, type Facts } from './facts.ts';
import { checkReference } from './machine-checks.ts';
import { didYouMean } from './nearest.ts';
import { operatingSystemNames, operatingSystems } from './operating-systems.ts';
import { errorAt, type Finding, warningAt } from './problem.ts';
import type { ProfileConfig } from './schema.ts';

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
  const base = ['profiles', name];
  const unknown = checkSystem([...base, 'os'], profile.os);
  if (unknown.length > 0) return unknown;
  const system = entryOf(operatingSystems, profile.os);
  const found: Finding[] = (system?.needs ?? [])
    .filter((key) => profile[key] === undefined && !facts.has([...base, key]))
    .map((key) => errorAt(base, `os ${profile.os} needs ${key}, which is missing`, 'key'));
  if (system?.notYet !== undefined) found.push(warningAt([...base, 'os'], system.notYet));
  const mirror = profile.source?.startsWith('mirror:') ? profile.source.slice('mirror:'.length) : undefined;
  if (mirror !== undefined && system?.notYet === undefined) {
    const message = 'mirrors are not served yet: give the URL of an existing one until then';
    found.push(warningAt([...base, 'source'], message));
  }
  found.push(...checkReference(facts, [...base, 'source'], 'mirrors', mirror));
  return found;
}

function checkSystem(path: readonly string[], os: string | undefined): Finding[] {
  if (os === undefined || Object.hasOwn(operatingSystems, os)) return [];
  const near = didYouMean(os, operatingSystemNames);
  return [
    errorAt(path, `${JSON.stringify(os)} is not known: ${near}expected one of ${operatingSystemNames.join(', ')}`),
  ];
}
