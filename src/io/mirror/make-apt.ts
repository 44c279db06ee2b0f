import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { arHeaderBytes, arMagicBytes, fileInTar, isAr, nextArMember, readArHeader } from '../../mirror/deb/archive.ts';
import {
  type DebControl,
  type PlacedDeb,
  packagesText,
  readControl,
  releaseText,
} from '../../mirror/deb/packages-index.ts';
import { textOf } from '../../mirror/text.ts';
import { openedStream } from './decompress.ts';
import { digestOf } from './digest-of.ts';
import type { MadeIndex } from './make-yum.ts';
import { findPackages, hashFile, readStart, unfit, withFile } from './package-folder.ts';

const compress = promisify(gzip);

/** The control archive of the largest packages has some 2 MB. */
const LONGEST_CONTROL = 16 << 20;
const LONGEST_OPEN_CONTROL = 64 << 20;
const COMPONENT = 'main';

export interface OwnArchive {
  /** Of `dists/SUITE`. */
  readonly suite: string;
  /** Those that have an index even when all packages are for every architecture: `amd64`. */
  readonly architectures: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Makes the indices of an apt archive of the .debs in a folder: `dists/SUITE/main/binary-ARCH/Packages`, also compressed and by
 * hash, and Release (not signed). Writes nothing. Rejects with `upstream-failed` that names the package that is broken, or that
 * two different files claim to be.
 */
export async function makeAptIndex(folder: string, archive: OwnArchive): Promise<MadeIndex> {
  const placed: PlacedDeb[] = [];
  const seen = new Map<string, PlacedDeb>();
  for (const { path, bytes } of await findPackages(folder, '.deb')) {
    const control = await readDeb(join(folder, path));
    const { md5, sha256 } = await hashFile(join(folder, path), ['md5', 'sha256']);
    const item: PlacedDeb = { path, bytes, md5, sha256, control };
    const id = `${control.name} ${control.version} ${control.architecture}`;
    const twin = seen.get(id);
    if (twin !== undefined && twin.sha256 !== sha256) {
      throw unfit(join(folder, path), `it says to be ${id}, as ${twin.path} does, and they are not the same`);
    }
    seen.set(id, item);
    placed.push(item);
  }
  const own = placed.map(({ control }) => control.architecture).filter((name) => name !== 'all');
  const architectures = [...new Set([...archive.architectures, ...own])].toSorted();
  const files = new Map<string, Uint8Array>();
  const listed: { path: string; bytes: number; sha256: string }[] = [];
  for (const architecture of architectures) {
    const fitting = placed.filter(
      ({ control }) => control.architecture === architecture || control.architecture === 'all',
    );
    const text = Buffer.from(packagesText(fitting));
    const place = `${COMPONENT}/binary-${architecture}`;
    for (const [name, bytes] of [
      ['Packages', text],
      ['Packages.gz', await compress(text)],
    ] as const) {
      const { hex } = digestOf('sha256', bytes);
      listed.push({ path: `${place}/${name}`, bytes: bytes.length, sha256: hex });
      files.set(`dists/${archive.suite}/${place}/${name}`, bytes);
      files.set(`dists/${archive.suite}/${place}/by-hash/SHA256/${hex}`, bytes);
    }
  }
  const release = `dists/${archive.suite}/Release`;
  const head = { suite: archive.suite, component: COMPONENT, architectures, date: archive.now };
  files.set(release, Buffer.from(releaseText(head, listed)));
  return { files, entries: [release] };
}

async function readDeb(path: string): Promise<DebControl> {
  return withFile(path, async (file) => {
    if (!isAr(await readStart(file, arMagicBytes))) throw unfit(path, 'it is no .deb');
    for (let at = arMagicBytes; ; ) {
      const member = readArHeader(path, await readAt(file, at, arHeaderBytes), at);
      if (/^control\.tar(?:\.|$)/.test(member.name)) {
        if (member.bytes > LONGEST_CONTROL) throw unfit(path, `its control archive has ${member.bytes} bytes`);
        const end = member.offset + member.bytes - 1;
        const source = createReadStream(path, { start: member.offset, end });
        const pieces: Uint8Array[] = [];
        for await (const piece of openedStream(source, member.name, LONGEST_OPEN_CONTROL))
          pieces.push(Uint8Array.from(piece));
        return readControl(path, textOf(fileInTar(path, Buffer.concat(pieces), 'control')));
      }
      at = nextArMember(member);
    }
  });
}

async function readAt(file: FileHandle, at: number, count: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(count), 0, count, at);
  return buffer.subarray(0, bytesRead);
}
