import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { BundleFile } from '../io/bundle/bundle-head.ts';
import type { Pool } from '../io/mirror/pool.ts';
import type { ImportPlan } from './bundle-import-plan.ts';

/** Writes the bundle's own files, which nothing names yet. Returns those that were not there. */
export function writeFiles({ folder }: ImportPlan, files: readonly BundleFile[], pool: Pool): readonly string[] {
  if (files.length > 0) mkdirSync(folder, { recursive: true });
  const fresh: string[] = [];
  for (const { name, sha256 } of files) {
    const target = join(folder, name);
    const part = `${target}.part`;
    if (!existsSync(target)) fresh.push(target);
    rmSync(part, { force: true });
    copyFileSync(pool.pathOf(sha256), part, constants.COPYFILE_FICLONE);
    chmodSync(part, 0o644);
    const file = openSync(part, 'r+');
    fsyncSync(file);
    closeSync(file);
    renameSync(part, target);
  }
  return fresh;
}

/** Takes out again what was written for a configuration that is not right. */
export function removeFiles({ folder }: ImportPlan, written: readonly string[]): void {
  for (const path of written) rmSync(path, { force: true });
  for (const empty of [folder, dirname(folder)]) {
    try {
      rmdirSync(empty);
    } catch {
      return;
    }
  }
}
