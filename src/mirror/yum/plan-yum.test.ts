import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { checkerSaying, readerOf, sha256Of, trusting } from '../../../test/support/mirror-reader.ts';
import { planYum, type YumOptions } from './plan-yum.ts';

interface Item {
  name: string;
  arch?: string;
  href?: string;
  base?: string;
  sum?: string;
}

const packageXml = ({ name, arch = 'x86_64', href = `Packages/${name}.rpm`, base, sum = sha256Of(name).hex }: Item) =>
  `<package type="rpm"><name>${name}</name><arch>${arch}</arch><checksum type="sha256" pkgid="YES">${sum}</checksum>` +
  `<size package="${name.length}"/><location ${base ? `xml:base="${base}" ` : ''}href="${href}"/><format></format></package>`;

interface Changes {
  /** Further `<data>`. */
  data?: string;
  openBytes?: number;
  revision?: number;
}

/** A repository's files, in a table. */
function addRepository(files: Map<string, Uint8Array>, folder: string, items: readonly Item[], changes: Changes = {}) {
  const at = (name: string) => (folder === '' ? name : `${folder}/${name}`);
  const open = `<metadata packages="${items.length}">${items.map(packageXml).join('')}</metadata>`;
  const primary = gzipSync(open);
  const sum = sha256Of(primary).hex;
  files.set(at(`repodata/${sum}-primary.xml.gz`), primary);
  const repomd = `<repomd><revision>${changes.revision ?? 1_700_000_000}</revision><data type="primary">
<checksum type="sha256">${sum}</checksum><location href="repodata/${sum}-primary.xml.gz"/>
<size>${primary.length}</size><open-size>${changes.openBytes ?? open.length}</open-size></data>${changes.data ?? ''}</repomd>`;
  files.set(at('repodata/repomd.xml'), Buffer.from(repomd));
  for (const { name } of items) files.set(at(`Packages/${name}.rpm`), Buffer.from(name));
}

const OPTIONS: YumOptions = {
  repositories: [''],
  architectures: [],
  trust: 'if-present',
  withIso: false,
  withVariants: true,
  optionalFiles: [],
};

const plan = (files: Map<string, Uint8Array>, options: Partial<YumOptions> = {}, checker = trusting) =>
  planYum(readerOf(files), checker, { ...OPTIONS, ...options });

const simple = (items: readonly Item[] = [{ name: 'bash' }], changes: Changes = {}) => {
  const files = new Map<string, Uint8Array>();
  addRepository(files, '', items, changes);
  return files;
};

const isBroken = (message: RegExp) => ({ code: 'upstream-failed', message });
const SUM = 'e'.repeat(64);
const TREEINFO = `[checksums]
images/install.img = sha256:${SUM}
images/boot.iso = sha256:${SUM}
repodata/repomd.xml = sha256:${SUM}
[images-x86_64]
boot.iso = images/boot.iso
kernel = images/pxeboot/vmlinuz
[stage2]
mainimage = images/install.img
[tree]
arch = x86_64
variants = AppStream,BaseOS,HighAvailability
[variant-AppStream]
repository = ../../../AppStream/x86_64/os
[variant-BaseOS]
repository = .
[variant-HighAvailability]
repository = ../../../HighAvailability/x86_64/os/
`;

/** The layout of Rocky: two repositories, one named by the tree of the other; a third that is named and not there. */
const rocky = () => {
  const files = new Map<string, Uint8Array>();
  addRepository(files, 'BaseOS/x86_64/os', [{ name: 'bash' }]);
  addRepository(files, 'AppStream/x86_64/os', [{ name: 'vim' }], { revision: 1_800_000_000 });
  files.set('BaseOS/x86_64/os/.treeinfo', Buffer.from(TREEINFO));
  return files;
};

describe('the plan of a yum repository', () => {
  test('has its metadata, its packages with checksum and size, and repomd.xml last', async () => {
    const files = simple([{ name: 'bash' }, { name: 'zsh' }]);
    files.set('repodata/repomd.xml.asc', Buffer.from('signature'));
    files.set('repodata/repomd.xml.key', Buffer.from('key'));
    const made = await plan(files, { trust: 'required' });
    assert.deepEqual(made.entries, ['repodata/repomd.xml.key', 'repodata/repomd.xml.asc', 'repodata/repomd.xml']);
    assert.deepEqual(made.contents.get('repodata/repomd.xml'), files.get('repodata/repomd.xml'));
    assert.deepEqual(
      made.files.find(({ path }) => path === 'Packages/zsh.rpm'),
      { path: 'Packages/zsh.rpm', bytes: 3, digests: [sha256Of('zsh')], role: 'package', isOptional: false },
    );
    const metadata = made.files.filter(({ role }) => role === 'metadata').map(({ path }) => path);
    assert.equal(metadata.length, 4);
    assert.equal(made.revision, '=1700000000');
    assert.deepEqual(made.remarks, []);
  });

  test('has packages of the wanted architectures only', async () => {
    const files = simple([{ name: 'a' }, { name: 'b', arch: 'noarch' }, { name: 'c', arch: 'src' }]);
    const made = await plan(files, { architectures: ['x86_64', 'noarch'] });
    assert.deepEqual(
      made.files.filter(({ role }) => role === 'package').map(({ path }) => path),
      ['Packages/a.rpm', 'Packages/b.rpm'],
    );
  });

  test('what must be signed and is not, or wrongly, is untrusted; what need not be is remarked', async () => {
    const unsigned = simple();
    await assert.rejects(plan(unsigned, { trust: 'required' }), { code: 'signature-refused', message: /not signed/ });
    assert.match((await plan(unsigned)).remarks.join(), /repomd\.xml is not signed/);
    assert.deepEqual((await plan(unsigned, { trust: 'none' })).remarks, []);
    const signed = simple();
    signed.set('repodata/repomd.xml.asc', Buffer.from('signature'));
    for (const kind of ['bad', 'unknown-key', 'expired'] as const) {
      const checker = checkerSaying({ kind, reason: 'KEY' });
      for (const trust of ['required', 'if-present'] as const) {
        await assert.rejects(plan(signed, { trust }, checker), { code: 'signature-refused', message: /KEY/ });
      }
      await plan(signed, { trust: 'none' }, checker);
    }
  });

  test('nothing of the metadata is read before the signature is good', async () => {
    const files = simple();
    files.set('repodata/repomd.xml', Buffer.from('<!DOCTYPE evil>'));
    files.set('repodata/repomd.xml.asc', Buffer.from('signature'));
    const checker = checkerSaying({ kind: 'bad', reason: 'KEY' });
    await assert.rejects(plan(files, { trust: 'required' }, checker), { code: 'signature-refused' });
  });

  test('a package stays one, whatever else of the metadata names it too', async () => {
    const roleOf = async (files: Map<string, Uint8Array>) =>
      (await plan(files)).files.find(({ path }) => path === 'Packages/a.rpm')?.role;
    const sum = sha256Of('a').hex;
    const tree = simple([{ name: 'a' }]);
    tree.set('.treeinfo', Buffer.from(`[checksums]\nPackages/a.rpm = sha256:${sum}\n`));
    assert.equal(await roleOf(tree), 'package');
    const data = `<data type="x"><checksum type="sha256">${sum}</checksum><location href="Packages/a.rpm"/></data>`;
    assert.equal(await roleOf(simple([{ name: 'a' }], { data })), 'package');
    // The metadata of a further repository come after the packages of the first one.
    const two = simple([{ name: 'a' }]);
    addRepository(two, 'more', [], { data: data.replace('"Packages', '"../Packages') });
    const made = await plan(two, { repositories: ['', 'more'] });
    assert.deepEqual(
      made.files.filter(({ path }) => path.endsWith('.rpm')).map(({ role }) => role),
      ['package'],
    );
  });

  test('packages that are elsewhere, or outside of the tree, are refused', async () => {
    await assert.rejects(plan(simple([{ name: 'a', base: 'http://else.where/' }])), isBroken(/another address/));
    for (const href of ['../a.rpm', '/a.rpm', 'http://else.where/a.rpm', '%2e%2e/a.rpm', 'a\\b.rpm', '']) {
      await assert.rejects(plan(simple([{ name: 'a', href }])), isBroken(/leads out of the tree/), href);
    }
  });

  test('metadata that contradict themselves are refused', async () => {
    const twice = { name: 'a', href: 'Packages/a.rpm' };
    assert.equal((await plan(simple([twice, twice]))).files.filter(({ role }) => role === 'package').length, 1);
    await assert.rejects(plan(simple([twice, { ...twice, sum: SUM }])), isBroken(/twice, with different contents/));
    await assert.rejects(
      plan(simple([twice, { ...twice, href: 'Packages/a.rpm/b.rpm' }])),
      isBroken(/at the same time/),
    );
    await assert.rejects(plan(simple([{ ...twice, href: 'repodata/repomd.xml' }])), isBroken(/checksum for it/));
    const data = `<data type="group"><checksum type="sha256">${SUM}</checksum><location href="../comps.xml"/></data>`;
    await assert.rejects(plan(simple([], { data })), isBroken(/location of group, "..\/comps.xml"/));
  });

  test('a primary that is larger than promised, other than promised, or not there is broken', async () => {
    await assert.rejects(plan(simple([{ name: 'a' }], { openBytes: 20 })), isBroken(/more than 21 bytes are packed/));
    const other = simple();
    const [path = ''] = [...other.keys()].filter((name) => name.includes('primary'));
    other.set(path, gzipSync('<metadata packages="0"></metadata>'));
    await assert.rejects(plan(other), isBroken(/./));
    other.delete(path);
    await assert.rejects(plan(other), isBroken(/does not have it/));
    await assert.rejects(plan(new Map()), isBroken(/repomd.xml: upstream does not have it/));
  });

  test('weak checksums and delta packages are remarked', async () => {
    const files = simple([], {
      data: `<data type="prestodelta"><checksum type="sha256">${SUM}</checksum><location href="repodata/d.xml"/></data>`,
    });
    assert.match((await plan(files)).remarks.join(), /delta packages/);
  });
});

describe('the plan of an install tree', () => {
  test('has the installer with its checksums, and repositories beside it that it names', async () => {
    const made = await plan(rocky(), { repositories: ['BaseOS/x86_64/os'], withVariants: true });
    const paths = new Map(made.files.map((file) => [file.path, file]));
    const base = 'BaseOS/x86_64/os';
    assert.deepEqual(paths.get(`${base}/images/install.img`), {
      path: `${base}/images/install.img`,
      bytes: undefined,
      digests: [{ algorithm: 'sha256', hex: SUM }],
      role: 'boot',
      isOptional: false,
    });
    assert.deepEqual(paths.get(`${base}/images/pxeboot/vmlinuz`)?.isOptional, false);
    for (const name of ['images/updates.img', 'images/product.img', 'EFI/BOOT/BOOTX64.EFI']) {
      assert.equal(paths.get(`${base}/${name}`)?.isOptional, true, name);
    }
    assert.equal(paths.has(`${base}/images/boot.iso`), false);
    assert.equal(paths.has(`${base}/LiveOS/squashfs.img`), false);
    assert.ok(paths.has('AppStream/x86_64/os/Packages/vim.rpm'));
    assert.deepEqual(made.entries, [
      `${base}/.treeinfo`,
      `${base}/repodata/repomd.xml`,
      'AppStream/x86_64/os/repodata/repomd.xml',
    ]);
    assert.equal(made.revision, `${base}=1700000000\nAppStream/x86_64/os=1800000000`);
  });

  test('a named repository that is not mirrored is taken out of .treeinfo, and that is remarked', async () => {
    const made = await plan(rocky(), { repositories: ['BaseOS/x86_64/os'] });
    const text = Buffer.from(made.contents.get('BaseOS/x86_64/os/.treeinfo') ?? []).toString();
    assert.match(text, /variants = AppStream,BaseOS\n/);
    assert.doesNotMatch(text, /HighAvailability/);
    assert.match(made.remarks.join(), /without HighAvailability/);
    const alone = await plan(rocky(), { repositories: ['BaseOS/x86_64/os'], withVariants: false });
    assert.match(Buffer.from(alone.contents.get('BaseOS/x86_64/os/.treeinfo') ?? []).toString(), /variants = BaseOS\n/);
    assert.ok(!alone.files.some(({ path }) => path.startsWith('AppStream')));
  });

  test('with the ISO when that is wanted', async () => {
    const made = await plan(rocky(), { repositories: ['BaseOS/x86_64/os'], withIso: true });
    assert.ok(made.files.some(({ path }) => path.endsWith('images/boot.iso')));
  });

  test('images outside of the tree are refused, repositories outside are not followed', async () => {
    const files = simple();
    files.set('.treeinfo', Buffer.from('[images-x86_64]\nkernel = ../vmlinuz\n'));
    await assert.rejects(plan(files), isBroken(/"..\/vmlinuz" leads out/));
    files.set('.treeinfo', Buffer.from('[variant-X]\nrepository = ../../X\n'));
    assert.match((await plan(files)).remarks.join(), /without X/);
    files.set('.treeinfo', Buffer.from('[variant-X]\nrepository = http://else.where/X\n'));
    assert.match((await plan(files)).remarks.join(), /without X/);
  });

  test('an old one, without stage2: both places are tried; further files are optional', async () => {
    const files = simple();
    files.set('treeinfo', Buffer.from('[general]\narch = x86_64\n[images-x86_64]\nkernel = images/pxeboot/vmlinuz\n'));
    const made = await plan(files, { optionalFiles: ['RPM-GPG-KEY-x'] });
    const optional = made.files.filter(({ isOptional }) => isOptional).map(({ path }) => path);
    for (const path of ['images/install.img', 'LiveOS/squashfs.img', 'RPM-GPG-KEY-x'])
      assert.ok(optional.includes(path));
    assert.equal(made.entries[0], 'treeinfo');
  });
});
