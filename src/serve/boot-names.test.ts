import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isExpectedMiss, isExpectedTreeMiss, normaliseBootName, parseBootName } from './boot-names.ts';
import { isWithinTwo, nearName } from './near-name.ts';

const HOSTS = ['172.22.10.2'];

const names: readonly [string, string][] = [
  ['/boot/grub/i386-pc/core.0', 'boot/grub/i386-pc/core.0'],
  ['//grubx64.efi', 'grubx64.efi'],
  ['./a/./b//c', 'a/b/c'],
  ['\\\\Boot\\BCD', 'Boot/BCD'],
  ['core.0\0garbage', 'core.0'],
  ['core.0\u00ff', 'core.0'],
  ['core.0\ufffd\u0011', 'core.0'],
  ['tftp://172.22.10.2/core.0', 'core.0'],
  ['http://172.22.10.2:8080/boot/core.efi', 'boot/core.efi'],
  ['a..b/...', 'a..b/...'],
];
for (const [raw, name] of names) {
  test(`normaliseBootName() ${JSON.stringify(raw)}`, () => {
    const result = normaliseBootName(raw, 'tftp', HOSTS);
    assert.equal(result.kind === 'name' && result.name, name);
    assert.equal(result.kind === 'name' && result.trimmed, /[\u00ff\ufffd]/.test(raw));
  });
}

const refusals: readonly [string, RegExp][] = [
  ['', /empty/],
  ['///', /empty/],
  ['../etc/passwd', /leads out/],
  ['boot/../../etc/passwd', /leads out/],
  ['..\\..\\windows', /leads out/],
  ['boot/..', /leads out/],
  ['tftp://172.22.10.2/../etc/passwd', /leads out/],
  ['http://10.0.0.1/x', /URL of another server/],
  ['a\nb', /control/],
  [`${'a/'.repeat(300)}b`, /longer than 512/],
];
for (const [raw, reason] of refusals) {
  test(`normaliseBootName() refuses ${JSON.stringify(raw).slice(0, 40)}`, () => {
    const result = normaliseBootName(raw, 'tftp', HOSTS);
    assert.match(result.kind === 'refused' ? result.reason : '', reason);
    assert.doesNotMatch(result.name, /\n/);
  });
}

test('normaliseBootName() keeps letters of other scripts over HTTP', () => {
  const result = normaliseBootName('/images/ü', 'http', HOSTS);
  assert.equal(result.kind === 'name' && result.name, 'images/ü');
});

const MAC = { by: 'mac', mac: '00:25:90:96:c4:9a' };
const UUIDS = {
  by: 'uuid',
  uuids: ['44332211-6655-8877-99aa-bbccddeeff00', '11223344-5566-7788-99aa-bbccddeeff00'],
};
const ADDRESS = { by: 'address', address: 0xac160a1e };
const grub = (whose: object, isSigned = false) => ({ kind: 'config', dialect: 'grub', whose, isSigned });
const pxelinux = (whose: object) => ({ kind: 'config', dialect: 'pxelinux', whose, isSigned: false });

const parsed: readonly [string, object][] = [
  ['boot/grub/grub.cfg-01-00-25-90-96-c4-9a', grub(MAC)],
  ['boot/grub/grub.cfg-01-00:25:90:96:c4:9a', grub(MAC)],
  ['boot/grub/grub.cfg-01:00:25:90:96:c4:9a', grub(MAC)],
  ['boot/grub/grub.cfg-00-25-90-96-C4-9A', grub(MAC)],
  ['boot/grub/grub.cfg-01-00259096c49a', grub(MAC)],
  ['boot/grub/grub.cfg-00259096C49A', grub(MAC)],
  ['BOOT/GRUB/GRUB.CFG-01-00-25-90-96-C4-9A', grub(MAC)],
  ['boot/grub/x86_64-efi/grub.cfg-01-00:25:90:96:c4:9a', grub(MAC)],
  ['boot/grub/i386-pc/grub.cfg', grub({ by: 'requester' })],
  ['boot/grub/grub.cfg', grub({ by: 'requester' })],
  ['boot/grub/grub.cfg-AC160A1E', grub(ADDRESS)],
  ['boot/grub/grub.cfg-ac160a1e', grub(ADDRESS)],
  ['boot/grub/grub.cfg-AC160A1', grub({ by: 'guess' })],
  ['boot/grub/grub.cfg-A', grub({ by: 'guess' })],
  ['boot/grub/grub.cfg-44332211-6655-8877-99aa-bbccddeeff00', grub(UUIDS)],
  ['boot/grub/grub.cfg-nonsense', grub({ by: 'guess' })],
  ['grub/grub.cfg', grub({ by: 'requester' }, true)],
  ['grub/x86_64-efi/grub.cfg', grub({ by: 'requester' }, true)],
  ['grub/machine/00:25:90:96:c4:9a.cfg', grub(MAC, true)],
  ['pxelinux.cfg/01-00-25-90-96-c4-9a', pxelinux(MAC)],
  ['bios/pxelinux.cfg/default', pxelinux({ by: 'requester' })],
  ['pxelinux.cfg/AC160A1E', pxelinux(ADDRESS)],
  ['pxelinux.cfg/AC16', pxelinux({ by: 'guess' })],
  ['pxelinux.cfg/44332211-6655-8877-99AA-BBCCDDEEFF00', pxelinux(UUIDS)],
  ['ipxe/boot.ipxe', { kind: 'config', dialect: 'ipxe', whose: { by: 'requester' }, isSigned: false }],
  ['autoexec.ipxe', { kind: 'autoexec' }],
  ['ipxe/autoexec.ipxe', { kind: 'autoexec' }],
  ['os/debian-12/linux', { kind: 'os', profile: 'debian-12', part: 'linux' }],
  ['os/debian-12/initrd', { kind: 'os', profile: 'debian-12', part: 'initrd' }],
  ['os/debian-12/other', { kind: 'plain' }],
  ['boot/grub/grub.cfg.bak', { kind: 'plain' }],
];
for (const [name, expected] of parsed) {
  test(`parseBootName() ${name}`, () => assert.deepEqual(parseBootName(name), expected));
}

test('isExpectedMiss() knows the names that healthy loaders try', () => {
  const noise = [
    ...['boot/grub/i386-pc/command.lst', 'revocations.efi', 'revocations_sku.efi', 'shim_certificate_0.efi'],
    ...['pxelinux.cfg/AC1', 'ldlinux.e64', 'boot/grub/i386-pc/http.mod', 'boot.msg', 'start4.elf.sig'],
  ];
  for (const name of noise) assert.equal(isExpectedMiss(name), true, name);
  for (const name of ['core.0', 'grubx64.efi', 'pxelinux.cfg/default', 'boot/grub/i386-pc/normal.mod', 'ldlinux.c32']) {
    assert.equal(isExpectedMiss(name), false, name);
  }
});

test('nearName() finds the same file elsewhere, other case, and slips of the pen', () => {
  const there = ['boot/grub/i386-pc/core.0', 'efi/x64/shimx64.efi', 'README'];
  assert.equal(nearName('core.0', there), 'boot/grub/i386-pc/core.0');
  assert.equal(nearName('readme', there), 'README');
  assert.equal(nearName('shimx86.efi', there), 'efi/x64/shimx64.efi');
  assert.equal(nearName('boot/grub/i386-pc/cor.0', there), 'boot/grub/i386-pc/core.0');
  assert.equal(nearName('nothing.like.it', there), undefined);
});

test('isWithinTwo()', () => {
  assert.equal(isWithinTwo('', 'ab'), true);
  assert.equal(isWithinTwo('', 'abc'), false);
  assert.equal(isWithinTwo('kitten', 'sitten'), true);
  assert.equal(isWithinTwo('kitten', 'sitting'), false);
});

test('isExpectedTreeMiss() knows them at any depth: the layouts of most distributions have several trees', () => {
  for (const tree of ['', 'BaseOS/x86_64/os/']) {
    for (const name of ['images/updates.img', '.treeinfo', 'images/install.img', 'repodata/repomd.xml.asc']) {
      assert.equal(isExpectedTreeMiss(`${tree}${name}`), true, tree + name);
    }
    assert.equal(isExpectedTreeMiss(`${tree}images/pxeboot/vmlinuz`), false);
    assert.equal(isExpectedTreeMiss(`${tree}repodata/repomd.xml`), false);
  }
  assert.equal(isExpectedTreeMiss('debian/dists/stable/Release'), true);
  assert.equal(isExpectedTreeMiss('debian/dists/trixie/Release'), false);
});
