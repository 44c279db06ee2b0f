import { debianKeyring } from '../mirror/preset-keys.ts';
import { installerPackage } from './operating-systems.ts';
import { errorAt, type Finding, warningAt } from './problem.ts';
import type { Settings } from './settings.ts';

/** Whether the files that the settings name are there. A missing template is an error; a kernel and keys may still come. */
export function checkFiles(settings: Settings, exists: (path: string) => boolean): Finding[] {
  const found: Finding[] = [];
  const isMissing = (path: string | undefined): path is string => path?.startsWith('/') === true && !exists(path);
  for (const { name, kernel, initrd, iso, source, answerFile } of settings.profiles.values()) {
    for (const [key, path] of Object.entries({ kernel, initrd, iso, source })) {
      if (isMissing(path)) found.push(warningAt(['profiles', name, key], `${path} does not exist${howToGet(path)}`));
    }
    if (isMissing(answerFile)) {
      found.push(errorAt(['profiles', name, 'answerFile'], `${answerFile} does not exist: expected a Liquid template`));
    }
  }
  for (const [name, path] of settings.templates) {
    const isReported = [...settings.profiles.values()].some((profile) => profile.answerFile === path);
    if (!isReported && isMissing(path)) {
      found.push(errorAt(['templates', name, 'file'], `${path} does not exist: expected a Liquid template`));
    }
  }
  for (const [name, { keys }] of settings.mirrors) {
    for (const [index, { file }] of keys.entries()) {
      if (!isMissing(file)) continue;
      const message = `${file} does not exist: expected a file with public keys of the upstream${howToGet(file)}`;
      found.push(warningAt(['mirrors', name, 'keys', index], message));
    }
  }
  const { bootFolder } = settings.server;
  if (isMissing(bootFolder)) found.push(warningAt(['server', 'bootFolder'], `${bootFolder} does not exist`));
  return found;
}

function howToGet(path: string): string {
  if (path.includes('/mirror:'))
    return '; mirror:NAME is for source: what a mirror boots is known by its preset, of others name copies on this host';
  const name = path === debianKeyring.file ? debianKeyring.debianPackage : installerPackage(path);
  return name === undefined ? '' : `; install it with: apt-get install ${name}`;
}
