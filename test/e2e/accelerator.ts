import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Accelerator, probeAccelerator, translation } from '../../src/lab/accel.ts';
import { findFirmware } from '../../src/lab/firmware.ts';

const CACHE = resolve(import.meta.dirname, '..', '..', 'node_modules', '.cache');

/**
 * How machines are run on this host. Where KVM hangs it takes twenty seconds to find out, and each file of tests has a rack of
 * its own: the answer is kept until the host, its QEMU or the user is another one.
 */
export async function knownAccelerator(): Promise<Accelerator> {
  const firmware = findFirmware('bios');
  if (firmware.kind === 'missing') return { ...translation, reason: `${firmware.what} is missing` };
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const host = [bootId, firmware.qemu, statSync(firmware.qemu).mtimeMs, process.getuid?.()].join(' ');
  const file = join(CACHE, 'rackready-accelerator.json');
  const kept = read(file);
  if (kept?.host === host) return kept.accelerator;
  const accelerator = await probeAccelerator(firmware.qemu);
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(`${file}.${process.pid}`, JSON.stringify({ host, accelerator }));
  renameSync(`${file}.${process.pid}`, file);
  return accelerator;
}

function read(file: string): { readonly host: string; readonly accelerator: Accelerator } | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // The first run on this host, or a file of another version: it is made again.
    return undefined;
  }
}
