import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  createTale,
  fold,
  get,
  installing,
  lease,
  load,
  START,
  stagesOf,
  type Tale,
} from '../../test/support/story.ts';

/** The order of events in docs/records/install-bios.md, up to the report. */
function installByBios(): Tale {
  const tale = createTale();
  lease(tale, 4, 'iPXE, bios-x86', { bootFile: 'http://172.22.10.2/ipxe/boot.ipxe' });
  tale.tellMachine(20, 'install.granted', { profile: 'debian', via: 'file' });
  tale.tell(20, 'boot.config', {
    file: 'ipxe/boot.ipxe',
    loader: 'ipxe',
    decision: 'install',
    reason: 'granted',
    profile: 'debian',
  });
  get(tale, 20, '/ipxe/boot.ipxe', 300);
  tale.tell(21, 'http.start', { method: 'GET', path: '/os/debian/linux', userAgent: 'iPXE/1.21', bytes: 8_000_000 });
  get(tale, 23, '/os/debian/linux', 8_000_000);
  tale.tell(23, 'http.start', { method: 'GET', path: '/os/debian/initrd', userAgent: 'iPXE/1.21', bytes: 38_000_000 });
  get(tale, 33, '/os/debian/initrd', 38_000_000);
  lease(tale, 303, 'installer, d-i');
  tale.tellMachine(332, 'answer.fetched', { profile: 'debian', file: 'preseed.cfg' });
  get(tale, 332, '/answer/…/preseed.cfg', 5_000, 'debian-installer');
  tale.tellMachine(536, 'install.started', { profile: 'debian' });
  get(tale, 536, '/report/…/started', 6, 'Wget/1.21.3');
  tale.tellMachine(700, 'install.chosen', {
    profile: 'debian',
    disk: '/dev/vda',
    diskId: '/dev/disk/by-id/virtio-box',
  });
  tale.tellMachine(3777, 'install.reported', { profile: 'debian' });
  return tale;
}

function local(tale: Tale, second: number): void {
  tale.tell(second, 'boot.config', { file: 'ipxe/boot.ipxe', loader: 'ipxe', decision: 'local', reason: 'installed' });
}

describe('an installation is one attempt', () => {
  test('from power-on to the report', () => {
    const [attempt, ...others] = fold(installByBios().events);
    assert.deepEqual(others, []);
    assert.deepEqual(stagesOf(attempt), [
      'firmware done 4-20',
      'loader done 20-21',
      'kernel done 21-303',
      'installer done 303-3777',
      'system running 3777-',
    ]);
    assert.equal(attempt?.id, 1);
    assert.equal(attempt?.firmware, 'iPXE, bios-x86');
    assert.equal(attempt?.decision, 'install debian');
    assert.equal(attempt?.address, '172.22.10.61');
    assert.equal(attempt?.outcome, 'running');
    assert.equal(attempt?.next?.what, 'its own system answers by SSH');
    assert.deepEqual(
      attempt?.stages.map(({ bytes, transferCount }) => [bytes, transferCount]),
      [
        [0, 0],
        [300, 1],
        [46_000_000, 2],
        [5_006, 2],
        [0, 0],
      ],
    );
    assert.equal(attempt?.stages[3]?.words.disk, '/dev/disk/by-id/virtio-box');
  });

  test('the reboot after the report belongs to it, until the first contact', () => {
    const tale = installByBios();
    lease(tale, 4004, 'iPXE, bios-x86', { bootFile: 'http://172.22.10.2/ipxe/boot.ipxe' });
    local(tale, 4020);
    get(tale, 4020, '/ipxe/boot.ipxe', 200);
    lease(tale, 4170, 'system');
    const [waiting, ...none] = fold(tale.events);
    assert.deepEqual(none, []);
    assert.equal(stagesOf(waiting).at(-1), 'system running 3777-');
    assert.equal(waiting?.next?.expectedBy, START + 3777_000 + 20 * 60_000);
    tale.tellMachine(4187, 'install.done', { profile: 'debian', how: 'SSH answers', verified: true });
    const [done] = fold(tale.events);
    assert.equal(done?.outcome, 'installed');
    assert.equal(done?.endedAt, START + 4187_000);
    assert.equal(stagesOf(done).at(-1), 'system done 3777-4187');
    assert.equal(done?.next, undefined);
    assert.equal(done?.decision, 'install debian');
  });

  test('the next power-on is another attempt, that boots from the disk', () => {
    const tale = installByBios();
    tale.tellMachine(4187, 'install.done', { profile: 'debian', how: 'SSH answers', verified: true });
    lease(tale, 4197, 'iPXE, bios-x86', { bootFile: 'http://172.22.10.2/ipxe/boot.ipxe' });
    local(tale, 4213);
    get(tale, 4213, '/ipxe/boot.ipxe', 200);
    lease(tale, 4351, 'system');
    const attempts = fold(tale.events);
    assert.deepEqual(
      attempts.map(({ outcome }) => outcome),
      ['installed', 'local'],
    );
    assert.deepEqual(stagesOf(attempts[1]), [
      'firmware done 4197-4213',
      'loader done 4213-4213',
      'system done 4351-4351',
    ]);
    // The system renews its lease for weeks.
    tale.tell(9000, 'dhcp.ack', {
      address: '172.22.10.61',
      seconds: 3600,
      client: 'system',
      kind: 'renewing',
    });
    assert.deepEqual(fold(tale.events), attempts);
  });

  test('what the system that it was sent to is refused is part of the boot, and so is that it gets over it', () => {
    const address = '172.22.10.61';
    const tale = createTale();
    lease(tale, 0, 'iPXE, bios-x86', { bootFile: 'http://172.22.10.2/ipxe/boot.ipxe' });
    local(tale, 3);
    tale.tell(60, 'dhcp.nak', { address: '172.22.10.9', reason: 'it is leased to another machine' });
    assert.match(fold(tale.events)[0]?.standing ?? '', /172\.22\.10\.9/);
    assert.deepEqual(stagesOf(fold(tale.events)[0]).at(-1), 'system running 60-');
    lease(tale, 61, 'system');
    assert.deepEqual(stagesOf(fold(tale.events)[0]).at(-1), 'system done 60-61');
    tale.tell(66, 'dhcp.decline', { address, minutes: 10 });
    const [declined] = fold(tale.events);
    assert.match(declined?.standing ?? '', /somebody/);
    assert.deepEqual(stagesOf(declined).at(-1), 'system running 60-');
    assert.equal(declined?.outcome, 'local');
    lease(tale, 76, 'system');
    const [up, ...more] = fold(tale.events);
    assert.deepEqual(more, []);
    assert.deepEqual(stagesOf(up).at(-1), 'system done 60-76');
    assert.match(up?.standing ?? '', /^has 172\.22\.10\.61/);
  });

  test('its own system that was refused and never heard again has failed, also when the machine boots anew', () => {
    const tale = createTale();
    lease(tale, 0, 'iPXE, bios-x86', { bootFile: 'http://172.22.10.2/ipxe/boot.ipxe' });
    local(tale, 3);
    tale.tell(60, 'dhcp.nak', { address: '172.22.10.9', reason: 'it is leased to another machine' });
    lease(tale, 400, 'iPXE, bios-x86', { bootFile: 'http://172.22.10.2/ipxe/boot.ipxe' });
    const [before, now] = fold(tale.events);
    assert.deepEqual(stagesOf(before).at(-1), 'system failed 60-60');
    assert.equal(now?.startedAt, START + 400_000);
  });

  test('a machine that starts its disk by itself after the report is still in it', () => {
    const tale = installByBios();
    lease(tale, 3290, 'system');
    tale.tellMachine(3301, 'install.done', { profile: 'debian', how: 'SSH answers', verified: true });
    assert.deepEqual(
      fold(tale.events).map(({ outcome }) => outcome),
      ['installed'],
    );
  });

  test('a failure ends it', () => {
    const tale = installByBios();
    tale.events.pop();
    tale.tellMachine(900, 'install.failed', { profile: 'debian', reason: 'no disk' });
    const [attempt] = fold(tale.events);
    assert.equal(attempt?.outcome, 'failed');
    assert.equal(stagesOf(attempt).at(-1), 'installer failed 303-900');
    assert.equal(attempt?.standing, 'was not installed with debian: no disk');
  });
});

describe('where an attempt begins', () => {
  test('firmware that asks again is the same attempt, also when it goes on to HTTP boot', () => {
    const tale = createTale();
    for (const second of [0, 4, 12, 28]) {
      tale.tell(second, 'dhcp.discover', { client: 'PXE firmware, uefi-x64', via: 'interface br0', arch: 7 });
    }
    tale.tell(120, 'dhcp.discover', { client: 'HTTP boot firmware, uefi-x64', via: 'interface br0', arch: 16 });
    const attempts = fold(tale.events);
    assert.equal(attempts.length, 1);
    assert.equal(attempts[0]?.firmware, 'PXE firmware, uefi-x64');
    assert.equal(attempts[0]?.stages[0]?.words.client, 'HTTP boot firmware, uefi-x64');
  });

  test('after silence it is another one', () => {
    const tale = createTale();
    for (const second of [0, 4, 600]) {
      tale.tell(second, 'dhcp.discover', { client: 'PXE firmware, uefi-x64', via: 'interface br0' });
    }
    assert.deepEqual(
      fold(tale.events).map(({ startedAt, outcome }) => [startedAt - START, outcome]),
      [
        [0, 'left'],
        [600_000, 'running'],
      ],
    );
  });

  test('firmware after a loader is another one', () => {
    const tale = createTale();
    lease(tale, 0, 'PXE firmware, uefi-x64', { bootFile: 'boot/shimx64.efi', took: 4 });
    load(tale, 4, 'boot/shimx64.efi', 900_000);
    lease(tale, 9, 'PXE firmware, uefi-x64', { bootFile: 'boot/shimx64.efi', took: 4 });
    const [first, second] = fold(tale.events);
    assert.match(first?.standing ?? '', /has boot\/shimx64\.efi .*; then it started again/);
    assert.equal(second?.stages.length, 1);
  });

  test('an iPXE that firmware or another iPXE loaded is part of the same boot; one that starts over is not', () => {
    const tale = createTale();
    lease(tale, 0, 'PXE firmware, bios-x86', { bootFile: 'boot/undionly.kpxe' });
    load(tale, 1, 'boot/undionly.kpxe', 70_000);
    lease(tale, 3, 'iPXE, bios-x86', { bootFile: 'http://172.22.10.2/ipxe/boot.ipxe' });
    tale.tell(5, 'dhcp.discover', { client: 'iPXE, bios-x86', via: 'interface br0' });
    load(tale, 6, 'boot/undionly.kpxe', 70_000);
    lease(tale, 24, 'iPXE, bios-x86', { bootFile: 'http://172.22.10.2/ipxe/boot.ipxe' });
    assert.equal(fold(tale.events).length, 1);
    get(tale, 25, '/ipxe/boot.ipxe', 300);
    tale.tell(60, 'dhcp.discover', { client: 'iPXE, bios-x86', via: 'interface br0' });
    assert.equal(fold(tale.events).length, 2);
  });

  test('a Mac: its questions, GRUB and its own DHCP are one attempt', () => {
    const tale = createTale();
    tale.tell(0, 'dhcp.discover', { client: 'Mac, Macmini6,2', via: 'interface br0' });
    tale.tell(0, 'dhcp.ack', {
      address: '172.22.10.61',
      seconds: 3600,
      client: 'Mac, Macmini6,2',
      kind: 'selecting',
    });
    tale.tell(1, 'bsdp.list', { images: 1, default: 'debian', dropped: 0, address: '172.22.10.61', port: 68 });
    tale.tell(2, 'bsdp.select', {
      image: 'debian',
      imageId: '0x8001',
      bootFile: 'mac/efi64.efi',
      address: '172.22.10.61',
      port: 68,
    });
    load(tale, 3, 'mac/efi64.efi', 200_000);
    lease(tale, 8, 'GRUB');
    load(tale, 9, 'boot/grub/grub.cfg-01-02-00-00-ac-16-0a', 800);
    const attempts = fold(tale.events);
    assert.equal(attempts.length, 1);
    assert.deepEqual(stagesOf(attempts[0]), ['firmware done 0-3', 'loader running 3-']);
    assert.equal(attempts[0]?.firmware, 'Mac, Macmini6,2');
  });

  test('a system alone has no story', () => {
    const tale = createTale();
    lease(tale, 0, 'system');
    assert.deepEqual(fold(tale.events), []);
  });

  test('a system that comes up without our help ends what its firmware began', () => {
    const tale = createTale();
    lease(tale, 0, 'PXE firmware, uefi-x64', { bootFile: 'boot/core.efi' });
    lease(tale, 100, 'system, MSFT 5.0');
    const [attempt] = fold(tale.events);
    assert.equal(attempt?.outcome, 'left');
    assert.equal(attempt?.endedAt, START + 100_000);
  });

  test('an installer whose kernel says nothing of itself in DHCP is no installed system', () => {
    const tale = createTale();
    lease(tale, 0, 'PXE firmware, uefi-x64', { bootFile: 'boot/core.efi' });
    load(tale, 1, 'boot/core.efi', 900_000);
    tale.tell(2, 'boot.config', {
      file: 'g',
      loader: 'grub',
      decision: 'install',
      reason: 'granted',
      profile: 'ubuntu',
    });
    load(tale, 3, 'os/ubuntu/linux', 9_000_000);
    load(tale, 5, 'os/ubuntu/initrd', 90_000_000);
    lease(tale, 40, 'system');
    const [attempt] = fold(tale.events);
    assert.equal(stagesOf(attempt).at(-1), 'installer running 40-');
    assert.equal(attempt?.next?.what, 'fetches its answer file');
  });
});

describe('a network that is only observed', () => {
  const heard = (tale: Tale, second: number, client: string, server?: string) => {
    const asked = { answer: 'OFFER 172.22.10.7', client };
    tale.tell(second, 'dhcp.would-answer', { message: 'discover', ...asked });
    tale.tell(second, 'dhcp.ignored', { message: 'DISCOVER', reason: 'network lab is only observed' });
    if (server === undefined) return;
    const chosen = { server, address: '172.22.10.110' };
    tale.tell(second + 1, 'dhcp.would-answer', { message: 'request', ...asked, ...chosen });
    tale.tell(second + 1, 'dhcp.ignored', { message: 'REQUEST', reason: 'network lab is only observed' });
  };

  test('a boot is followed by what its stages ask other servers for, and is marked', () => {
    const tale = createTale();
    heard(tale, 0, 'PXE firmware, uefi-x64');
    const other = { server: '172.22.10.3', message: 'OFFER', bootFile: 'pxelinux.0', nextServer: '172.22.10.9' };
    tale.tell(0.5, 'dhcp.other-answer', other);
    const [asked] = fold(tale.events);
    assert.equal(asked?.isObserved, true);
    assert.equal(asked?.outcome, 'running');
    assert.match(asked?.standing ?? '', /hears from another DHCP server, 172\.22\.10\.3: OFFER, boot file pxelinux\.0/);
    assert.equal(asked?.stages[0]?.words.bootFile, 'pxelinux.0');
    heard(tale, 1, 'PXE firmware, uefi-x64', '172.22.10.3');
    assert.match(fold(tale.events)[0]?.standing ?? '', /takes 172\.22\.10\.110 from 172\.22\.10\.3/);
    heard(tale, 20, 'installer, d-i', '172.22.10.3');
    heard(tale, 900, 'system, ubuntu', '172.22.10.3');
    const [attempt, ...more] = fold(tale.events);
    assert.deepEqual(more, []);
    assert.equal(attempt?.firmware, 'PXE firmware, uefi-x64');
    assert.equal(attempt?.outcome, 'left');
    assert.equal(attempt?.next, undefined);
    assert.deepEqual(stagesOf(attempt), ['firmware done 0-20', 'installer done 20-900', 'system done 900-901']);
    heard(tale, 1800, 'PXE firmware, uefi-x64');
    assert.equal(fold(tale.events).length, 2);
  });

  test('what is over stays so when another client of its system asks', () => {
    const tale = createTale();
    heard(tale, 0, 'PXE firmware, uefi-x64', '172.22.10.3');
    heard(tale, 60, 'system, ubuntu', '172.22.10.3');
    heard(tale, 63, 'system, dhcpcd');
    const [attempt, ...more] = fold(tale.events);
    assert.deepEqual(more, []);
    assert.equal(attempt?.outcome, 'left');
    assert.equal(attempt?.endedAt, START + 61_000);
  });

  test('a Mac is heard as well; a system alone is no boot', () => {
    const tale = createTale();
    tale.tell(0, 'dhcp.would-answer', { message: 'inform', answer: 'a NetBoot answer (list)' });
    assert.deepEqual(stagesOf(fold(tale.events)[0]), ['firmware running 0-']);
    const alone = createTale();
    heard(alone, 0, 'system, android', '172.22.10.3');
    assert.deepEqual(fold(alone.events), []);
  });

  test('when the server answers, the boot is its own', () => {
    const tale = createTale();
    heard(tale, 0, 'PXE firmware, uefi-x64');
    lease(tale, 4, 'PXE firmware, uefi-x64');
    const [attempt] = fold(tale.events);
    assert.equal(attempt?.isObserved, undefined);
    assert.equal(attempt?.next?.what, undefined);
    assert.equal(attempt?.address, '172.22.10.61');
  });
});

describe('what is not answered', () => {
  test('is ignored, until it is answered after all', () => {
    const tale = createTale();
    tale.tell(0, 'dhcp.discover', { client: 'PXE firmware, uefi-x64', via: 'interface br0' });
    tale.tell(0, 'dhcp.ignored', { reason: 'unknown machines are ignored', message: 'DISCOVER' });
    assert.equal(fold(tale.events)[0]?.outcome, 'ignored');
    lease(tale, 4, 'PXE firmware, uefi-x64');
    assert.equal(fold(tale.events)[0]?.outcome, 'running');
  });

  test('a held machine is over', () => {
    const tale = createTale();
    lease(tale, 0, 'PXE firmware, uefi-x64', { bootFile: 'boot/core.efi' });
    load(tale, 1, 'boot/core.efi', 900_000);
    tale.tellMachine(2, 'boot.held', { profile: 'debian', reason: 'the same installation again' });
    tale.tell(2, 'boot.config', { file: 'g', loader: 'grub', decision: 'hold', reason: 'held', profile: 'debian' });
    const [attempt] = fold(tale.events);
    assert.equal(attempt?.outcome, 'held');
    assert.equal(attempt?.standing, 'is held: the same installation again');
  });
});

describe('what is waited for', () => {
  const until = (tale: Tale) => {
    const { next } = fold(tale.events).at(-1) ?? {};
    return next && `${next.what} until ${(next.expectedBy - START) / 1000}`;
  };

  test('the thresholds of each step', () => {
    const tale = createTale();
    tale.tell(0, 'dhcp.discover', { client: 'PXE firmware, uefi-x64', via: 'interface br0' });
    assert.equal(until(tale), undefined);
    tale.tell(0, 'dhcp.offer', { address: '172.22.10.61', reason: 'pool', bootFile: 'boot/core.efi' });
    assert.equal(until(tale), 'takes 172.22.10.61 until 40');
    lease(tale, 0, 'PXE firmware, uefi-x64', { bootFile: 'boot/core.efi', took: 4 });
    assert.equal(until(tale), 'asks for boot/core.efi until 19');
    tale.tell(5, 'tftp.start', { file: 'boot/core.efi', bytes: 900_000, blockSize: 1468, window: 1 });
    assert.equal(until(tale), undefined);
    tale.tell(6, 'tftp.done', { file: 'boot/core.efi', bytes: 900_000, ms: 900, retransmits: 0, finalAck: true });
    assert.equal(until(tale), 'asks for its configuration until 36');
    tale.tell(7, 'boot.config', {
      file: 'g',
      loader: 'grub',
      decision: 'install',
      reason: 'granted',
      profile: 'debian',
    });
    load(tale, 7, 'boot/grub/grub.cfg', 1000, 0);
    assert.equal(until(tale), 'asks for its kernel until 47');
    load(tale, 8, 'os/debian/linux', 8_000_000, 2);
    assert.equal(until(tale), 'the installer asks for an address until 190');
    lease(tale, 60, 'installer, d-i');
    assert.equal(until(tale), 'fetches its answer file until 120');
  });

  test('an installer that has its answer file waits for no other one, whatever DHCP it does', () => {
    const tale = installing('d-i');
    assert.equal(until(tale), 'loads its packages until 690');
    lease(tale, 100, 'installer, d-i');
    lease(tale, 110, 'system');
    assert.equal(until(tale), 'loads its packages until 690');
    tale.tellMachine(120, 'answer.fetched', { profile: 'debian', file: 'preseed.cfg' });
    get(tale, 120, '/answer/…/preseed.cfg', 5_000, 'debian-installer');
    assert.equal(until(tale), 'loads its packages until 720');
  });

  test('while packages come, and after the last, its report is waited for', () => {
    const tale = installing('d-i');
    get(tale, 200, '/mirror/debian/dists/trixie/Release', 50_000, 'Wget');
    assert.equal(until(tale), 'reports success until 3800');
    tale.tell(300, 'http.start', { method: 'GET', path: '/mirror/debian/pool/l.deb', userAgent: 'apt', bytes: 9e7 });
    lease(tale, 310, 'system');
    get(tale, 320, '/mirror/debian/pool/l.deb', 9e7, 'apt');
    tale.tell(330, 'http.failed', {
      path: '/mirror/debian/pool/m.deb',
      bytes: 1,
      ofBytes: 2,
      reason: 'the disk is full',
    });
    assert.equal(until(tale), 'reports success until 3800');
  });

  test('what it says itself counts from when it says it', () => {
    const tale = installing('d-i');
    tale.tellMachine(95, 'install.started', { profile: 'debian' });
    get(tale, 96, '/report/…/started', 6, 'Wget');
    tale.tell(300, 'http.start', { method: 'GET', path: '/mirror/debian/pool/l.deb', userAgent: 'apt', bytes: 9e7 });
    tale.tellMachine(301, 'answer.fetched', { profile: 'debian', file: 'preseed.cfg' });
    assert.equal(until(tale), 'reports success until 3695');
  });
});

describe('transfers', () => {
  test('what loaders try in vain is normal; what is missing is shown', () => {
    const tale = createTale();
    lease(tale, 0, 'PXE firmware, uefi-x64', { bootFile: 'boot/core.efi' });
    tale.tell(1, 'tftp.probe', { file: 'boot/core.efi' });
    load(tale, 1, 'boot/core.efi', 900_000);
    tale.tell(2, 'tftp.not-found', { file: 'grub/x86_64-efi/fs.lst', expected: true });
    tale.tell(2, 'tftp.not-found', { file: 'boot/grub/themes/x.png', expected: false });
    tale.tell(3, 'tftp.start', { file: 'boot/grub/grub.cfg', bytes: 1000, blockSize: 1024, window: 1 });
    tale.tell(3, 'tftp.closed', { file: 'boot/grub/grub.cfg', bytes: 512 });
    const stage = fold(tale.events)[0]?.stages[1];
    assert.deepEqual(
      stage?.transfers.map(({ file, state, bytes }) => [file, state, bytes]),
      [
        ['boot/core.efi', 'done', 900_000],
        ['boot/grub/themes/x.png', 'not-found', 0],
        ['boot/grub/grub.cfg', 'done', 512],
      ],
    );
    assert.equal(stage?.bytes, 900_512);
    assert.equal(stage?.state, 'running');
  });

  test('progress counts once', () => {
    const tale = createTale();
    lease(tale, 0, 'PXE firmware, uefi-x64', { bootFile: 'boot/core.efi' });
    tale.tell(1, 'tftp.start', { file: 'os/debian/initrd', bytes: 40_000_000, blockSize: 1468, window: 1 });
    tale.tell(2, 'tftp.progress', { file: 'os/debian/initrd', bytes: 10_000_000, ofBytes: 40_000_000 });
    tale.tell(3, 'tftp.progress', { file: 'os/debian/initrd', bytes: 20_000_000, ofBytes: 40_000_000 });
    const kernel = () => fold(tale.events)[0]?.stages.at(-1);
    assert.equal(kernel()?.bytes, 20_000_000);
    assert.deepEqual(kernel()?.transfers, [
      {
        protocol: 'tftp',
        file: 'os/debian/initrd',
        startedAt: START + 1000,
        bytes: 20_000_000,
        ofBytes: 40_000_000,
        state: 'running',
      },
    ]);
    tale.tell(5, 'tftp.stalled', {
      file: 'os/debian/initrd',
      bytes: 21_000_000,
      ofBytes: 40_000_000,
      seconds: 60,
      hint: '',
    });
    assert.equal(kernel()?.bytes, 21_000_000);
    assert.equal(kernel()?.transfers[0]?.state, 'stalled');
  });

  test('many are counted, few are kept', () => {
    const tale = createTale();
    lease(tale, 0, 'installer, d-i');
    for (let index = 0; index < 500; index++) get(tale, 1 + index / 100, `/tree/debian/pool/${index}.deb`, 1000);
    const stage = fold(tale.events)[0]?.stages[0];
    assert.equal(stage?.transferCount, 500);
    assert.equal(stage?.bytes, 500_000);
    assert.equal(stage?.transfers.length, 10);
    assert.equal(stage?.transfers.at(-1)?.file, '/tree/debian/pool/499.deb');
  });
});

test('events of other areas change nothing, and the history is the same object', () => {
  const tale = createTale();
  lease(tale, 0, 'PXE firmware, uefi-x64');
  for (let power = 1; power < 40; power++) lease(tale, power * 600, 'PXE firmware, uefi-x64');
  assert.equal(fold(tale.events).length, 5);
});
