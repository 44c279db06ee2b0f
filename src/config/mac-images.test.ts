import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AUTOMATIC_IMAGE, type MacImage } from '../boot/mac-image.ts';
import { parseSources } from './parse.ts';
import { formatProblem } from './problem.ts';

const network = 'networks: {n: {interface: e0, subnet: 10.0.0.0/24, address: 10.0.0.1, dhcp: {mode: authoritative}}}\n';
const pe = (machine: string) => Buffer.from(`4d5a${'00'.repeat(58)}4000000050450000${machine}0000`, 'hex');
const fat = Buffer.from('b9faf10e0200000007000000030000003000000000100000000000000700000103000000', 'hex');
const info = (body: string) => Buffer.from(`<plist><dict>${body}</dict></plist>`);

const files: Readonly<Record<string, Buffer>> = {
  '/etc/rackready/x64.efi': pe('6486'),
  '/etc/rackready/ia32.efi': pe('4c01'),
  '/etc/rackready/both.efi': fat,
  '/etc/rackready/readme.txt': Buffer.from('hello'),
  '/nb/A.nbi/NBImageInfo.plist': info(
    '<key>Name</key><string>macOS</string><key>Index</key><integer>77</integer><key>IsInstall</key><true/><key>RootPath</key><string>NetInstall.dmg</string><key>EnabledSystemIdentifiers</key><array><string>Macmini6,2</string></array>',
  ),
  '/nb/A.nbi/i386/booter': Buffer.from('x'),
  '/nb/A.nbi/i386/x86_64/kernelcache': Buffer.from('x'),
  '/nb/A.nbi/NetInstall.dmg': Buffer.from('x'),
  '/nb/B.nbi/NBImageInfo.plist': info(
    '<key>Index</key><integer>77</integer><key>Type</key><string>NFS</string><key>RootPath</key><string>nb.dmg</string><key>Kind</key><integer>3</integer>',
  ),
  '/nb/P.nbi/NBImageInfo.plist': info('<key>Architectures</key><array><string>ppc</string></array>'),
};

function build(yaml: string): { images: readonly MacImage[]; told: string[] } {
  const parsed = parseSources([{ name: 'r.yaml', folder: '/etc/rackready', text: network + yaml }], {
    productFolder: '/product',
    readHead: (path, most) => files[path]?.subarray(0, most),
  });
  return { images: parsed.settings.images, told: parsed.problems.map(formatProblem) };
}

const imageOf = (yaml: string): MacImage => {
  const { images, told } = build(yaml);
  assert.deepEqual(told, []);
  return images.at(-1) ?? assert.fail();
};

test('without images there is the automatic one', () => {
  assert.deepEqual(build(''), { images: [AUTOMATIC_IMAGE], told: [] });
  assert.deepEqual(AUTOMATIC_IMAGE.id, { install: true, kind: 1, index: 137 });
});

test('an image of another kind stands beside the automatic one, an image of Linux in its place', () => {
  assert.deepEqual(
    build('images: {disk: {kind: localboot}}').images.map(({ name }) => name),
    ['(automatic)', 'disk'],
  );
  assert.deepEqual(
    build('images: {disk: {kind: localboot}, mine: {kind: linux}}').images.map(({ name }) => name),
    ['disk', 'mine'],
  );
});

test('what a Linux image and localboot are without further words', () => {
  const linux = imageOf('images: {mine: {kind: linux}}');
  assert.deepEqual(
    { ...linux, id: { ...linux.id, index: 0 } },
    {
      name: 'mine',
      title: undefined,
      id: { install: true, kind: 1, index: 0 },
      isDefault: false,
      isFilterOnly: false,
      forUnknown: true,
      entitled: { models: undefined, notModels: [], macs: undefined, notMacs: [] },
      what: { kind: 'linux', profile: undefined },
    },
  );
  const disk = imageOf('images: {disk: {kind: localboot}}');
  assert.deepEqual(
    [disk.title, disk.id.install, disk.what.kind, disk.forUnknown],
    ['Boot from disk', false, 'localboot', true],
  );
});

test('numbers follow from names, keep clear of each other, and stay when images come and go', () => {
  const names = Array.from({ length: 60 }, (_, index) => `image-${index}`);
  const yaml = (list: readonly string[]) => `images: {${list.map((name) => `${name}: {kind: linux}`).join(', ')}}`;
  const all = build(yaml(names)).images.map(({ id }) => id.index);
  assert.equal(new Set(all).size, 60);
  assert.ok(all.every((index) => index >= 1 && index <= 4095));
  assert.deepEqual(
    build(yaml(names.slice(0, 5))).images.map(({ id }) => id.index),
    all.slice(0, 5),
  );
  const fixed = build(`images: {a: {kind: linux, index: ${all[0]}}, image-0: {kind: linux}}`).images;
  assert.equal(fixed[0]?.id.index, all[0]);
  assert.equal(fixed[1]?.id.index, (all[0] ?? 0) + 1);
});

test('an EFI program serves the firmware that it is made for', () => {
  const programs = (yaml: string) => {
    const { what } = imageOf(`images: {t: {kind: efi, ${yaml}}}`);
    return what.kind === 'efi' ? what.programs : assert.fail();
  };
  assert.deepEqual(programs('file: x64.efi'), { 64: '/etc/rackready/x64.efi' });
  assert.deepEqual(programs('file: ia32.efi'), { 32: '/etc/rackready/ia32.efi' });
  assert.deepEqual(programs('file32: ia32.efi'), { 32: '/etc/rackready/ia32.efi' });
  assert.deepEqual(programs('file: both.efi'), { 32: '/etc/rackready/both.efi', 64: '/etc/rackready/both.efi' });
  assert.deepEqual(programs('file: x64.efi, file32: ia32.efi'), {
    32: '/etc/rackready/ia32.efi',
    64: '/etc/rackready/x64.efi',
  });
  assert.deepEqual(programs('file: both.efi, file32: ia32.efi'), {
    32: '/etc/rackready/ia32.efi',
    64: '/etc/rackready/both.efi',
  });
});

test('a NetBoot folder brings its own words, and the configuration outweighs them', () => {
  const image = imageOf('images: {a: {kind: nbi, file: /nb/A.nbi}}');
  assert.deepEqual(image, {
    name: 'a',
    title: 'macOS',
    id: { install: true, kind: 1, index: 77 },
    isDefault: false,
    isFilterOnly: false,
    forUnknown: false,
    entitled: { models: ['Macmini6,2'], notModels: [], macs: undefined, notMacs: [] },
    what: {
      kind: 'nbi',
      nbi: {
        folder: '/nb/A.nbi',
        booter: 'i386/booter',
        kernelCache: 'i386/x86_64/kernelcache',
        rootImage: 'NetInstall.dmg',
        rootPath: undefined,
      },
    },
  });
  const other = imageOf(
    'images: {a: {kind: nbi, file: /nb/A.nbi, name: Mine, index: 5, install: false, default: true, models: ["iMac14,3"], rootPath: "nfs:10.0.0.9:/nb:A.dmg", appleKind: macosx-server, unknownMachines: true}}',
  );
  assert.deepEqual(
    [other.title, other.id, other.isDefault, other.entitled.models, other.forUnknown],
    ['Mine', { install: false, kind: 2, index: 5 }, true, ['iMac14,3'], true],
  );
  assert.ok(other.what.kind === 'nbi' && other.what.nbi.rootPath === 'nfs:10.0.0.9:/nb:A.dmg');
});

test('machines are named by name or MAC address', () => {
  const { entitled } = imageOf(
    'machines: {mm1: {mac: "a8:20:66:34:ff:e9"}, mm2: {macs: ["a8:20:66:4a:ce:46", "a8:20:66:4a:ce:47"]}}\nimages: {a: {kind: localboot, machines: [mm2, "00:11:22:33:44:66"], notMachines: [mm1]}}',
  );
  assert.deepEqual(entitled.macs, ['a8:20:66:4a:ce:46', 'a8:20:66:4a:ce:47', '00:11:22:33:44:66']);
  assert.deepEqual(entitled.notMacs, ['a8:20:66:34:ff:e9']);
});

const told: readonly { name: string; yaml: string; want: readonly string[]; left?: readonly string[] }[] = [
  {
    name: 'files that are not there',
    yaml: 'images:\n  t: {kind: efi, file: none.efi}\n  n:\n    kind: nbi\n    file: /nb/none.nbi\n',
    want: [
      'r.yaml:3:24: warning: images.t.file: /etc/rackready/none.efi does not exist, or cannot be read',
      'r.yaml:6:11: warning: images.n.file: /nb/none.nbi/NBImageInfo.plist does not exist, or cannot be read: the image is left out',
    ],
    left: ['(automatic)', 't'],
  },
  {
    name: 'no EFI program, and one for the wrong firmware',
    yaml: 'images:\n  t: {kind: efi, file: readme.txt}\n  u: {kind: efi, file32: x64.efi}\n',
    want: [
      'r.yaml:3:24: warning: images.t.file: /etc/rackready/readme.txt is no EFI program for Intel: no Mac is offered it',
      'r.yaml:4:26: warning: images.u.file32: /etc/rackready/x64.efi is for 64-bit EFI: no Mac with 32-bit EFI is offered it',
    ],
    left: ['(automatic)'],
  },
  {
    name: 'a folder for PowerPC, one for NFS whose files are missing, and an index that is taken',
    yaml: 'images:\n  a: {kind: nbi, file: /nb/A.nbi}\n  b: {kind: nbi, file: /nb/B.nbi}\n  p: {kind: nbi, file: /nb/P.nbi}\n',
    want: [
      'r.yaml:4:3: warning: images.b.index: the folder’s index 77 is that of another image: it gets 3983',
      'r.yaml:4:24: warning: images.b.file: nb.dmg is made for NFS and is served over HTTP: give rootPath where an NFS server has it',
      'r.yaml:4:24: warning: images.b.file: /nb/B.nbi/i386/booter does not exist, or cannot be read',
      'r.yaml:4:24: warning: images.b.file: /nb/B.nbi/i386/x86_64/kernelcache does not exist, or cannot be read',
      'r.yaml:4:24: warning: images.b.file: /nb/B.nbi/nb.dmg does not exist, or cannot be read',
      'r.yaml:5:24: warning: images.p.file: /nb/P.nbi/NBImageInfo.plist names no image for Intel Macs (Architectures: ppc): the image is left out',
    ],
    left: ['(automatic)', 'a', 'b'],
  },
];
for (const { name, yaml, want, left } of told) {
  test(`told: ${name}`, () => {
    const { images, told: lines } = build(yaml);
    assert.deepEqual(lines, want);
    assert.deepEqual(
      images.map((image) => image.name),
      left,
    );
  });
}
