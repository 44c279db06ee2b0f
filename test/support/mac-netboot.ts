import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { phrase } from '../../src/lab/mac/phrase.ts';
import { startMac } from '../../src/lab/mac/run-mac.ts';
import type { Outcome, Told } from '../../src/lab/mac/told.ts';
import type { Rack } from '../../src/lab/rack.ts';
import type { Mac } from '../../src/net/mac.ts';
import { BSDP_1_1 } from '../../src/wire/bsdp/tags.ts';

export interface MacFirmware {
  readonly name: string;
  readonly mac: Mac;
  readonly model: string;
  readonly onTold?: (told: Told) => void;
  readonly tries?: number;
}

export interface NetBoot {
  readonly outcome: Outcome;
  /** What it did, for a failure. */
  readonly story: string;
  /** Folder with the file that it loaded. */
  readonly saveTo: string;
}

/**
 * A Mac's firmware with the N key held, up to the file that it loads. Its card is gone afterwards: a machine may then have
 * the same address on the same switch.
 */
export async function netBoot(rack: Rack, firmware: MacFirmware): Promise<NetBoot> {
  const { name, mac, model, onTold, tries } = firmware;
  const client = await rack.addClient(`mac-${name}`, { mac });
  const saveTo = mkdtempSync(join(tmpdir(), 'rackready-mac-'));
  const order = { mac, model, way: 'firmware', version: BSDP_1_1, tries } as const;
  const run = startMac(client, { order, saveTo, onTold });
  const outcome = await run.outcome;
  await rack.removeClient(client);
  return { outcome, saveTo, story: run.told.flatMap(phrase).join('\n') };
}

/** The loaded file as a disk that EDK2 starts it from, byte for byte. */
export function efiDiskOf({ outcome, story }: NetBoot, startsAs: 'BOOTX64.EFI' | 'BOOTIA32.EFI'): string {
  assert.equal(outcome.kind, 'boots', story);
  if (outcome.kind !== 'boots' || outcome.file.path === undefined) throw new Error('The Mac loaded no file');
  const folder = mkdtempSync(join(tmpdir(), 'rackready-esp-'));
  mkdirSync(join(folder, 'EFI', 'BOOT'), { recursive: true });
  copyFileSync(outcome.file.path, join(folder, 'EFI', 'BOOT', startsAs));
  return folder;
}
