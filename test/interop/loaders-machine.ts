import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LoaderCatalog } from '../../src/boot/loaders.ts';

/** A virtual PC whose network, DHCP and TFTP are QEMU's own, inside the QEMU process: no rights and no interfaces needed. */
export interface MachineOptions {
  readonly firmware: 'bios' | 'uefi-x64' | 'uefi-ia32' | 'secure-boot';
  /** Is used for the TFTP root, firmware variables and capture. */
  readonly folder: string;
  readonly bootFile: string;
  /** A folder with EFI/BOOT, shown as a FAT disk that UEFI starts from: the card is there then, and no lease is. */
  readonly efiDisk?: string;
  /** Colon-separated. */
  readonly mac: string;
  /** Text on the serial console after which the machine is switched off. */
  readonly until: string;
}

export interface MachineRun {
  /** The serial console without control sequences. */
  readonly console: string;
  /** The files asked for by TFTP, in order, repetitions removed. */
  readonly asked: readonly string[];
}

const code = {
  'uefi-x64': '/usr/share/OVMF/OVMF_CODE_4M.fd',
  'uefi-ia32': '/usr/share/OVMF/OVMF32_CODE_4M.secboot.fd',
  'secure-boot': '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd',
} as const;
const variables = {
  'uefi-x64': '/usr/share/OVMF/OVMF_VARS_4M.fd',
  'uefi-ia32': '/usr/share/OVMF/OVMF32_VARS_4M.fd',
  'secure-boot': '/usr/share/OVMF/OVMF_VARS_4M.ms.fd',
} as const;

/** What a test with this firmware needs on the host. */
export function machineNeeds(firmware: MachineOptions['firmware']): string[] {
  return ['qemu-system-x86_64', ...(firmware === 'bios' ? [] : [code[firmware], variables[firmware]])];
}

/** Copies the catalogue's images to where the machine's TFTP server finds them. */
export async function exportFiles(catalog: LoaderCatalog, folder: string, wanted: RegExp): Promise<void> {
  for (const [name, path] of catalog.files) {
    if (!wanted.test(name)) continue;
    const target = join(folder, 'tftp', name);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(path, target);
  }
}

/** Switches the machine on and waits for its text. Rejects, with the console's end, when it does not come in two minutes. */
export async function bootMachine(options: MachineOptions): Promise<MachineRun> {
  const capture = join(options.folder, 'capture.pcap');
  const tftp = join(options.folder, 'tftp');
  const args = [
    ...['-accel', 'tcg', '-cpu', 'max', '-m', '512', '-nographic', '-no-reboot'],
    ...['-netdev', `user,ipv6=off,id=n0,tftp=${tftp},bootfile=${options.bootFile}`],
    ...['-object', `filter-dump,id=f0,netdev=n0,file=${capture}`],
    ...(await firmwareArguments(options)),
  ];
  const qemu = spawn('qemu-system-x86_64', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(qemu, 'exit');
  const timer = setTimeout(() => qemu.kill('SIGKILL'), 120_000);
  let text = '';
  for (const stream of [qemu.stdout, qemu.stderr])
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (plain(text).includes(options.until)) qemu.kill('SIGTERM');
    });
  await ended;
  clearTimeout(timer);
  const printed = plain(text);
  if (!printed.includes(options.until))
    throw new Error(`"${options.until}" did not come; the console ends with:\n${printed.slice(-3000)}`);
  return { console: printed, asked: tftpRequests(await readFile(capture)) };
}

async function firmwareArguments(options: MachineOptions): Promise<readonly string[]> {
  const card = `virtio-net-pci,netdev=n0,mac=${options.mac}`;
  if (options.firmware === 'bios') return ['-device', card, '-boot', 'n'];
  const start = options.efiDisk === undefined ? [] : efiDiskArguments(options.efiDisk);
  const kept = join(options.folder, 'variables.fd');
  await copyFile(variables[options.firmware], kept);
  const machine =
    options.firmware === 'uefi-x64'
      ? []
      : ['-M', 'q35,smm=on', '-global', 'driver=cfi.pflash01,property=secure,value=on'];
  return [
    ...machine,
    ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${code[options.firmware]}`],
    ...['-drive', `if=pflash,format=raw,unit=1,file=${kept}`],
    // Without QEMU's iPXE ROM the firmware's own PXE asks.
    ...['-device', `${card},romfile=${options.efiDisk === undefined ? '' : ',bootindex=1'}`],
    ...['-fw_cfg', 'name=opt/org.tianocore/IPv6PXESupport,string=no'],
    ...start,
  ];
}

/** Without a boot index of its own OVMF leaves the card alone, and GRUB finds none. */
function efiDiskArguments(folder: string): readonly string[] {
  const drive = `if=none,id=efi,format=raw,readonly=on,file=fat:${folder}`;
  return ['-drive', drive, '-device', 'virtio-blk-pci,drive=efi,bootindex=0'];
}

/** Removes terminal control sequences and line ends, so that text broken over a screen's edge is found. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed.
  return text.replace(/\u001b\[[0-9;?=]*[A-Za-z]/g, '').replace(/[\r\n]/g, '');
}

/** File names of the TFTP read requests (RFC 1350, section 5) in a capture of Ethernet frames (pcap, little endian). */
function tftpRequests(capture: Buffer): readonly string[] {
  const names: string[] = [];
  for (let at = 24; at + 16 <= capture.length; at += 16 + capture.readUInt32LE(at + 8)) {
    const frame = capture.subarray(at + 16, at + 16 + capture.readUInt32LE(at + 8));
    if (frame.length < 46 || frame.readUInt16BE(12) !== 0x0800 || frame[23] !== 17) continue;
    const udp = 14 + ((frame[14] ?? 0) & 15) * 4;
    if (frame.readUInt16BE(udp + 2) !== 69 || frame.readUInt16BE(udp + 8) !== 1) continue;
    const name = frame.subarray(udp + 10, frame.indexOf(0, udp + 10)).toString('latin1');
    if (!names.includes(name)) names.push(name);
  }
  return names;
}
