import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { type BundleHead, formatHead } from '../../src/io/bundle/bundle-head.ts';
import { type PackedContent, packInto } from '../../src/io/bundle/write-bundle.ts';
import type { LoaderSet } from '../../src/io/loaders/loader-set.ts';
import { formatManifest, type ManifestEntry, measureManifest } from '../../src/mirror/run/manifest.ts';
import { snapshotId } from '../../src/mirror/run/state.ts';
import { newFolder } from './server.ts';

/** 2026-11-26T01:00:00Z */
const AT = Date.UTC(2026, 10, 26, 1);

export interface TestBundle {
  readonly archive: Buffer;
  readonly head: BundleHead;
  /** Of the mirror `m`, by path. */
  readonly files: Readonly<Record<string, string>>;
}

const sumOf = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');

/** An archive of a profile `p` with a template and the mirror `m`, which has these files. */
export async function makeBundle(
  files: Readonly<Record<string, string>>,
  change: (head: BundleHead) => BundleHead = (head) => head,
  loadersOf: (keep: (text: string) => { sha256: string; bytes: number }) => readonly LoaderSet[] = () => [],
): Promise<TestBundle> {
  const folder = newFolder('bundle');
  const contents = new Map<string, PackedContent>();
  const keep = (text: string): { sha256: string; bytes: number } => {
    const sha256 = sumOf(text);
    const path = join(folder, sha256);
    writeFileSync(path, text);
    const bytes = Buffer.byteLength(text);
    contents.set(sha256, { sha256, bytes, path });
    return { sha256, bytes };
  };
  const entries = Object.entries(files).map(([path, text]): [string, ManifestEntry] => [
    path,
    { path, role: path.startsWith('images/') ? 'boot' : 'package', isVerified: true, ...keep(text) },
  ]);
  const manifest = new Map(entries);
  const text = formatManifest(manifest);
  const list = keep(text);
  const template = keep('# a template\n');
  const boot = Object.fromEntries(
    entries.flatMap(([path, { role, sha256 }]) => (role === 'boot' ? [[path, sha256]] : [])),
  );
  const head = change({
    format: 'rackready bundle',
    version: 2,
    madeBy: '0.1.0',
    profile: { name: 'p', values: { os: 'rocky-9', source: 'mirror:m' } },
    mirrors: [
      {
        name: 'm',
        values: { from: ['http://192.0.2.1/'], os: 'rocky-9', mode: 'frozen', trust: 'none' },
        snapshot: {
          id: snapshotId(AT, list.sha256),
          at: AT,
          revision: '1',
          size: { ...measureManifest(manifest) },
          entries: [],
          boot,
          remarks: [],
        },
        manifest: list,
      },
    ],
    files: [{ name: 'answerFile-a.liquid', section: 'profiles', entry: 'p', key: 'answerFile', ...template }],
    loaders: [...loadersOf(keep)],
    leftOut: [],
  });
  const [first, ...rest] = [list, ...[...contents.values()].filter(({ sha256 }) => sha256 !== list.sha256)];
  const order = [first, ...rest].flatMap((one) => contents.get(one?.sha256 ?? '') ?? []);
  const pieces: Buffer[] = [];
  const out = new Writable({
    write: (piece: Buffer, _encoding, done) => {
      pieces.push(Buffer.from(piece));
      done();
    },
  });
  const how = { signal: new AbortController().signal, onBytes: () => {}, onFile: () => {} };
  await packInto(out, { head: formatHead(head), contents: order }, how, { isCompressed: false });
  return { archive: Buffer.concat(pieces), head, files };
}
