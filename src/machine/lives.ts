import type { Life, LifeStore } from './life.ts';
import { type LifeEvent, type LifeStep, type LifeTold, newLife, stepLife } from './step-life.ts';

/** A step that was taken in memory. */
export interface TakenStep {
  readonly step: LifeStep;
  /** Resolves when everything up to this step is safe on disk; rejects with ProvisionError `store-failed`. */
  readonly saved: Promise<void>;
}

/** The lives of all machines, in memory, each change written through. */
export interface Lives {
  get(machine: string): Life | undefined;
  /** The life whose grant has this token. */
  withToken(token: string): Life | undefined;
  all(): Iterable<Life>;
  /** Takes the step at once and starts to save it. The caller awaits `saved` where the answer depends on it. */
  step(machine: string, event: LifeEvent): TakenStep;
}

export interface LivesDeps {
  readonly store: LifeStore;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly tell: (machine: string, told: LifeTold) => void;
}

/** Wires the lives to their store. `loaded` is what `store.loadLives()` gave. */
export function createLives(loaded: readonly Life[], deps: LivesDeps): Lives {
  const lives = new Map(loaded.map((life) => [life.machine, life]));
  const saves = new Map<string, Promise<void>>();

  const save = (before: Life | undefined, life: Life): Promise<void> => {
    const saving = deps.store.saveLife(life).catch((error: unknown) => {
      // What could not be saved did not happen, unless something else has happened since.
      if (lives.get(life.machine) === life) {
        if (before) lives.set(life.machine, before);
        else lives.delete(life.machine);
      }
      throw error;
    });
    saves.set(life.machine, saving);
    const forget = () => {
      if (saves.get(life.machine) === saving) saves.delete(life.machine);
    };
    saving.then(forget, forget);
    return saving;
  };

  return {
    get: (machine) => lives.get(machine),
    all: () => lives.values(),
    withToken: (token) =>
      token === '' ? undefined : [...lives.values()].find((life) => life.operation?.grant.token === token),
    step(machine, event) {
      const before = lives.get(machine);
      const step = stepLife(before ?? newLife(machine), event, deps.now());
      if (step.kind !== 'moved') return { step, saved: saves.get(machine) ?? Promise.resolve() };
      lives.set(machine, step.life);
      const saved = save(before, step.life);
      if (step.told) deps.tell(machine, step.told);
      return { step, saved };
    },
  };
}
