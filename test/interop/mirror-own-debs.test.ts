import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { makeAptIndex } from '../../src/io/mirror/make-apt.ts';
import { parseParagraph } from '../../src/mirror/apt/deb822.ts';
import { parseRelease } from '../../src/mirror/apt/release.ts';
import { needs } from '../needs.ts';
import { type AptRoot, makeDeb, openAptRoot } from '../support/apt.ts';
import { runProgram } from '../support/segment.ts';
import { newFolder } from '../support/server.ts';

/* The index of the operator's own .debs, against apt-ftparchive on the same files, and read by apt. */

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const ARCHIVE = { suite: 'own', architectures: ['amd64'], now: NOW };

async function makeFolder(): Promise<string> {
  const folder = newFolder('debs');
  const extra = 'Depends: other (>= 1:2~), x | y\nSection: misc\nFilename: evil.deb\nX-Own: a\n b\n .\n c\n';
  await makeDeb(join(folder, 'pool/a'), { name: 'feature', version: '1:2.0~rc1+b1-3', extra, compression: 'xz' });
  await makeDeb(join(folder, 'pool/b'), { name: 'feature-data', architecture: 'all', compression: 'gzip' });
  await makeDeb(join(folder, 'pool'), { name: 'feature-arm', architecture: 'arm64', compression: 'zstd' });
  await makeDeb(join(folder, 'pool'), { name: 'feature-plain', compression: 'none' });
  return folder;
}

const stanzas = (text: string) =>
  new Map(
    text
      .split('\n\n')
      .filter((one) => one.trim() !== '')
      .map((one) => {
        const fields = new Map(parseParagraph('Packages', one));
        for (const name of ['sha1', 'sha512']) fields.delete(name);
        return [fields.get('package') ?? '', new Map([...fields].toSorted())];
      }),
  );

function write(folder: string, files: ReadonlyMap<string, Uint8Array>): void {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
}

describe("the index of the operator's own .debs", () => {
  test('says what apt-ftparchive says, for each architecture', async (t) => {
    if (!needs(t, 'dpkg-deb', 'apt-ftparchive')) return;
    const folder = await makeFolder();
    const { files, entries } = await makeAptIndex(folder, ARCHIVE);
    assert.deepEqual(entries, ['dists/own/Release']);
    for (const architecture of ['amd64', 'arm64']) {
      const ran = await runProgram(['sh', '-c', `cd ${folder} && apt-ftparchive --arch ${architecture} packages pool`]);
      assert.equal(ran.code, 0, ran.text);
      const ours = files.get(`dists/own/main/binary-${architecture}/Packages`) ?? Buffer.of();
      const theirs = stanzas(ran.text);
      assert.equal(theirs.size, architecture === 'amd64' ? 3 : 2);
      assert.deepEqual(stanzas(Buffer.from(ours).toString()), theirs);
    }
    write(folder, files);
    const release = parseRelease('Release', Buffer.from(files.get('dists/own/Release') ?? '').toString());
    const ran = await runProgram(['sh', '-c', `cd ${folder}/dists/own && apt-ftparchive release .`]);
    const theirs = parseRelease('Release', ran.text);
    for (const [path, file] of release.files) {
      const [sha256] = file.digests;
      assert.ok(
        theirs.files.get(path)?.digests.some(({ hex }) => hex === sha256?.hex),
        path,
      );
    }
    assert.equal(release.date, NOW);
  });

  test('is read by apt, which installs from it', async (t) => {
    if (!needs(t, 'dpkg-deb', 'apt-get')) return;
    const folder = newFolder('own');
    await makeDeb(join(folder, 'pool'), { name: 'feature', extra: 'Depends: feature-data\n' });
    await makeDeb(join(folder, 'pool'), { name: 'feature-data', architecture: 'all' });
    write(folder, (await makeAptIndex(folder, ARCHIVE)).files);
    const root: AptRoot = openAptRoot(`deb [trusted=yes] file://${folder} own main\n`);
    await root.must('apt-get', 'update');
    await root.must('apt-get', 'install', '-y', 'feature');
    assert.equal(readFileSync(join(root.folder, 'opt/feature'), 'utf8'), 'feature\n');
    assert.match((await root.must('dpkg-query', '-W')).text, /feature\t1\nfeature-data\t1/);
  });

  test('broken ones are refused by name', async (t) => {
    if (!needs(t, 'dpkg-deb')) return;
    const folder = newFolder('broken');
    await makeDeb(folder, { name: 'feature' });
    const file = join(folder, 'feature_1_amd64.deb');
    const whole = readFileSync(file);
    const isRefused = { code: 'upstream-failed', message: /feature_1_amd64\.deb: |control\.tar/ };
    const control = whole.indexOf('data.tar');
    for (let length = 0; length < control; length += 9) {
      writeFileSync(file, whole.subarray(0, length));
      await assert.rejects(makeAptIndex(folder, ARCHIVE), isRefused, `${length} bytes`);
    }
    writeFileSync(file, whole);
    writeFileSync(join(folder, 'twin.deb'), Buffer.concat([whole, Buffer.of(0)]));
    await assert.rejects(makeAptIndex(folder, ARCHIVE), { message: /as feature_1_amd64\.deb does/ });
  });
});
