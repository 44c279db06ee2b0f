import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, existsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mac } from '../net/mac.ts';
import { ProvisionError } from '../net/provision-error.ts';
import { type Accelerator, translation } from './accel.ts';
import { type Firmware, type FirmwareKind, findFirmware } from './firmware.ts';
import { createSerialFeed, type SerialConsole } from './serial.ts';

/** A virtual machine, as it is ordered. */
export interface MachineOptions {
  readonly name: string;
  readonly mac: Mac;
  readonly firmware: FirmwareKind;
  /** Network card model of QEMU. Default: virtio-net-pci. */
  readonly nic?: string;
  /** Boot ROM of the card: `card` is QEMU's own (iPXE), `none` lets UEFI's own PXE ask, or a file. Default: none on UEFI, card on BIOS. */
  readonly rom?: 'card' | 'none' | { readonly file: string };
  readonly memoryMb?: number;
  /** Size of an empty disk (a sparse file in the temp folder). Default: no disk. */
  readonly diskGb?: number;
  /** A disk that has something on it already: a raw image, or a folder that is shown as a FAT partition. Is not written to. */
  readonly disk?: { readonly image: string } | { readonly folder: string };
  /**
   * UEFI: a folder with EFI/BOOT, shown as a FAT disk that the firmware starts from before anything else. It connects the
   * network card then, and asks for no lease: the state in which Apple's firmware starts what it loaded from the network.
   */
  readonly efiDisk?: string;
  /** UEFI: what firmware and systems stored when a machine of this name ran before is still there. Default: it is new. */
  readonly keepsVariables?: boolean;
  /** UEFI: leave PXE out, so that HTTP boot comes at once rather than after two minutes. */
  readonly isHttpBootOnly?: boolean;
  /** What is tried first. Default: the network, as machines of a deployment are set up. */
  readonly bootsFrom?: 'network' | 'disk';
  /** A reboot ends QEMU. Default: true. */
  readonly endsAtReboot?: boolean;
  /** Further QEMU arguments. */
  readonly args?: readonly string[];
}

/** Where a machine is put: what the rack knows and the order does not say. */
export interface MachineSite {
  readonly tap: string;
  /** Folder for its flash variables, disk and console log; exists, private. */
  readonly folder: string;
  readonly accelerator: Accelerator;
}

/** How a machine ended. */
export interface MachineEnd {
  readonly kind: 'stopped' | 'ended' | 'died';
  /** One sentence; of a machine that died, with what QEMU said. */
  readonly reason: string;
}

/** A machine that is switched on. */
export interface LabMachine {
  readonly name: string;
  readonly mac: Mac;
  readonly pid: number;
  readonly console: SerialConsole;
  /** Everything the machine wrote to its serial port, raw. */
  readonly serialLog: string;
  /** Settles when QEMU is gone; never rejects. */
  readonly ended: Promise<MachineEnd>;
  /** Types into the serial console. */
  type(text: string): void;
  /** Takes the power away and waits until QEMU is gone. */
  stop(): Promise<void>;
}

/** Switches a machine on. Throws ProvisionError `missing-tool` when QEMU or its firmware is not installed. */
export async function openMachine(options: MachineOptions, site: MachineSite): Promise<LabMachine> {
  const firmware = findFirmware(options.firmware);
  if (firmware.kind === 'missing') {
    throw new ProvisionError(
      'missing-tool',
      `Cannot start a ${options.firmware} machine: ${firmware.what} is missing (Debian package ${firmware.debianPackage})`,
    );
  }
  const serialLog = join(site.folder, `${options.name}.serial`);
  prepareFiles(options, site, firmware);
  const child = spawn(firmware.qemu, planArguments(options, site, firmware, serialLog), { stdio: 'pipe' });
  const feed = createSerialFeed();
  child.stdout.setEncoding('latin1').on('data', (chunk: string) => feed.write(chunk));
  // QEMU may be gone when somebody types; its end is told by `ended`.
  child.stdin.on('error', () => undefined);
  let isStopped = false;
  const ended = watchEnd(child, () => isStopped);
  await started(child, options.name);
  return {
    name: options.name,
    mac: options.mac,
    pid: child.pid ?? 0,
    console: feed,
    serialLog,
    ended,
    type: (text) => void child.stdin.write(text),
    async stop() {
      isStopped = true;
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function prepareFiles(options: MachineOptions, site: MachineSite, firmware: FoundFirmware): void {
  const variables = join(site.folder, `${options.name}.vars`);
  if (firmware.variables && !(options.keepsVariables && existsSync(variables))) {
    copyFileSync(firmware.variables, variables);
  }
  if (options.diskGb === undefined) return;
  const disk = join(site.folder, `${options.name}.disk`);
  writeFileSync(disk, '');
  truncateSync(disk, options.diskGb * 1024 ** 3);
}

type FoundFirmware = Extract<Firmware, { kind: 'found' }>;

/** QEMU's command line for a machine. */
export function planArguments(
  options: MachineOptions,
  site: MachineSite,
  firmware: FoundFirmware,
  serialLog: string,
): string[] {
  const accelerator = firmware.isHostArch ? site.accelerator.argument : translation.argument;
  const args = ['-name', options.name, '-accel', accelerator, '-machine', firmware.machine, '-cpu', 'max'];
  args.push('-m', String(options.memoryMb ?? 1024), ...firmware.args);
  args.push('-nodefaults', '-display', 'none', '-monitor', 'none');
  args.push('-chardev', `stdio,id=console,signal=off,logfile=${serialLog}`, '-serial', 'chardev:console');
  if (options.endsAtReboot ?? true) args.push('-no-reboot');
  if (firmware.code) {
    args.push('-drive', `if=pflash,unit=0,format=raw,readonly=on,file=${firmware.code}`);
    args.push('-drive', `if=pflash,unit=1,format=raw,file=${join(site.folder, `${options.name}.vars`)}`);
  }
  args.push('-netdev', `tap,id=net0,ifname=${site.tap},script=no,downscript=no`);
  const disk = diskArgument(options, site);
  const isOrdered = options.efiDisk !== undefined || (disk !== undefined && options.firmware !== 'bios');
  const order = (index: number) => (isOrdered ? `,bootindex=${index}` : '');
  const card = `${options.nic ?? 'virtio-net-pci'},netdev=net0,mac=${options.mac}${romArgument(options)}`;
  const isDiskFirst = options.bootsFrom === 'disk';
  args.push('-device', `${card}${order(isDiskFirst ? 3 : 1)}`);
  // The serial number gives the disk a name below /dev/disk/by-id, as a real one has.
  const device = `virtio-blk-pci,drive=disk0,serial=${options.name.slice(0, 20)}${order(2)}`;
  if (disk !== undefined) args.push('-drive', `if=none,id=disk0,${disk}`, '-device', device);
  if (options.efiDisk !== undefined) {
    args.push('-drive', `if=none,id=efi0,format=raw,readonly=on,file=fat:${options.efiDisk}`);
    args.push('-device', 'virtio-blk-pci,drive=efi0,bootindex=0');
  }
  // Entropy: without it the installer's kernel waits for some.
  args.push('-device', 'virtio-rng-pci');
  // EDK2 takes the order of the boot indexes; left to itself it starts a disk that has EFI/BOOT/BOOTX64.EFI before the network.
  if (options.firmware === 'bios') args.push('-boot', isDiskFirst ? 'cn' : 'nc');
  if (options.isHttpBootOnly) {
    for (const version of ['IPv4', 'IPv6']) {
      args.push('-fw_cfg', `name=opt/org.tianocore/${version}PXESupport,string=no`);
    }
  }
  return [...args, ...(options.args ?? [])];
}

function diskArgument({ name, diskGb, disk }: MachineOptions, site: MachineSite): string | undefined {
  if (disk === undefined) {
    if (diskGb === undefined) return undefined;
    return `format=raw,cache=unsafe,discard=unmap,file=${join(site.folder, `${name}.disk`)}`;
  }
  return 'image' in disk
    ? `format=raw,snapshot=on,file=${disk.image}`
    : `format=raw,readonly=on,file=fat:${disk.folder}`;
}

function romArgument({ rom, firmware }: MachineOptions): string {
  const wanted = rom ?? (firmware === 'bios' ? 'card' : 'none');
  if (wanted === 'card') return '';
  return wanted === 'none' ? ',romfile=' : `,romfile=${wanted.file}`;
}

function started(child: ChildProcess, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) =>
      reject(new ProvisionError('missing-tool', `Cannot start machine "${name}"`, { cause })),
    );
  });
}

function watchEnd(child: ChildProcess, isStopped: () => boolean): Promise<MachineEnd> {
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    errors = (errors + chunk).slice(-4000);
  });
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ kind: 'died', reason: error.message }));
    child.once('close', (code, signal) => {
      const said = errors.trim();
      if (isStopped()) resolve({ kind: 'stopped', reason: 'switched off' });
      else if (code === 0) resolve({ kind: 'ended', reason: 'it switched itself off, or rebooted' });
      else
        resolve({ kind: 'died', reason: `QEMU ended with ${signal ?? `exit code ${code}`}${said ? `: ${said}` : ''}` });
    });
  });
}
