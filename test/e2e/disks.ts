import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemPath } from '../../src/lab/enclose.ts';

/** What the systems on these disks say on the serial console when they were started. */
export const MARKER = 'THE DISK WAS STARTED';

/**
 * An image that a BIOS starts: a boot sector which writes the marker to COM1 and stops. Addresses are those of 0x7c00, where
 * every BIOS loads it.
 *
 *     31 c0  8e d8          xor ax, ax; mov ds, ax
 *     be 1c 7c              mov si, text
 *     ba fd 03              mov dx, 0x3fd               <- next: line status register
 *     ec  a8 20  74 fb      in al, dx; test al, 0x20; jz -5
 *     ac  08 c0  74 06      lodsb; or al, al; jz stop
 *     ba f8 03  ee          mov dx, 0x3f8; out dx, al
 *     eb ed                 jmp next
 *     fa f4                 cli; hlt                    <- stop
 */
export function writeBiosDisk(): string {
  const start = [0x31, 0xc0, 0x8e, 0xd8];
  const body = [0xba, 0xfd, 0x03, 0xec, 0xa8, 0x20, 0x74, 0xfb, 0xac, 0x08, 0xc0, 0x74, 0x06];
  body.push(0xba, 0xf8, 0x03, 0xee, 0xeb, 0xed, 0xfa, 0xf4);
  const text = 0x7c00 + start.length + 3 + body.length;
  const code = [...start, 0xbe, text & 0xff, text >> 8, ...body];
  const image = new Uint8Array(1024 * 1024);
  image.set(code);
  image.set(new TextEncoder().encode(`\r\n${MARKER}\r\n\0`), code.length);
  image.set([0x55, 0xaa], 510);
  const file = join(mkdtempSync(join(tmpdir(), 'rackready-disk-')), 'bios.img');
  writeFileSync(file, image);
  return file;
}

/**
 * A folder for an EFI system partition as Debian leaves it: a GRUB that has to find its own disk by what it is told of where it
 * came from. It says the marker, which stands in a file beside it, and switches off.
 */
export function writeEfiFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rackready-esp-'));
  const config = join(mkdtempSync(join(tmpdir(), 'rackready-grub-')), 'early.cfg');
  writeFileSync(config, 'cat $prefix/marker.txt\nhalt\n');
  const target = join(folder, 'EFI', 'debian');
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'marker.txt'), `${MARKER}\n`);
  const output = join(target, 'grubx64.efi');
  const modules = ['part_msdos', 'fat', 'cat', 'halt'];
  const args = ['-O', 'x86_64-efi', '-o', output, '-c', config, '-p', '/EFI/debian', ...modules];
  execFileSync('grub-mkimage', args, { env: { ...process.env, PATH: systemPath() } });
  return folder;
}
