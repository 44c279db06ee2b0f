import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Digest } from '../../mirror/plan.ts';
import { readRpmHead } from '../../mirror/rpm/header.ts';
import { readRpmPackage } from '../../mirror/rpm/package.ts';
import {
  filelistsXml,
  type MadeMetadata,
  otherXml,
  type PlacedPackage,
  primaryXml,
  repomdXml,
} from '../../mirror/rpm/repodata.ts';
import { digestOf } from './digest-of.ts';
import { findPackages, hashFile, readStart, unfit, withFile } from './package-folder.ts';

const compress = promisify(gzip);

/** Metadata that are made here, by path below the folder; `entries` must appear last, in this order. */
export interface MadeIndex {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly entries: readonly string[];
}

/**
 * Makes the metadata of a yum repository of the RPMs in a folder (and of `comps.xml`, if it is there), as createrepo_c does. Writes
 * nothing. Compressed by gzip, which all of EL 7 to 10 and openSUSE read. `now`: seconds since 1970, the revision. Rejects with
 * `upstream-failed` that names the package that is broken, or that two different files claim to be.
 */
export async function makeYumMetadata(folder: string, now: number): Promise<MadeIndex> {
  const placed: PlacedPackage[] = [];
  const seen = new Map<string, PlacedPackage>();
  for (const { path, bytes, fileTime } of await findPackages(folder, '.rpm')) {
    const rpm = await readRpm(join(folder, path));
    const { sha256 } = await hashFile(join(folder, path), ['sha256']);
    const item: PlacedPackage = { rpm, path, bytes, sha256, fileTime };
    const nevra = `${rpm.name}-${rpm.epoch}:${rpm.version}-${rpm.release}.${rpm.arch}`;
    const twin = seen.get(nevra);
    if (twin !== undefined && twin.sha256 !== sha256) {
      throw unfit(join(folder, path), `it says to be ${nevra}, as ${twin.path} does, and they are not the same`);
    }
    seen.set(nevra, item);
    placed.push(item);
  }
  const files = new Map<string, Uint8Array>();
  const data: MadeMetadata[] = [];
  const texts = { primary: primaryXml(placed), filelists: filelistsXml(placed), other: otherXml(placed) };
  for (const [type, text] of Object.entries(texts)) {
    const open = Buffer.from(text);
    data.push(place(files, type, `${type}.xml.gz`, await compress(open, { level: 6 }), open));
  }
  const comps = await readFile(join(folder, 'comps.xml')).catch(() => undefined);
  if (comps !== undefined) data.push(place(files, 'group', 'comps.xml', comps, comps));
  files.set('repodata/repomd.xml', Buffer.from(repomdXml(now, data)));
  return { files, entries: ['repodata/repomd.xml'] };
}

function place(files: Map<string, Uint8Array>, type: string, name: string, bytes: Buffer, open: Buffer): MadeMetadata {
  const digest: Digest = digestOf('sha256', bytes);
  const path = `repodata/${digest.hex}-${name}`;
  files.set(path, bytes);
  return { type, path, digest, openDigest: digestOf('sha256', open), bytes: bytes.length, openBytes: open.length };
}

async function readRpm(path: string) {
  return withFile(path, async (file) => {
    let head = await readStart(file, 16_384);
    for (;;) {
      const read = readRpmHead(path, head);
      if (read.kind === 'whole') return readRpmPackage(read);
      const more = await readStart(file, read.bytes);
      if (more.length < read.bytes) throw unfit(path, 'it ends within its header');
      head = more;
    }
  });
}
