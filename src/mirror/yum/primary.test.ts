import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { all, inPieces } from '../../../test/support/mirror-reader.ts';
import { primaryPackages, type YumPackage } from './primary.ts';

const SHA256 = 'a'.repeat(64);

interface Sample {
  name?: string;
  location?: string;
  extra?: string;
  checksum?: string;
}

function packageXml({ name = 'bash', location, extra = '', checksum }: Sample = {}): string {
  return `<package type="rpm">
  <name>${name}</name>
  <arch>x86_64</arch>
  <version epoch="0" ver="5.1" rel="2.el9"/>
  ${checksum ?? `<checksum type="sha256" pkgid="YES">${SHA256}</checksum>`}
  <summary>The &lt;package> of naïve people &amp; others</summary>
  <description>&lt;/package&gt; is not its end</description>
  <time file="1" build="2"/>
  <size package="4711" installed="9" archive="10"/>
  ${location ?? `<location href="Packages/b/${name}-5.1-2.el9.x86_64.rpm"/>`}${extra}
  <format><rpm:license>GPL</rpm:license><rpm:provides><rpm:entry name="x" flags="EQ"/></rpm:provides>
    <file>/bin/location href="no"</file></format>
</package>
`;
}

const primary = (packages: string, count: number) =>
  Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>
<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="${count}">
${packages}</metadata>
`);

async function read(bytes: Uint8Array, size = 1 << 16): Promise<YumPackage[]> {
  return all(primaryPackages('repodata/primary.xml.gz', inPieces(bytes, size)));
}

const bash: YumPackage = {
  name: 'bash',
  arch: 'x86_64',
  href: 'Packages/b/bash-5.1-2.el9.x86_64.rpm',
  base: undefined,
  digest: { algorithm: 'sha256', hex: SHA256 },
  bytes: 4711,
};
const isBroken = { code: 'upstream-failed' };

describe('primary.xml', () => {
  test('gives the same packages wherever its pieces are cut', async () => {
    const bytes = primary(packageXml() + packageXml({ name: 'zsh' }), 2);
    const expected = await read(bytes);
    assert.deepEqual(expected[0], bash);
    assert.deepEqual(
      expected.map(({ name }) => name),
      ['bash', 'zsh'],
    );
    const cut = async function* (at: number) {
      yield bytes.subarray(0, at);
      yield bytes.subarray(at);
    };
    for (let at = 0; at <= bytes.length; at++) {
      assert.deepEqual(await all(primaryPackages('p', cut(at))), expected, `cut at ${at}`);
    }
    assert.deepEqual(await read(bytes, 1), expected);
  });

  test('addresses elsewhere and encoded ones are handed over for judgement', async () => {
    const location = `<location xml:base='http://else.where/x&amp;y/' href="../libstdc%2B%2b.rpm"/>`;
    const [item] = await read(primary(packageXml({ location }), 1));
    assert.deepEqual([item?.base, item?.href], ['http://else.where/x&y/', '../libstdc++.rpm']);
  });

  test('names with other letters come out as they are', async () => {
    const [item] = await read(primary(packageXml({ name: 'naïve-é' }), 1));
    assert.deepEqual([item?.name, item?.href], ['naïve-é', 'Packages/b/naïve-é-5.1-2.el9.x86_64.rpm']);
  });

  test('a location after the file list is found, one in a file list is not', async () => {
    const tail = '<location href="late.rpm"/>';
    const text = packageXml({ location: '' }).replace('</package>\n', `${tail}</package>\n`);
    assert.equal((await read(primary(text, 1)))[0]?.href, 'late.rpm');
    await assert.rejects(read(primary(packageXml({ location: '' }), 1)), {
      ...isBroken,
      message: /bash: .*no location/,
    });
  });

  test('an empty repository has no packages, written either way', async () => {
    assert.deepEqual(await read(primary('', 0)), []);
    assert.deepEqual(await read(Buffer.from('<?xml version="1.0"?>\n<metadata packages="0"/>\n')), []);
  });

  test('every truncation is broken: no shorter list of packages passes for the whole', async () => {
    const bytes = primary(packageXml() + packageXml({ name: 'zsh' }), 2);
    const end = bytes.toString().trimEnd().length;
    for (let length = 0; length < end; length++) {
      await assert.rejects(read(bytes.subarray(0, length)), isBroken, `the first ${length} bytes`);
    }
    await assert.rejects(read(primary(packageXml(), 2)), { ...isBroken, message: /promises 2 packages and has 1/ });
  });

  test('what no primary.xml has is refused', async () => {
    const cases: readonly (readonly [text: string, message: RegExp])[] = [
      [packageXml({ checksum: '' }), /no checksum/],
      [packageXml({ checksum: '<checksum type="sha256">12</checksum>' }), /no checksum/],
      [packageXml().replace('package="4711"', ''), /no size/],
      [packageXml().replace('"rpm"', '"deb"'), /no RPM/],
      [packageXml({ extra: '<!-- -->' }), /comment/],
      [packageXml({ location: '<location href="&evil;"/>' }), /no reference/],
      [`<!DOCTYPE x>${packageXml()}`, /document type/],
      [`<![CDATA[x]]>${packageXml()}`, /CDATA/],
    ];
    for (const [text, message] of cases) {
      await assert.rejects(read(primary(text, 1)), { ...isBroken, message }, String(message));
    }
    await assert.rejects(read(Buffer.alloc(1 << 20, 0x20)), { ...isBroken, message: /without a package/ });
    await assert.rejects(read(Buffer.from(`<package ${'x'.repeat(17 << 20)}`)), {
      ...isBroken,
      message: /a package of more/,
    });
  });

  test('a file that is larger than a string may be takes no more memory than a small one', async () => {
    const one = Buffer.from(packageXml());
    const block = Buffer.concat(Array.from({ length: 1_000 }, () => one));
    const blocks = 900;
    const source = async function* () {
      yield Buffer.from(`<metadata packages="${blocks * 1_000}">`);
      for (let index = 0; index < blocks; index++) yield block;
      yield Buffer.from('</metadata>');
    };
    assert.ok(block.length * blocks > 512 << 20, 'more than a string can have');
    let count = 0;
    let most = 0;
    for await (const _item of primaryPackages('p', source())) {
      if (++count % 20_000 === 0) most = Math.max(most, process.memoryUsage().arrayBuffers);
    }
    assert.equal(count, blocks * 1_000);
    assert.ok(most < 64 << 20, `${most} bytes of buffers`);
  });
});
