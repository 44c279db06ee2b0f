import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { efiBitsOf } from './efi-program.ts';
import { readNbi } from './nbi.ts';
import { parsePlist } from './plist.ts';

const HEAD = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">`;
const plist = (body: string) => `${HEAD}\n${body}\n</plist>\n`;
const dict = (body: string) => plist(`<dict>${body}</dict>`);
const value = (body: string) => {
  const parsed = parsePlist(plist(body));
  return parsed.kind === 'value' ? parsed.value : parsed.problem;
};

describe('parsePlist()', () => {
  const values: readonly (readonly [xml: string, want: unknown])[] = [
    ['<string>a &amp; b &lt;c&gt; &#x263a;&#65; &nope; &constructor;</string>', 'a & b <c> ☺A &nope; &constructor;'],
    ['<string/>', ''],
    ['<integer> 137 </integer>', 137],
    ['<real>1.5</real>', 1.5],
    ['<true/>', true],
    ['<false/>', false],
    ['<true></true>', true],
    ['<array><string>a</string><array/><!-- no --><false/></array>', ['a', [], false]],
    ['<dict><key>a</key><dict/><key>b</key><data>AAAA</data></dict>', { a: {}, b: '' }],
    ['<date>2016-01-01T00:00:00Z</date>', '2016-01-01T00:00:00Z'],
    ['<dict><key>__proto__</key><true/></dict>', Object.fromEntries([['__proto__', true]])],
  ];
  for (const [xml, want] of values) test(xml, () => assert.deepEqual(value(xml), want));

  const broken: readonly (readonly [text: string, problem: RegExp])[] = [
    ['bplist00\u0001', /^is a binary property list: convert it/],
    ['<html></html>', /^is no property list/],
    ['', /^is no property list/],
    [plist('<dict><key>a</key></dict>'), /a value is missing/],
    [plist('<dict><string>a</string></dict>'), /a key is missing/],
    [plist('<dict><key>a</key>'), /a value is missing|ends too early/],
    [plist('<integer>many</integer>'), /"many" is no number/],
    [plist('<integer/>'), /"" is no number/],
    [plist('<person>x</person>'), /<person> is no value/],
    [plist('<string><true/></string>'), /holds something else than text/],
    [plist(`${'<array>'.repeat(40)}${'</array>'.repeat(40)}`), /nested too deeply/],
    [HEAD, /ends too early/],
  ];
  for (const [text, problem] of broken) {
    test(`refuses ${JSON.stringify(text.slice(0, 20))}… (${problem.source})`, () => {
      const parsed = parsePlist(text);
      assert.ok(parsed.kind === 'problem');
      assert.match(parsed.problem, problem);
    });
  }

  test('never throws', () => {
    const piece = fc.constantFrom(
      '<dict>',
      '</dict>',
      '<key>',
      '</key>',
      '<array>',
      '</array>',
      '<true/>',
      'a',
      '&',
      '<',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string())), (parts) => {
        assert.ok(parsePlist(`<plist>${parts.join('')}`).kind.length > 0);
      }),
    );
  });
});

/** As Apple's System Image Utility writes it, shortened. */
const netInstall = dict(`
  <key>Architectures</key><array><string>i386</string></array>
  <key>BackwardCompatible</key><false/>
  <key>BootFile</key><string>booter</string>
  <key>Description</key><string>NetInstall of OS X</string>
  <key>DisabledSystemIdentifiers</key><array><string>MacBookPro8,1</string></array>
  <key>EnabledSystemIdentifiers</key><array><string>Macmini6,2</string><string>iMac14,3</string></array>
  <key>DisabledMACAddresses</key><array><string>00:11:22:33:44:55</string><string>nonsense</string></array>
  <key>Index</key><integer>1234</integer>
  <key>IsDefault</key><false/>
  <key>IsEnabled</key><true/>
  <key>IsInstall</key><true/>
  <key>Kind</key><integer>1</integer>
  <key>Language</key><string>Default</string>
  <key>Name</key><string>Größe &amp; Co</string>
  <key>RootPath</key><string>NetInstall.dmg</string>
  <key>SupportsDiskless</key><false/>
  <key>Type</key><string>HTTP</string>`);

describe('readNbi()', () => {
  test('an image of System Image Utility', () => {
    assert.deepEqual(readNbi(netInstall), {
      kind: 'nbi',
      info: {
        name: 'Größe & Co',
        index: 1234,
        appleKind: 1,
        isInstall: true,
        isDefault: false,
        isFilterOnly: false,
        booter: 'i386/booter',
        kernelCache: 'i386/x86_64/kernelcache',
        rootImage: 'NetInstall.dmg',
        rootType: 'http',
        models: ['Macmini6,2', 'iMac14,3'],
        notModels: ['MacBookPro8,1'],
        macs: undefined,
        notMacs: ['00:11:22:33:44:55'],
      },
    });
  });

  const info = (body: string, bootPlist?: string) => {
    const read = readNbi(dict(body), bootPlist);
    return read.kind === 'nbi' ? read.info : read.problem;
  };

  test('what is absent, and diagnostics', () => {
    const bare = info('');
    assert.ok(typeof bare === 'object');
    assert.deepEqual(
      [bare.name, bare.index, bare.booter, bare.rootImage, bare.rootType, bare.models],
      [undefined, undefined, 'i386/booter', undefined, 'none', undefined],
    );
    const diagnostics = info('<key>Kind</key><integer>3</integer>');
    assert.ok(typeof diagnostics === 'object' && diagnostics.isFilterOnly && diagnostics.appleKind === 3);
    const shown = info('<key>Kind</key><integer>3</integer><key>FilterOnly</key><false/>');
    assert.ok(typeof shown === 'object' && !shown.isFilterOnly);
    const nfs = info('<key>RootPath</key><string>a.dmg</string><key>Type</key><string>NFS</string>');
    assert.ok(typeof nfs === 'object' && nfs.rootType === 'nfs');
    const all = info('<key>EnabledSystemIdentifiers</key><array/>');
    assert.ok(typeof all === 'object' && all.models === undefined, 'an empty list is no list');
  });

  test('the kernel cache as the booter’s own list names it', () => {
    const named = (path: string) => {
      const found = info('', dict(`<key>Kernel Cache</key><string>${path}</string>`));
      return typeof found === 'object' ? found.kernelCache : found;
    };
    assert.equal(named('x86_64\\kernelcache'), 'i386/x86_64/kernelcache');
    assert.equal(named('\\mach.macosx'), 'i386/mach.macosx');
    assert.equal(named('../../etc/passwd'), 'i386/x86_64/kernelcache');
  });

  const refused: readonly (readonly [body: string, problem: RegExp])[] = [
    ['<key>Architectures</key><array><string>ppc</string></array>', /no image for Intel Macs \(Architectures: ppc\)/],
    ['<key>RootPath</key><string>../../secret.dmg</string>', /names \.\.\/\.\.\/secret\.dmg, which is outside/],
    ['<key>BootFile</key><string>/etc/passwd</string>', /outside the folder/],
    ['<key>BootFile</key><string>a\\..\\..\\b</string>', /outside the folder/],
  ];
  for (const [body, problem] of refused) {
    test(`refuses ${body}`, () => assert.match(String(info(body)), problem));
  }
  test('refuses a list that is no <dict>', () => {
    assert.deepEqual(readNbi(plist('<array/>')), { kind: 'problem', problem: 'holds no <dict>' });
  });
});

describe('efiBitsOf()', () => {
  const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
  const pe = (machine: string) => hex(`4d5a ${'00'.repeat(58)} 40000000 50450000 ${machine} 0000`);
  const rows: readonly (readonly [name: string, bytes: Uint8Array, want: readonly number[]])[] = [
    ['x86_64', pe('6486'), [64]],
    ['i386', pe('4c01'), [32]],
    ['arm64', pe('64aa'), []],
    [
      'the file that grub-glue-efi makes',
      hex(
        'b9faf10e 02000000 07000000 03000000 30000000 00100000 00000000 07000001 03000000 30100000 00100000 00000000',
      ),
      [32, 64],
    ],
    ['a fat file with one width', hex('b9faf10e 01000000 07000001 03000000 1c000000 00100000 00000000'), [64]],
    ['a fat file that claims too much', hex('b9faf10e ffffffff 07000000'), [32]],
    ['a PE header beyond the beginning', hex(`4d5a ${'00'.repeat(58)} ffffff7f`), []],
    ['a script', Uint8Array.from(Buffer.from('#!/bin/sh')), []],
    ['nothing', Uint8Array.of(), []],
  ];
  for (const [name, bytes, want] of rows) test(name, () => assert.deepEqual(efiBitsOf(bytes), want));
  test('reads from the middle of a buffer', () => {
    const whole = Uint8Array.of(1, 2, 3, ...pe('6486'));
    assert.deepEqual(efiBitsOf(whole.subarray(3)), [64]);
  });
});
