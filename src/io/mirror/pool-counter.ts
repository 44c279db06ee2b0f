import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ScrubView } from '../../mirror/run/scrub.ts';
import type { Pool } from './pool.ts';

type Count = NonNullable<ScrubView['pool']>;

export interface PoolCounter {
  /** Counts when it is time again; to be called now and then. */
  look(): void;
  /** undefined: not yet. */
  count(): Count | undefined;
}

const COUNT_EVERY_MS = 3600_000;

/** Counts what is in the pool once an hour. */
export function createPoolCounter({
  pool,
  now,
  onChange,
}: {
  readonly pool: Pool;
  readonly now: () => number;
  readonly onChange: () => void;
}): PoolCounter {
  let known: Count | undefined;
  let countedAt: number | undefined;
  return {
    look: () => {
      if (countedAt !== undefined && now() - countedAt < COUNT_EVERY_MS) return;
      countedAt = now();
      void countPool(pool).then(
        (count) => {
          known = count;
          onChange();
        },
        // A folder that goes away meanwhile: the next time will do.
        () => {},
      );
    },
    count: () => known,
  };
}

/** Of a million files it takes a while, and what else this process does goes on between. */
async function countPool(pool: Pool): Promise<Count> {
  let [files, bytes] = [0, 0];
  for (const folder of readdirSync(pool.folder)) {
    for (const name of readdirSync(join(pool.folder, folder))) {
      files++;
      bytes += statSync(join(pool.folder, folder, name), { throwIfNoEntry: false })?.size ?? 0;
    }
    await nextTurn();
  }
  return { files, bytes };
}
