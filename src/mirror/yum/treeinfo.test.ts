import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseTreeinfo, withoutVariants } from './treeinfo.ts';

const SUM = 'd'.repeat(64);

/** The shape of an EL 9 compose (productmd 1.2). */
const EL9 = `[checksums]
images/efiboot.img = sha256:${SUM}
images/pxeboot/vmlinuz = sha256:${SUM}

[general]
; WARNING.0 = This section provides compatibility with pre-productmd treeinfos.
arch = x86_64
family = Rocky Linux
repository = .
variant = BaseOS
variants = AppStream,BaseOS

[header]
type = productmd.treeinfo
version = 1.2

[images-x86_64]
boot.iso = images/boot.iso
kernel = images/pxeboot/vmlinuz
initrd = images/pxeboot/initrd.img

[stage2]
mainimage = images/install.img

[tree]
arch = x86_64
build_timestamp = 1700000000
platforms = x86_64,xen
variants = AppStream,BaseOS

[variant-AppStream]
id = AppStream
packages = ../../../AppStream/x86_64/os/Packages
repository = ../../../AppStream/x86_64/os/
uid = AppStream

[variant-BaseOS]
id = BaseOS
packages = Packages
repository = .
`;

const parse = (text: string) => parseTreeinfo('.treeinfo', Buffer.from(text));

describe('.treeinfo', () => {
  test('names images, the second stage, checksums and variants', () => {
    const info = parse(EL9);
    assert.equal(info.arch, 'x86_64');
    assert.deepEqual(info.images, [
      { platform: 'x86_64', name: 'boot.iso', path: 'images/boot.iso' },
      { platform: 'x86_64', name: 'kernel', path: 'images/pxeboot/vmlinuz' },
      { platform: 'x86_64', name: 'initrd', path: 'images/pxeboot/initrd.img' },
    ]);
    assert.deepEqual(info.stage2, ['images/install.img']);
    assert.deepEqual([...info.checksums.keys()], ['images/efiboot.img', 'images/pxeboot/vmlinuz']);
    assert.deepEqual(info.variants, [
      { uid: 'AppStream', repository: '../../../AppStream/x86_64/os/' },
      { uid: 'BaseOS', repository: '.' },
    ]);
  });

  test('old ones: no header, no checksums, xen, comments in between, Windows line ends', () => {
    const info = parse(
      '[general]\r\n# old\r\narch: i386\r\nfamily = Test\r\n\r\n[images-xen]\r\nkernel = images/xen/vmlinuz\r\n; x\r\n[stage2]\r\ninstimage = images/minstg2.img\r\nmainimage = images/stage2.img\r\n',
    );
    assert.equal(info.arch, 'i386');
    assert.deepEqual(info.images, [{ platform: 'xen', name: 'kernel', path: 'images/xen/vmlinuz' }]);
    assert.deepEqual(info.stage2, ['images/minstg2.img', 'images/stage2.img']);
    assert.equal(info.checksums.size, 0);
    assert.deepEqual(info.variants, []);
  });

  test('add-ons of RHEL 7 are variants, too', () => {
    assert.deepEqual(parse('[addon-HighAvailability]\nrepository = addons/HighAvailability\n').variants, [
      { uid: 'HighAvailability', repository: 'addons/HighAvailability' },
    ]);
  });

  test('values go on in indented lines', () => {
    assert.deepEqual(parse('[stage2]\nmainimage =\n  images/install.img\n').stage2, ['images/install.img']);
  });

  test('what is none of it is broken, with its line', () => {
    const cases: readonly (readonly [text: string, message: RegExp])[] = [
      ['<html>404</html>', /line 1: text before the first section/],
      ['[a]\nno pair here', /line 2: "no pair here" is neither/],
      ['[checksums]\na = sha256:12', /checksum of a is "sha256:12"/],
      ['[checksums]\na = whirlpool:12', /cannot be read/],
      ['[general]\n'.repeat(200_000), /it is no .treeinfo/],
      [Array.from({ length: 201 }, (_, n) => `[variant-${n}]\n`).join(''), /it names 201 repositories/],
    ];
    for (const [text, message] of cases) assert.throws(() => parse(text), { code: 'upstream-failed', message });
  });

  test('any beginning of one is read or broken, nothing else', () => {
    for (let length = 0; length < EL9.length; length++) {
      try {
        parse(EL9.slice(0, length));
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'upstream-failed');
      }
    }
  });

  test('a variant can be taken out, and nothing else changes', () => {
    const text = withoutVariants(Buffer.from(EL9), new Set(['AppStream']));
    const info = parse(text);
    assert.deepEqual(info.variants, [{ uid: 'BaseOS', repository: '.' }]);
    assert.equal([...text.matchAll(/variants = BaseOS\n/g)].length, 2);
    assert.doesNotMatch(text, /AppStream/);
    assert.deepEqual({ ...info, variants: [] }, { ...parse(EL9), variants: [] });
    assert.equal(withoutVariants(Buffer.from(EL9), new Set()), EL9);
  });
});
