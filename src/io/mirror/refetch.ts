import { type RefetchState, refetchWaits, type WaitingRefetch } from '../../mirror/run/refetch.ts';
import type { MirrorState } from '../../mirror/run/state.ts';
import type { MirrorUnit } from './mirror-unit.ts';
import type { Pool } from './pool.ts';
import { showFetched } from './scrub-repair.ts';

export interface RefetchDeps {
  readonly pool: Pool;
  readonly units: ReadonlyMap<string, MirrorUnit>;
  /** Ends with the engine: what was not over then is done by the next process. */
  readonly signal: AbortSignal;
  /** Names of mirrors, and since when they are owed a run; kept over restarts. */
  readonly owed: () => Readonly<Record<string, number>>;
  readonly setOwed: (owed: Readonly<Record<string, number>>) => void;
  readonly state: () => Omit<RefetchState, 'isFrozen'>;
}

/** The runs that bring back what was damaged: one a mirror, one after the other, when nothing keeps them from it. */
export interface Refetch {
  owe(mirror: string): void;
  /** Begins what may begin; to be called now and then. */
  look(): void;
  waiting(): readonly WaitingRefetch[];
}

export function createRefetch(deps: RefetchDeps): Refetch {
  const { units, pool, signal, owed, setOwed } = deps;
  let running: string | undefined;
  const settle = (mirror: string) => {
    const { [mirror]: _paid, ...others } = owed();
    setOwed(others);
  };
  /** Never rejects. */
  const pay = async (mirror: string, unit: MirrorUnit): Promise<void> => {
    running = mirror;
    await unit.run('to fetch what was damaged', true);
    await showFetched(pool, unit).catch(() => {});
    running = undefined;
    // What failed is told, and tried again by the next run of its schedule, which knows that it has to look.
    if (!signal.aborted) settle(mirror);
  };
  const waits = (mirror: string): WaitingRefetch | undefined => {
    const unit = units.get(mirror);
    if (unit === undefined) return undefined;
    const isBusy = running !== undefined || unit.isRunning();
    const why = refetchWaits(unit.config(), { ...deps.state(), isFrozen: unit.view().state.isFrozen });
    return why ?? (isBusy ? { mirror, reason: 'turn' } : undefined);
  };
  return {
    owe: (mirror) => setOwed({ ...owed(), [mirror]: deps.state().now }),
    look: () => {
      for (const [mirror, since] of Object.entries(owed())) {
        const unit = units.get(mirror);
        if (unit === undefined || unit.config().mode === 'frozen') settle(mirror);
        else if (running !== undefined || unit.isRunning()) continue;
        else if (isPaid(unit.view().state, since)) {
          settle(mirror);
          void showFetched(pool, unit).catch(() => {});
        } else if (waits(mirror) === undefined) void pay(mirror, unit);
      }
    },
    waiting: () => Object.keys(owed()).flatMap((mirror) => (mirror === running ? [] : (waits(mirror) ?? []))),
  };
}

/** Whether a run that began later, by its schedule or by command, has looked at everything. */
function isPaid({ lastRun }: MirrorState, since: number): boolean {
  return lastRun !== undefined && lastRun.startedAt >= since && ['published', 'unchanged'].includes(lastRun.result);
}
