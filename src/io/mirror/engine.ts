import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Emit } from '../../event/event.ts';
import type { MirrorConfig } from '../../mirror/mirror-config.ts';
import type { MirrorCommand, MirrorReply, MirrorView } from '../../mirror/mirror-view.ts';
import type { Progress } from '../../mirror/run/progress.ts';
import { isInWindow } from '../../mirror/run/schedule.ts';
import type { ScrubConfig } from '../../mirror/run/scrub.ts';
import { ProvisionError } from '../../net/provision-error.ts';
import { doCommand } from './mirror-commands.ts';
import { createMirrorUnit, type MirrorUnit, type UnitDeps } from './mirror-unit.ts';
import { openPool } from './pool.ts';
import { createScrubber, type Scrubber } from './scrub.ts';

export interface EngineOptions {
  /** `mirrors` of the data folder. */
  readonly root: string;
  readonly emit: Emit;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Something that `views` shows has changed. */
  readonly onChange: () => void;
  readonly reserveBytes?: number | undefined;
  /** How often it is looked whether a mirror's time has come. */
  readonly lookEveryMs?: number | undefined;
}

/** All mirrors of a configuration. */
export interface MirrorEngine {
  /** Mirrors that are gone from it stop, and keep their files, if they had any to serve. */
  configure(mirrors: readonly MirrorConfig[], scrub?: ScrubConfig): Promise<void>;
  command(command: MirrorCommand): Promise<MirrorReply>;
  views(): readonly MirrorView[];
  readonly scrub: Pick<Scrubber, 'act' | 'view'>;
  /** Of the mirrors that a run is in progress of, by name. */
  progress(): ReadonlyMap<string, Progress>;
  isRunning(): boolean;
  /** Stops what runs; resolves when it is over. */
  close(): Promise<void>;
}

const LOOK_EVERY_MS = 5_000;

export function openMirrorEngine(options: EngineOptions): MirrorEngine {
  const { root, emit, now, onChange } = options;
  mkdirSync(root, { recursive: true });
  const pool = openPool(join(root, 'pool'));
  const units = new Map<string, MirrorUnit>();
  const closing = new AbortController();
  const deps = { root, pool, emit, now, onChange, units, signal: closing.signal, reserveBytes: options.reserveBytes };
  const scrubber = createScrubber(deps);
  const look = () => {
    scrubber.look();
    for (const unit of units.values()) if (isDue(unit, now())) void unit.run('by its schedule', false);
  };
  const timer = setInterval(look, options.lookEveryMs ?? LOOK_EVERY_MS);
  const meter = setInterval(() => tellProgress(units.values(), emit), LOOK_EVERY_MS);
  return {
    scrub: scrubber,
    configure: async (mirrors, scrub) => {
      scrubber.configure(scrub);
      const gone = [...units].filter(([name]) => !mirrors.some((one) => one.name === name));
      for (const [name] of gone) units.delete(name);
      for (const config of mirrors) {
        const known = units.get(config.name);
        if (known) known.configure(config);
        else addUnit(deps, config);
      }
      onChange();
      look();
      // Last, as another configuration may come meanwhile, which must not be followed by the rest of this one.
      const forget = async ([name, unit]: (typeof gone)[number]) => {
        await unit.stop();
        // It may be back already.
        if (!units.has(name)) forgetEmpty(unit);
      };
      await Promise.all(gone.map(forget));
    },
    command: (command) => doCommand(deps, command),
    views: () => [...units.values()].map((unit) => unit.view()),
    progress: () =>
      new Map(
        [...units].flatMap(([name, unit]): [string, Progress][] => {
          const progress = unit.progress();
          return progress === undefined ? [] : [[name, progress]];
        }),
      ),
    isRunning: () => [...units.values()].some((unit) => unit.isRunning()),
    close: async () => {
      clearInterval(timer);
      clearInterval(meter);
      closing.abort();
      await scrubber.close();
      await Promise.all([...units.values()].map((unit) => unit.stop()));
    },
  };
}

/** One whose folder or state cannot be used is told, and does not keep the others from theirs. */
function addUnit(deps: UnitDeps & { readonly units: Map<string, MirrorUnit> }, config: MirrorConfig): void {
  try {
    const unit = createMirrorUnit(deps, config);
    deps.units.set(config.name, unit);
    unit.files.readState();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const next = error instanceof ProvisionError ? error.hint : 'Look at the folder `mirrors` of the data folder.';
    deps.emit('mirror.failed', {}, { mirror: config.name, reason, next });
  }
}

/** Of a mirror that is gone before it had anything to serve, nothing stays. */
function forgetEmpty({ files }: MirrorUnit): void {
  try {
    const { snapshots, held } = files.readState();
    if (snapshots.length === 0 && held?.snapshot === undefined) rmSync(files.folder, { recursive: true, force: true });
  } catch {
    // What cannot be read is for somebody to look at.
  }
}

/** A run that does not fit into its window begins when the window is over. */
function isDue(unit: MirrorUnit, now: number): boolean {
  const at = unit.nextRunAt();
  if (at === undefined || at > now || unit.isRunning()) return false;
  const { blackout, timezone } = unit.config();
  return !isInWindow(blackout, timezone, now);
}

function tellProgress(units: Iterable<MirrorUnit>, emit: Emit): void {
  for (const unit of units) {
    const progress = unit.progress();
    if (progress === undefined) continue;
    const { startedAt: _startedAt, current: _current, ...data } = progress;
    emit('mirror.progress', {}, { mirror: unit.config().name, ...data });
  }
}
