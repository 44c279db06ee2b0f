import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mac } from '../net/mac.ts';
import type { Firmware } from './firmware.ts';
import { type MachineOptions, planArguments } from './machine.ts';

const firmware: Extract<Firmware, { kind: 'found' }> = {
  kind: 'found',
  qemu: '/usr/bin/qemu-system-x86_64',
  machine: 'q35',
  args: [],
  code: '/code.fd',
  variables: '/vars.fd',
  isHostArch: true,
};
const site = { tap: 'tap3', folder: '/lab', accelerator: { name: 'kvm', argument: 'kvm', reason: '' } } as const;
const order: MachineOptions = { name: 'pc1', mac: mac('02:00:00:00:00:01'), firmware: 'uefi-x64' };
const plan = (options: Partial<MachineOptions>, found = firmware) =>
  planArguments({ ...order, ...options }, site, found, '/lab/pc1.serial').join(' ');

const { code: _code, variables: _variables, ...bios } = firmware;

describe('planArguments()', () => {
  test('a UEFI machine: read-only code, its own variables, EDK2 asks by PXE', () => {
    const line = plan({});
    assert.match(line, /-drive if=pflash,unit=0,format=raw,readonly=on,file=\/code\.fd/);
    assert.match(line, /-drive if=pflash,unit=1,format=raw,file=\/lab\/pc1\.vars/);
    assert.match(line, /-device virtio-net-pci,netdev=net0,mac=02:00:00:00:00:01,romfile= /);
    assert.match(line, /-netdev tap,id=net0,ifname=tap3,script=no,downscript=no/);
    assert.match(line, /-m 1024 .*-no-reboot/);
    assert.doesNotMatch(line, /-boot nc|fw_cfg|disk0/);
  });

  test('a BIOS machine boots by the ROM of its card', () => {
    const line = plan({ firmware: 'bios' }, bios);
    assert.match(line, /mac=02:00:00:00:00:01 .*-boot nc/);
    assert.doesNotMatch(line, /pflash|romfile/);
  });

  test('another card, ROM file, memory, disk, and a machine that may reboot', () => {
    const line = plan({ nic: 'e1000', rom: { file: '/my.rom' }, memoryMb: 2048, diskGb: 8, endsAtReboot: false });
    assert.match(line, /-device e1000,netdev=net0,mac=02:00:00:00:00:01,romfile=\/my\.rom/);
    assert.match(line, /-m 2048/);
    assert.match(line, /file=\/lab\/pc1\.disk -device virtio-blk-pci,drive=disk0,serial=pc1/);
    assert.doesNotMatch(line, /-no-reboot/);
  });

  test('a disk with something on it: an image, or a folder as a FAT partition', () => {
    assert.match(
      plan({ disk: { image: '/my.img' } }),
      /-drive if=none,id=disk0,format=raw,snapshot=on,file=\/my\.img /,
    );
    assert.match(
      plan({ disk: { folder: '/esp' } }),
      /readonly=on,file=fat:\/esp -device virtio-blk-pci,drive=disk0,serial=pc1/,
    );
  });

  test('an EFI disk is started from first, and the card comes after it so that it is connected', () => {
    const line = plan({ efiDisk: '/mac', diskGb: 8 });
    assert.match(
      line,
      /-drive if=none,id=efi0,format=raw,readonly=on,file=fat:\/mac -device virtio-blk-pci,drive=efi0,bootindex=0/,
    );
    assert.match(line, /mac=02:00:00:00:00:01,romfile=,bootindex=1/);
    assert.ok(line.indexOf('disk0') < line.indexOf('efi0'), 'the machine’s own disk is the first one of its system');
    assert.doesNotMatch(plan({}), /bootindex/);
  });

  test('UEFI with a disk of its own asks the network before it', () => {
    const line = plan({ diskGb: 8 });
    assert.match(line, /romfile=,bootindex=1 /);
    assert.match(line, /drive=disk0,serial=pc1,bootindex=2/);
  });

  test('the disk can come first', () => {
    assert.match(plan({ diskGb: 8, bootsFrom: 'disk' }), /romfile=,bootindex=3 .*drive=disk0,serial=pc1,bootindex=2/);
    assert.match(plan({ firmware: 'bios', diskGb: 8, bootsFrom: 'disk' }, bios), /-boot cn/);
  });

  test('HTTP boot only: PXE is switched off in OVMF', () => {
    const line = plan({ isHttpBootOnly: true });
    assert.match(line, /name=opt\/org\.tianocore\/IPv4PXESupport,string=no/);
    assert.match(line, /name=opt\/org\.tianocore\/IPv6PXESupport,string=no/);
  });

  test('a machine of another architecture is always translated', () => {
    assert.match(plan({}), /-accel kvm/);
    assert.match(plan({}, { ...firmware, isHostArch: false }), /-accel tcg,thread=multi/);
  });
});
