import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makeAptIndex } from '../../src/io/mirror/make-apt.ts';
import { type MadeIndex, makeYumMetadata } from '../../src/io/mirror/make-yum.ts';
import { makeDeb } from './apt.ts';
import type { ThrowawayKey } from './openpgp.ts';
import { newFolder } from './server.ts';
import { must } from './yum-upstream.ts';

/**
 * An upstream whose states follow each other: `next` brings it to another one, in place, as upstreams are. It has the packages
 * `part0` to `part23`, and `moving` in version 1 or 2.
 */
export interface MovingUpstream {
  readonly folder: string;
  next(): Promise<void>;
}

/** Enough packages that one that goes is no loss that a mirror would hold for. */
const PACKAGES = 24;
const VERSIONS = ['1', '2'];

/** With signed packages and a signed repomd.xml. */
export async function openMovingYum(key: ThrowawayKey): Promise<MovingUpstream> {
  const folder = newFolder('yum-moving');
  const versions = await buildRpms(folder, key);
  let state = 0;
  return {
    folder,
    next: async () => {
      state += 1;
      takeOne(versions, state, folder);
      const made = await makeYumMetadata(folder, 1_700_000_000 + state);
      rmSync(join(folder, 'repodata'), { recursive: true, force: true });
      writeIndex(folder, made);
      const repomd = join(folder, 'repodata/repomd.xml');
      writeFileSync(`${repomd}.asc`, key.detached(readFileSync(repomd)));
    },
  };
}

/** Puts the packages that stay into a folder; returns those that come and go. */
async function buildRpms(folder: string, key: ThrowawayKey): Promise<string[]> {
  const work = newFolder('rpms');
  const head = (version: string) => `Version: ${version}\nRelease: 1\nSummary: x\nLicense: MIT\nBuildArch: noarch\n`;
  const names = Array.from({ length: PACKAGES }, (_, index) => `part${index}`);
  const parts = names.map((name) => `%package -n ${name}\nSummary: x\n%description -n ${name}\n%files -n ${name}\n`);
  const specs = [
    `Name: parts\n${head('1')}%description\n${parts.join('')}`,
    ...VERSIONS.map((version) => `Name: moving\n${head(version)}%description\n%files\n`),
  ];
  for (const [index, text] of specs.entries()) {
    const spec = join(work, `${index}.spec`);
    writeFileSync(spec, text);
    await must(['rpmbuild', '--quiet', '--define', `_topdir ${work}`, '-bb', spec]);
  }
  const rpms = globSync(join(work, 'RPMS/noarch/*.rpm')).toSorted();
  const macros = { __gpg: '/usr/bin/gpg', _gpg_name: key.fingerprint, _gpg_path: key.home };
  const defines = Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  await must(['rpmsign', ...defines, '--addsign', ...rpms]);
  const isMoving = (rpm: string) => basename(rpm).startsWith('moving-');
  for (const rpm of rpms) if (!isMoving(rpm)) copyFileSync(rpm, join(folder, basename(rpm)));
  return rpms.filter(isMoving);
}

/** With Release, Release.gpg and InRelease, and indices by their hashes, of the suite `own`. */
export async function openMovingApt(key: ThrowawayKey): Promise<MovingUpstream> {
  const folder = newFolder('apt-moving');
  const pool = join(folder, 'pool');
  for (let index = 0; index < PACKAGES; index++) await makeDeb(pool, { name: `part${index}` });
  const debs = newFolder('debs');
  const versions: string[] = [];
  for (const version of VERSIONS) versions.push(await makeDeb(debs, { name: 'moving', version }));
  const start = Date.now() - 24 * 3_600_000;
  let state = 0;
  return {
    folder,
    next: async () => {
      state += 1;
      takeOne(versions, state, pool);
      const made = await makeAptIndex(folder, { suite: 'own', architectures: ['amd64'], now: start + state * 1_000 });
      rmSync(join(folder, 'dists'), { recursive: true, force: true });
      writeIndex(folder, made);
      const release = Buffer.from(made.files.get('dists/own/Release') ?? '');
      writeFileSync(join(folder, 'dists/own/InRelease'), key.clearSigned(release));
      writeFileSync(join(folder, 'dists/own/Release.gpg'), key.detached(release));
    },
  };
}

/** One of them is there in a state, and the others are gone. */
function takeOne(files: readonly string[], state: number, folder: string): void {
  for (const [index, file] of files.entries()) {
    if (index === state % files.length) copyFileSync(file, join(folder, basename(file)));
    else rmSync(join(folder, basename(file)), { force: true });
  }
}

function writeIndex(folder: string, { files }: MadeIndex): void {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
}
