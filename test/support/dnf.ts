import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ended, runProgram } from './segment.ts';
import { newFolder } from './server.ts';

/** dnf with a root and a configuration of its own, that checks the signatures of metadata and packages. */
export interface Dnf {
  readonly root: string;
  run(...words: string[]): Promise<Ended>;
}

/**
 * `repositories`: name to URL. `key`: URL of the public key; undefined: the signature of metadata is not asked for. `prefix`: to run
 * it in another network namespace.
 */
export function openDnf(
  repositories: Readonly<Record<string, string>>,
  key: string | undefined,
  prefix: readonly string[] = [],
): Dnf {
  const folder = newFolder('dnf');
  const config = join(folder, 'dnf.conf');
  const main = `[main]\ncachedir=${folder}/cache\nlogdir=${folder}\nreposdir=/none\nzchunk=0\nmodule_platform_id=platform:el9\ngpgcheck=1\nretries=1\n`;
  const check = key === undefined ? 'repo_gpgcheck=0' : `repo_gpgcheck=1\ngpgkey=${key}`;
  const sections = Object.entries(repositories).map(
    ([name, url]) => `[${name}]\nname=${name}\nbaseurl=${url}\ngpgcheck=1\n${check}\n`,
  );
  writeFileSync(config, main + sections.join(''));
  const root = join(folder, 'root');
  const args = ['dnf', '-q', '-y', '-c', config, '--releasever=9', '--disableplugin=local', `--installroot=${root}`];
  return { root, run: (...words) => runProgram([...prefix, ...args, ...words], 120_000) };
}
