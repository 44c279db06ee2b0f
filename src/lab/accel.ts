import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How QEMU runs the machine's code, and why so. */
export interface Accelerator {
  readonly name: 'kvm' | 'tcg';
  /** Value of `-accel`. */
  readonly argument: string;
  readonly reason: string;
}

const TCG_ARGUMENT = 'tcg,thread=multi';

/** QEMU's own translation: slow, and always there. */
export const translation: Accelerator = { name: 'tcg', argument: TCG_ARGUMENT, reason: 'asked for' };

/** What the boot sector writes to the first serial port. */
const GREETING = 'KVM';
/** isa-debug-exit makes QEMU leave with (value << 1) | 1. */
const EXIT_VALUE = 0x10;
const EXIT_CODE = (EXIT_VALUE << 1) | 1;

/**
 * A boot sector in real mode: waits for nine ticks of the BIOS's timer (half a second), writes the greeting to COM1 and ends QEMU.
 * The timer matters: a KVM was seen that ran a few instructions and then never woke up from `hlt`, so that iPXE hung.
 *
 *     31 c0  8e d8  fb      xor ax, ax; mov ds, ax; sti
 *     8b 1e 6c 04           mov bx, [0x46c]
 *     f4                    hlt                         <- wait
 *     a1 6c 04  29 d8       mov ax, [0x46c]; sub ax, bx
 *     3d 09 00  72 f5       cmp ax, 9; jb wait
 *     ba f8 03              mov dx, 0x3f8
 *     b0 cc  ee             mov al, character; out dx, al    for each
 *     b0 10  e6 f4          mov al, 0x10; out 0xf4, al       isa-debug-exit
 *     fa f4                 cli; hlt
 */
export function probeBootSector(): Uint8Array {
  const wait = [0x31, 0xc0, 0x8e, 0xd8, 0xfb, 0x8b, 0x1e, 0x6c, 0x04, 0xf4];
  wait.push(0xa1, 0x6c, 0x04, 0x29, 0xd8, 0x3d, 0x09, 0x00, 0x72, 0xf5);
  const greet = [...GREETING].flatMap((character) => [0xb0, character.charCodeAt(0), 0xee]);
  const code = [...wait, 0xba, 0xf8, 0x03, ...greet, 0xb0, EXIT_VALUE, 0xe6, 0xf4, 0xfa, 0xf4];
  const sector = new Uint8Array(512);
  sector.set(code);
  sector.set([0x55, 0xaa], 510);
  return sector;
}

/**
 * Finds out whether KVM runs what a PC starts with. /dev/kvm may be there and still not do it: on one nested host a boot sector
 * ran to its end and the network card's iPXE then ended in "KVM internal error" at an `iret`. So both are tried, with a time
 * limit (about three seconds where KVM works), and TCG is taken otherwise.
 */
export async function probeAccelerator(qemu: string, { timeoutMs = 15_000 } = {}): Promise<Accelerator> {
  const unusable = kvmProblem();
  if (unusable !== undefined) return { name: 'tcg', argument: TCG_ARGUMENT, reason: unusable };
  const problem = (await runBootSector(qemu, 'kvm', timeoutMs)) ?? (await runNetworkRom(qemu, 'kvm', timeoutMs));
  if (problem === undefined)
    return { name: 'kvm', argument: 'kvm', reason: 'KVM ran a boot sector and a network boot ROM' };
  return { name: 'tcg', argument: TCG_ARGUMENT, reason: `/dev/kvm is there, but ${problem}` };
}

function kvmProblem(): string | undefined {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return undefined;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'ENOENT'
      ? 'no /dev/kvm'
      : '/dev/kvm may not be opened by this user';
  }
}

/** Boots the sector with an accelerator. Returns what went wrong, or undefined. */
export async function runBootSector(qemu: string, accelerator: string, timeoutMs: number): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'rackready-accel-'));
  try {
    const image = join(folder, 'boot.img');
    writeFileSync(image, probeBootSector());
    const args = [
      '-device',
      'isa-debug-exit,iobase=0xf4,iosize=1',
      '-drive',
      `file=${image},format=raw,if=ide,snapshot=on`,
    ];
    const run = await runProbe(qemu, [...COMMON, '-accel', accelerator, ...args, '-boot', 'c'], /$^/, timeoutMs);
    if (run.code === EXIT_CODE && run.serial.includes(GREETING)) return undefined;
    return `a boot sector did not run: ${run.complaint}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lets SeaBIOS and the iPXE of a network card without a network run until iPXE names the card. */
export async function runNetworkRom(qemu: string, accelerator: string, timeoutMs: number): Promise<string | undefined> {
  const args = ['-netdev', 'hubport,id=net0,hubid=0', '-device', 'virtio-net-pci,netdev=net0', '-boot', 'n'];
  const run = await runProbe(qemu, [...COMMON, '-accel', accelerator, ...args], /net0: /, timeoutMs);
  return run.isDone ? undefined : `a network boot ROM did not run: ${run.complaint}`;
}

const COMMON = [
  '-machine',
  'pc,graphics=off',
  '-m',
  '64',
  '-nodefaults',
  '-display',
  'none',
  '-serial',
  'stdio',
  '-no-reboot',
];

interface ProbeRun {
  /** The serial port showed what was waited for. */
  readonly isDone: boolean;
  readonly code: number | undefined;
  readonly serial: string;
  readonly complaint: string;
}

function runProbe(qemu: string, args: readonly string[], goal: RegExp, timeoutMs: number): Promise<ProbeRun> {
  const child = spawn(qemu, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs, killSignal: 'SIGKILL' });
  let serial = '';
  let errors = '';
  child.stdout.setEncoding('latin1').on('data', (chunk: string) => {
    serial += chunk;
    if (goal.test(serial)) child.kill('SIGKILL');
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
    // QEMU stops the machine and stays: there is nothing to wait for.
    if (/internal error/i.test(errors)) child.kill('SIGKILL');
  });
  return new Promise((resolve) => {
    const end = (code: number | undefined, ending: string): void => {
      const said = errors.split('\n').find((line) => line.trim() !== '' && !line.includes('warning:'));
      resolve({ isDone: goal.test(serial), code, serial, complaint: said?.trim() ?? ending });
    };
    child.once('error', (error) => end(undefined, error.message));
    child.once('close', (code, signal) => {
      end(code ?? undefined, signal ? `no end within ${timeoutMs / 1000} s` : `QEMU ended with exit code ${code}`);
    });
  });
}
