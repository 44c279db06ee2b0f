import { createCipheriv, createHash } from 'node:crypto';
import {
  createWriteStream,
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/*
 * Yum repositories that are made here: files of noise with the names of packages, and metadata that describe them. They are
 * the same each time, and kept below node_modules/.cache.
 */

export interface Corpus {
  readonly files: number;
  readonly bytes: number;
  /** What a package has besides in primary.xml: its dependencies and files. */
  readonly formatBytes: number;
  /** Another corpus with the same packages, whose files are taken. */
  readonly packagesOf?: string | undefined;
}

const SMALLEST = 6_000;
const LARGEST = 19_000_000;

/** From `SMALLEST` to `LARGEST` as in a distribution, most of them small; together `bytes`. With small files on average all are the same. */
function sizesOf({ files, bytes }: Corpus): number[] {
  const mean = bytes / files;
  if (mean < 2 * SMALLEST) return Array.from({ length: files }, () => Math.round(mean));
  const sizes = (power: number) =>
    Array.from({ length: files }, (_, index) =>
      Math.round(SMALLEST * (LARGEST / SMALLEST) ** (((index + 0.5) / files) ** power)),
    );
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  let [low, high] = [0.1, 100];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (sum(sizes(middle)) > bytes) low = middle;
    else high = middle;
  }
  return sizes(high);
}

interface Package {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

function noise(index: number, bytes: number): Buffer {
  const key = createHash('sha256').update(`package ${index}`).digest().subarray(0, 16);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

function writePackages(folder: string, corpus: Corpus): Package[] {
  return sizesOf(corpus).map((bytes, index) => {
    const name = `bench${String(index).padStart(6, '0')}`;
    const path = `Packages/${String(index % 26)}/${name}-1.0-1.noarch.rpm`;
    const content = noise(index, bytes);
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    const twin = corpus.packagesOf === undefined ? undefined : join(corpus.packagesOf, path);
    if (twin !== undefined) linkSync(twin, file);
    else writeFileSync(file, content);
    return { name, path, bytes, sha256: createHash('sha256').update(content).digest('hex') };
  });
}

const XMLNS = 'xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm"';

function* primaryOf(packages: readonly Package[], formatBytes: number): Generator<string> {
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<metadata ${XMLNS} packages="${packages.length}">\n`;
  const line = '    <file>/usr/share/doc/bench/a-file-that-a-package-has.html</file>\n';
  const lines = line.repeat(Math.max(0, Math.floor(formatBytes / line.length)));
  for (const { name, path, bytes, sha256 } of packages) {
    yield `<package type="rpm">
  <name>${name}</name><arch>noarch</arch><version epoch="0" ver="1.0" rel="1"/>
  <checksum type="sha256" pkgid="YES">${sha256}</checksum>
  <summary>A package of a measurement</summary><description>None.</description><packager></packager><url></url>
  <time file="1700000000" build="1700000000"/><size package="${bytes}" installed="${bytes}" archive="${bytes}"/>
  <location href="${path}"/>
  <format><rpm:license>None</rpm:license><rpm:vendor/><rpm:group/><rpm:buildhost>h</rpm:buildhost><rpm:sourcerpm/>
    <rpm:header-range start="0" end="100"/>
    <rpm:provides><rpm:entry name="${name}" flags="EQ" epoch="0" ver="1.0" rel="1"/></rpm:provides>
${lines}  </format>
</package>
`;
  }
  yield '</metadata>\n';
}

function* othersOf(kind: 'filelists' | 'other', packages: readonly Package[]): Generator<string> {
  const root = kind === 'other' ? 'otherdata' : kind;
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://linux.duke.edu/metadata/${kind}" packages="${packages.length}">\n`;
  for (const { name, sha256 } of packages) {
    yield `<package pkgid="${sha256}" name="${name}" arch="noarch"><version epoch="0" ver="1.0" rel="1"/></package>\n`;
  }
  yield `</${root}>\n`;
}

/** Writes one file of metadata and returns what repomd.xml says of it. */
async function writeMetadata(folder: string, type: string, parts: Iterable<string>): Promise<string> {
  const path = `repodata/${type}.xml.gz`;
  const file = join(folder, path);
  const [open, packed] = [createHash('sha256'), createHash('sha256')];
  let openBytes = 0;
  const counted = function* () {
    for (const part of parts) {
      const bytes = Buffer.from(part);
      open.update(bytes);
      openBytes += bytes.length;
      yield bytes;
    }
  };
  const summed = async function* (source: AsyncIterable<Buffer>) {
    for await (const piece of source) {
      packed.update(piece);
      yield piece;
    }
  };
  await pipeline(Readable.from(counted()), createGzip({ level: 1 }), summed, createWriteStream(file));
  return `<data type="${type}"><checksum type="sha256">${packed.digest('hex')}</checksum>
  <open-checksum type="sha256">${open.digest('hex')}</open-checksum><location href="${path}"/><timestamp>1700000000</timestamp>
  <size>${statSync(file).size}</size><open-size>${openBytes}</open-size></data>\n`;
}

/** The folder of a repository, which is made where it is not there yet. */
export async function makeCorpus(cache: string, name: string, corpus: Corpus): Promise<string> {
  const { files, bytes, formatBytes } = corpus;
  const folder = join(cache, `${name}-${files}-${bytes}-${formatBytes}`);
  if (existsSync(folder)) return folder;
  console.log(`making ${files} files, ${Math.round(bytes / 1e6)} MB (once)`);
  const part = `${folder}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(join(part, 'repodata'), { recursive: true });
  const packages = writePackages(part, corpus);
  const data = [
    await writeMetadata(part, 'primary', primaryOf(packages, formatBytes)),
    await writeMetadata(part, 'filelists', othersOf('filelists', packages)),
    await writeMetadata(part, 'other', othersOf('other', packages)),
  ];
  const repomd = `<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>1700000000</revision>\n${data.join('')}</repomd>\n`;
  writeFileSync(join(part, 'repodata/repomd.xml'), repomd);
  renameSync(part, folder);
  return folder;
}
