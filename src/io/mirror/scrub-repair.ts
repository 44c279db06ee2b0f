import { setTimeout as sleep } from 'node:timers/promises';
import type { Emit } from '../../event/event.ts';
import { liveOrder } from '../../mirror/run/state.ts';
import { forgetDamaged } from './damage.ts';
import type { MirrorUnit } from './mirror-unit.ts';
import type { Pool } from './pool.ts';

export interface RepairDeps {
  readonly pool: Pool;
  readonly units: ReadonlyMap<string, MirrorUnit>;
  readonly emit: Emit;
}

const BUSY_AGAIN_MS = 5_000;

/** Tells whose it was, and fetches it at once where it can be had. */
export async function repair(deps: RepairDeps, sha256: string, signal: AbortSignal): Promise<void> {
  for (const unit of deps.units.values()) {
    const paths = pathsOf(unit, sha256);
    const [example] = paths;
    if (example === undefined) continue;
    await whenFree(unit, signal, async () => forgetDamaged(unit.files, deps.pool, paths));
    deps.emit('mirror.damaged', {}, { mirror: unit.config().name, files: paths.length, example });
    await fetchAgain(unit, example, sha256);
  }
}

function pathsOf({ files }: MirrorUnit, sha256: string): string[] {
  const paths = new Set<string>();
  for (const id of liveOrder(files.readState())) {
    for (const entry of files.findManifest(id)?.values() ?? []) if (entry.sha256 === sha256) paths.add(entry.path);
  }
  return [...paths];
}

/** A run, or a command, may be working on the mirror: it is waited for. */
async function whenFree(unit: MirrorUnit, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await unit.alone(work);
    } catch (error) {
      if ((error as { code?: string }).code !== 'mirror-busy') throw error;
      await sleep(BUSY_AGAIN_MS, undefined, { signal });
    }
  }
}

/** The very same content by HTTP, without going on to what the upstream has now; else a run, which does that. */
async function fetchAgain(unit: MirrorUnit, path: string, sha256: string): Promise<void> {
  const { from, mode } = unit.config();
  if (from.every((one) => one.startsWith('http'))) {
    const fetched = await unit.want(path, sha256).catch(() => undefined);
    if (fetched?.kind === 'stored') return;
  }
  if (mode !== 'frozen' && !unit.files.readState().isFrozen) void unit.run('to fetch what was damaged', true);
}
