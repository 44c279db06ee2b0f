import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRack, type Rack, requester } from '../../test/boot-rack.ts';
import { debian, machine, network, profileOf } from '../../test/boot-values.ts';
import { macImage } from '../../test/support/macs.ts';
import { AUTOMATIC_IMAGE } from '../boot/mac-image.ts';
import { ipv4 } from '../net/ipv4.ts';
import { mac } from '../net/mac.ts';
import { parseUuid } from '../net/uuid.ts';
import type { BootResource } from './boot-resource.ts';

const SM1 = mac('00:25:90:96:c4:9a');
const SM2 = mac('00:25:90:96:c6:5a');
const STRANGER = mac('52:54:00:00:00:01');
const uuid = parseUuid('11223344-5566-7788-99aa-bbccddeeff00');
const machines = [
  machine({ uuid }),
  machine({ name: 'sm2', hostName: 'sm2', macs: [SM2], address: ipv4('172.22.10.56') }),
];
const leases = { '172.22.10.55': SM1, '172.22.10.56': SM2, '172.22.10.30': STRANGER };
const BY_MAC = 'boot/grub/grub.cfg-01-00-25-90-96-c4-9a';

const rackWith = (over: Parameters<typeof createRack>[0] = {}) => createRack({ machines, leases, ...over });
const grant = { kind: 'granted', token: 'T', profile: 'debian-12', via: 'command' } as const;

function ask(rack: Rack, name: string, address = '172.22.10.55', via: 'tftp' | 'http' = 'tftp'): BootResource {
  return rack.files.resolve(name, requester(address, via));
}
/** "install", "hold", "local" as the text says it, or what else came. */
function sense(resource: BootResource): string {
  if (resource.kind === 'missing') return resource.expected ? 'missing, expected' : 'missing';
  if (resource.kind !== 'text') return resource.kind;
  if (/installs debian-12/.test(resource.text)) return `install ${/hostname=(\S+?)'?\s/.exec(resource.text)?.[1]}`;
  return /holds/.test(resource.text) ? 'hold' : /boots from disk/.test(resource.text) ? 'local' : 'other';
}

test('resolve() installs under a grant, and boots from disk without one', () => {
  const rack = rackWith();
  assert.equal(sense(ask(rack, BY_MAC)), 'local');
  rack.lives.step('sm1', grant);
  assert.equal(sense(ask(rack, BY_MAC)), 'install sm1');
  assert.equal(rack.lives.get('sm1')?.operation?.stage, 'booting');
  assert.equal(sense(ask(rack, 'boot/grub/grub.cfg', '172.22.10.56')), 'local');
  const told = rack.events
    .filter(({ id }) => id === 'boot.config')
    .map(({ subject, data }) => ({ ...subject, ...data }));
  assert.deepEqual(told[1], {
    mac: SM1,
    machine: 'sm1',
    network: 'management',
    address: '172.22.10.55',
    file: BY_MAC,
    loader: 'grub',
    decision: 'install',
    reason: 'granted by an operator',
    profile: 'debian-12',
  });
});

const spellings: readonly [string, string][] = [
  [BY_MAC, 'install sm1'],
  ['boot/grub/grub.cfg-01-00:25:90:96:c4:9a', 'install sm1'],
  ['boot/grub/grub.cfg-00259096C49A', 'install sm1'],
  ['/boot/grub/x86_64-efi/grub.cfg-01-00:25:90:96:c4:9a', 'install sm1'],
  ['boot/grub/grub.cfg', 'install sm1'],
  ['/boot/grub/i386-pc/grub.cfg', 'install sm1'],
  ['/grub/grub.cfg', 'install sm1'],
  ['/grub/machine/00:25:90:96:c4:9a.cfg', 'install sm1'],
  ['boot/grub/grub.cfg-AC160A37', 'install sm1'],
  ['boot/grub/grub.cfg-AC160A3', 'missing, expected'],
  ['boot/grub/grub.cfg-AC160A38', 'missing, expected'],
  ['boot/grub/grub.cfg-44332211-6655-8877-99aa-bbccddeeff00', 'install sm1'],
  ['boot/grub/grub.cfg-11223344-5566-7788-99aa-bbccddeeff00', 'install sm1'],
  ['boot/grub/grub.cfg-99999999-5566-7788-99aa-bbccddeeff00', 'missing, expected'],
  ['ipxe/boot.ipxe', 'install sm1'],
  ['pxelinux.cfg/01-00-25-90-96-c4-9a', 'install sm1'],
  ['pxelinux.cfg/AC160A37', 'install sm1'],
  ['pxelinux.cfg/AC16', 'missing, expected'],
  ['pxelinux.cfg/default', 'install sm1'],
  ['autoexec.ipxe', 'other'],
  // Another machine's configuration would give away the token of its answer file.
  ['boot/grub/grub.cfg-01-00-25-90-96-c6-5a', 'refused'],
  ['pxelinux.cfg/01-00-25-90-96-c6-5a', 'refused'],
];
for (const [name, expected] of spellings) {
  test(`resolve() ${name} asked by sm1 under grant: ${expected}`, () => {
    const rack = rackWith();
    rack.lives.step('sm1', grant);
    assert.equal(sense(ask(rack, name)), expected);
  });
}

test('resolve() gives who is not known the answer for unknown machines', () => {
  const rack = rackWith();
  rack.lives.step('sm1', grant);
  assert.equal(sense(ask(rack, 'boot/grub/grub.cfg', '172.22.10.99')), 'local');
  assert.equal(sense(ask(rack, 'ipxe/boot.ipxe', '172.22.10.30')), 'local');
  assert.equal(sense(ask(rack, `boot/grub/grub.cfg-01-52-54-00-00-00-01`, '172.22.10.30')), 'local');
  assert.equal(sense(ask(rack, 'boot/grub/grub.cfg-AC160A63', '172.22.10.99')), 'missing, expected');
  // Not at the address of ours that it has: somebody looks, and neither grant nor time begin.
  assert.equal(sense(ask(rack, BY_MAC, '172.22.10.99')), 'local');
  assert.equal(rack.lives.get('sm1')?.operation?.stage, 'granted');
  // A stranger with a lease cannot ask in sm1's name.
  assert.equal(sense(ask(rack, BY_MAC, '172.22.10.30')), 'refused');
});

test('resolve() knows a machine whose firmware has given its lease back before the loader started', () => {
  const released = { '172.22.10.55': SM1, '172.22.10.56': SM2 };
  const rack = rackWith({ leases: {}, released });
  rack.lives.step('sm1', grant);
  assert.equal(sense(ask(rack, BY_MAC, '172.22.10.56')), 'local');
  assert.equal(sense(ask(rack, BY_MAC)), 'install sm1');
});

test('resolve() beside another DHCP server believes the name of an address of which nothing is known', () => {
  const networks = [{ ...network, dhcp: { ...network.dhcp, mode: 'proxy' as const } }];
  const rack = rackWith({ settings: { networks } });
  rack.lives.step('sm1', grant);
  assert.equal(sense(ask(rack, BY_MAC, '172.22.10.99')), 'install sm1');
});

test('resolve() installs unknown machines once, where the configuration says so', () => {
  const rack = rackWith({ settings: { unknownMachines: { kind: 'install', profile: 'debian-12' } } });
  assert.equal(sense(ask(rack, 'ipxe/boot.ipxe', '172.22.10.30', 'http')), 'install m-52-54-00-00-00-01');
  assert.equal(rack.lives.get('m-52-54-00-00-00-01')?.operation?.grant.token, 'TOKEN1');
  assert.equal(sense(ask(rack, 'ipxe/boot.ipxe', '172.22.10.99', 'http')), 'local');
  assert.equal(sense(ask(rack, 'ipxe/boot.ipxe', '172.22.10.55', 'http')), 'local');
  rack.lives.step('m-52-54-00-00-00-01', { kind: 'cancelled' });
  assert.equal(sense(ask(rack, 'ipxe/boot.ipxe', '172.22.10.30', 'http')), 'local');
});

test('resolve() uses `install: once` of the file one time', () => {
  const profiles = new Map([['debian-12', { ...debian, install: 'once' as const }]]);
  const rack = rackWith({ settings: { profiles } });
  assert.equal(sense(ask(rack, BY_MAC)), 'install sm1');
  assert.equal(sense(ask(rack, BY_MAC)), 'install sm1');
  assert.deepEqual(
    rack.events.map(({ id }) => id),
    ['install.granted', 'boot.config', 'boot.config'],
  );
  rack.lives.step('sm1', { kind: 'reported', report: 'failed', reason: 'x' });
  assert.equal(sense(ask(rack, BY_MAC)), 'local');
});

test('resolve() holds a machine that would install again, loudly and once, until a new grant', () => {
  const rack = rackWith();
  rack.lives.step('sm1', grant);
  ask(rack, BY_MAC);
  rack.lives.step('sm1', { kind: 'answer-requested', address: '172.22.10.55', deadlineSeconds: 60 });
  assert.equal(sense(ask(rack, BY_MAC)), 'hold');
  assert.equal(sense(ask(rack, 'ipxe/boot.ipxe')), 'hold');
  assert.equal(sense(ask(rack, 'pxelinux.cfg/default')), 'hold');
  assert.equal(rack.events.filter(({ id }) => id === 'boot.held').length, 1);
  rack.lives.step('sm1', { ...grant, token: 'T2' });
  const again = ask(rack, BY_MAC);
  assert.equal(sense(again), 'install sm1');
  assert.ok(again.kind === 'text' && again.text.includes('/answer/T2/') && !again.text.includes('/answer/T/'));
});

test('resolve() ends what is overdue', () => {
  const rack = rackWith();
  rack.lives.step('sm1', grant);
  ask(rack, BY_MAC);
  rack.clock.now += debian.deadlineSeconds * 1000;
  assert.equal(sense(ask(rack, BY_MAC)), 'local');
  assert.equal(rack.lives.get('sm1')?.outcome?.result, 'expired');
  assert.equal(rack.events.filter(({ id }) => id === 'install.failed').length, 1);
});

test('resolve() lets the loader fetch kernel and initrd by what it can', () => {
  const baseOf = (name: string, via: 'tftp' | 'http') => {
    const rack = rackWith({ settings: { httpPort: 8080 } });
    rack.lives.step('sm1', grant);
    const resource = ask(rack, name, '172.22.10.55', via);
    const text = resource.kind === 'text' ? resource.text : '';
    return text
      .split('\n')
      .filter((line) => /^ *(set base|if insmod|kernel |KERNEL)/.test(line))
      .map((line) => line.trim().split(' initrd=')[0]);
  };
  assert.deepEqual(baseOf(BY_MAC, 'http'), ['set base="(http,172.22.10.2:8080)"']);
  assert.deepEqual(baseOf(BY_MAC, 'tftp'), [
    'set base="(tftp,172.22.10.2)"',
    'if insmod http; then set base="(http,172.22.10.2:8080)"; fi',
  ]);
  assert.deepEqual(baseOf('grub/grub.cfg', 'tftp'), ['set base="(tftp,172.22.10.2)"']);
  assert.deepEqual(baseOf('ipxe/boot.ipxe', 'http'), ['kernel http://172.22.10.2:8080/os/debian-12/linux']);
  assert.deepEqual(baseOf('ipxe/boot.ipxe', 'tftp'), ['kernel tftp://172.22.10.2/os/debian-12/linux']);
  assert.deepEqual(baseOf('pxelinux.cfg/default', 'tftp'), ['KERNEL ::os/debian-12/linux']);
});

const folder = {
  'images/Tool.iso': { kind: 'file', path: '/srv/boot/images/Tool.iso' },
  'leads/out': { kind: 'refused', reason: 'a symlink leads out of the folder' },
  'boot/grub/grub.cfg': { kind: 'file', path: '/srv/boot/never' },
} as const;

const files: readonly [string, BootResource][] = [
  [
    '/boot/grub/i386-pc/core.0',
    { kind: 'file', name: 'boot/grub/i386-pc/core.0', path: '/var/lib/rackready/boot/grub/i386-pc/core.0' },
  ],
  [
    'BOOT\\GRUB\\I386-PC\\CORE.0',
    { kind: 'file', name: 'boot/grub/i386-pc/core.0', path: '/var/lib/rackready/boot/grub/i386-pc/core.0' },
  ],
  ['os/debian-12/linux', { kind: 'file', name: 'os/debian-12/linux', path: '/srv/debian-12/linux' }],
  ['os/debian-12/initrd', { kind: 'file', name: 'os/debian-12/initrd', path: '/srv/debian-12/initrd.gz' }],
  [
    'os/debian-11/initrd',
    { kind: 'missing', name: 'os/debian-11/initrd', expected: false, near: 'os/debian-12/initrd' },
  ],
  ['images/Tool.iso', { kind: 'file', name: 'images/Tool.iso', path: '/srv/boot/images/Tool.iso' }],
  ['IMAGES/tool.ISO', { kind: 'file', name: 'images/Tool.iso', path: '/srv/boot/images/Tool.iso' }],
  ['leads/out', { kind: 'refused', name: 'leads/out', reason: 'a symlink leads out of the folder' }],
  ['../etc/passwd', { kind: 'refused', name: '../etc/passwd', reason: 'the name leads out of the boot folder' }],
  [
    '/grubx64.efi',
    { kind: 'file', name: 'grubx64.efi', path: '/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed' },
  ],
  ['grubaa64.efi', { kind: 'missing', name: 'grubaa64.efi', expected: false, near: 'efi/x64/grubx64.efi' }],
  ['revocations_sku.efi', { kind: 'missing', name: 'revocations_sku.efi', expected: true }],
  ['boot/grub/i386-pc/fs.lst', { kind: 'missing', name: 'boot/grub/i386-pc/fs.lst', expected: true }],
  ['core.0', { kind: 'missing', name: 'core.0', expected: false, near: 'boot/grub/i386-pc/core.0' }],
  ['nothing/like/it', { kind: 'missing', name: 'nothing/like/it', expected: false, near: undefined }],
  ['answer/T/preseed.cfg', { kind: 'missing', name: 'answer/T/preseed.cfg', expected: false, near: undefined }],
];
for (const [name, expected] of files) {
  test(`resolve() ${name}`, () => {
    assert.deepEqual(ask(rackWith({ folder }), name), expected);
  });
}

test('resolve() makes configurations itself, whatever lies in the operator’s folder', () => {
  assert.equal(sense(ask(rackWith({ folder }), 'boot/grub/grub.cfg')), 'local');
});

test('resolve() says which kernel is not there, or not here yet', () => {
  const gone = ask(rackWith({ missingFiles: [debian.kernel] }), 'os/debian-12/linux');
  assert.ok(gone.kind === 'refused' && gone.reason.includes(debian.kernel));
  const profiles = new Map([['debian-12', { ...debian, kernel: 'http://h/linux' }]]);
  const remote = ask(rackWith({ settings: { profiles } }), 'os/debian-12/linux');
  assert.ok(remote.kind === 'refused' && /not fetched/.test(remote.reason));
});

test('resolve() gives files of an install tree, and ISOs, of profiles that name them', () => {
  const el = profileOf('rocky-9', { source: '/srv/rocky' });
  const ubuntu = profileOf('ubuntu-24.04', { iso: '/srv/u.iso', source: undefined });
  const remote = profileOf('alma-9', { source: 'http://h/alma' });
  const rack = rackWith({
    settings: { profiles: new Map([el, ubuntu, remote].map((profile) => [profile.name, profile])) },
    folder: {
      '/srv/rocky/.treeinfo': { kind: 'file', path: '/srv/rocky/.treeinfo' },
      '/srv/rocky/images/out.img': { kind: 'refused', reason: 'it is a link that leads out of the folder' },
    },
  });
  const get = (name: string) => ask(rack, name, '172.22.10.55', 'http');
  const treeinfo = get('tree/rocky-9/.treeinfo');
  assert.deepEqual(treeinfo, { kind: 'file', name: 'tree/rocky-9/.treeinfo', path: '/srv/rocky/.treeinfo' });
  assert.equal(sense(get('/tree/rocky-9//images/updates.img')), 'missing, expected');
  assert.equal(sense(get('tree/rocky-9/LiveOS/squashfs.img')), 'missing, expected');
  assert.equal(sense(get('tree/rocky-9/Packages/x.rpm')), 'missing');
  for (const name of ['tree/rocky-9/images/out.img', 'tree/rocky-9/../../etc/shadow', 'tree/alma-9/x', 'tree/no/x']) {
    assert.equal(sense(get(name)), 'refused', name);
  }
  assert.deepEqual(get('iso/ubuntu-24.04.iso'), { kind: 'file', name: 'iso/ubuntu-24.04.iso', path: '/srv/u.iso' });
  assert.equal(sense(get('iso/rocky-9.iso')), 'refused');
});

const macImages = [
  AUTOMATIC_IMAGE,
  macImage('tool', { kind: 'efi', programs: { 32: '/srv/t32.efi', 64: '/srv/t64.efi' } }),
  macImage('gone', { kind: 'efi', programs: { 64: '/srv/gone.efi' } }),
  macImage('mac', {
    kind: 'nbi',
    nbi: { folder: '/nb', booter: 'i386/booter', kernelCache: 'i386/x86_64/kernelcache' },
  }),
];
const imageFiles: readonly [name: string, want: string][] = [
  ['netboot/tool/efi64.efi', '/srv/t64.efi'],
  ['/netboot/tool/efi32.efi', '/srv/t32.efi'],
  ['netboot/tool/efi128.efi', 'missing'],
  ['netboot/gone/efi32.efi', 'missing'],
  ['netboot/gone/efi64.efi', 'refused'],
  ['netboot/mac/i386/booter', '/nb/i386/booter'],
  ['/netboot/mac/i386/x86_64\\kernelcache', '/nb/i386/x86_64/kernelcache'],
  ['netboot/mac/i386/PlatformSupport.plist', 'missing, expected'],
  ['netboot/mac/i386/other', 'missing'],
  ['netboot/mac/../secret', 'refused'],
  ['netboot/(automatic)/x', 'missing'],
  ['netboot/mine/x', '/boot/netboot/mine/x'],
];
for (const [name, want] of imageFiles) {
  test(`resolve() gives files of images for Macs: ${name}`, () => {
    const rack = rackWith({
      settings: { images: macImages },
      missingFiles: ['/srv/gone.efi'],
      folder: {
        '/nb/i386/booter': { kind: 'file', path: '/nb/i386/booter' },
        '/nb/i386/x86_64/kernelcache': { kind: 'file', path: '/nb/i386/x86_64/kernelcache' },
        'netboot/mine/x': { kind: 'file', path: '/boot/netboot/mine/x' },
      },
    });
    const found = ask(rack, name);
    assert.equal(found.kind === 'file' ? found.path : sense(found), want);
  });
}

test('resolve() boots from disk when that was chosen on the Mac, and uses no grant up', () => {
  const rack = rackWith({ choseDisk: SM1 });
  rack.lives.step('sm1', grant);
  assert.equal(sense(ask(rack, BY_MAC)), 'local');
  assert.equal(rack.lives.get('sm1')?.operation?.stage, 'granted');
  const told = rack.events.find(({ id }) => id === 'boot.config');
  assert.deepEqual([told?.data.decision, told?.data.reason], ['local', 'that was chosen on the Mac']);
});

test('an image that knows our address is sent from that address; the name alone is enough elsewhere', () => {
  const found = ask(rackWith(), 'mac/x86_64.efi');
  assert.equal(found.kind === 'file' && found.path, '/var/lib/rackready/loaders/mac-x64-own.img');
  const moved = { ...network, address: ipv4('172.22.10.3') };
  const other = ask(rackWith({ settings: { networks: [moved] } }), 'MAC/x86_64.efi');
  assert.equal(other.kind === 'file' && other.path, '/var/lib/rackready/loaders/mac-x64.img');
});

test('resolve() holds the second start of an installer of one’s own that asks for no answer file and reports nothing', () => {
  const own = (text: string) => ({ ...debian, family: 'custom' as const, arguments: text });
  const second = (text: string) => {
    const rack = rackWith({ settings: { profiles: new Map([['debian-12', own(text)]]) } });
    rack.lives.step('sm1', grant);
    // GRUB reads its configuration twice.
    for (const name of [BY_MAC, BY_MAC, 'os/debian-12/linux']) ask(rack, name);
    // Another machine's download says nothing of this one.
    ask(rack, 'os/debian-12/initrd', '172.22.10.56');
    assert.match(sense(ask(rack, BY_MAC)), /^(install|other)/);
    assert.equal(ask(rack, 'os/debian-12/initrd').kind, 'file');
    return sense(ask(rack, BY_MAC));
  };
  assert.equal(second('unattended'), 'hold');
  assert.notEqual(second('answers={{ urls.answer }}'), 'hold');
});
