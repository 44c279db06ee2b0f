import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeAptIndex } from '../../src/io/mirror/make-apt.ts';
import { makeDeb } from './apt.ts';
import type { ThrowawayKey } from './openpgp.ts';
import { newFolder } from './server.ts';

/** An archive with Release, Release.gpg and InRelease, as a distribution signs it. Packages are "required" for debootstrap. */
export async function makeAptUpstream(
  key: ThrowawayKey,
  choice: { validUntil?: Date; contents?: string; suite?: string; folder?: string; version?: string } = {},
): Promise<string> {
  const { validUntil, contents, suite = 'own', folder = 'debian', version = '1.0~rc1+b1' } = choice;
  const tree = newFolder('apt-upstream');
  const archive = join(tree, folder);
  const priority = 'Priority: required\nEssential: yes\n';
  await makeDeb(join(archive, 'pool/main/f'), {
    name: 'feature',
    ...(contents === undefined ? {} : { contents }),
    version,
    extra: 'Priority: optional\nDepends: feature-data\n',
  });
  await makeDeb(join(archive, 'pool/main/f'), {
    name: 'feature-data',
    architecture: 'all',
    extra: 'Priority: optional\n',
  });
  for (const name of ['base-files', 'base-passwd', 'dpkg', 'libc6', 'apt']) {
    await makeDeb(join(archive, 'pool/main/b'), { name, extra: priority });
  }
  const index = await makeAptIndex(archive, { suite, architectures: ['amd64'], now: Date.now() });
  const write = (path: string, bytes: Uint8Array | string) => {
    mkdirSync(dirname(join(archive, path)), { recursive: true });
    writeFileSync(join(archive, path), bytes);
  };
  for (const [path, bytes] of index.files) if (!path.includes('by-hash')) write(path, bytes);
  const text = Buffer.from(index.files.get(`dists/${suite}/Release`) ?? '').toString();
  const until = validUntil === undefined ? '' : `Valid-Until: ${validUntil.toUTCString().replace('GMT', 'UTC')}\n`;
  const release = text.replace('Acquire-By-Hash', `${until}Acquire-By-Hash`);
  write(`dists/${suite}/Release`, release);
  write(`dists/${suite}/Release.gpg`, key.detached(release));
  write(`dists/${suite}/InRelease`, key.clearSigned(release));
  return tree;
}
