import type { Mac } from '../net/mac.ts';
import { type Named, planAdoptions, planParking, sharesCard } from './adopt-lives.ts';
import { discoveredMac } from './discovered.ts';
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
  /** Another configuration is in force: machines that it names otherwise keep their lives. */
  rename(machines: ReadonlyMap<string, Named>): void;
  /** The same for one machine that the configuration does not name. */
  meet(machine: Named): void;
  /** The clock was set by so many milliseconds: what began in this run keeps its remaining time. */
  shift(ms: number): void;
}

export interface LivesDeps {
  readonly store: LifeStore;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** `mac`: the machine's first card. */
  readonly tell: (machine: string, told: LifeTold, mac: Mac | undefined) => void;
}

/** Wires the lives to their store. `loaded` is what `store.loadLives()` gave. */
export function createLives(loaded: readonly Life[], deps: LivesDeps): Lives {
  const lives = new Map(loaded.map((life) => [life.machine, life]));
  /** Ends that another run has set, by a clock of which nothing is known. */
  const endsBefore = new Set(loaded.map(({ operation }) => operation?.grant.deadline));
  const { save, saving } = createSaves(deps.store);
  let named: ReadonlyMap<string, Named> = new Map();
  const put = (life: Life): Promise<void> => {
    const before = lives.get(life.machine);
    lives.set(life.machine, life);
    return save(life, () => {
      // What could not be saved did not happen, unless something else has happened since.
      if (lives.get(life.machine) !== life) return;
      if (before) lives.set(life.machine, before);
      else lives.delete(life.machine);
    });
  };
  /**
   * What follows from the names stays as it is in memory: taken back, a machine would be one of which nothing is known. The
   * store tells by itself when it cannot write; after a restart the same is found again.
   */
  const keep = (life: Life) => {
    lives.set(life.machine, life);
    save(life, () => {}).catch(() => undefined);
  };
  const fresh = (machine: string) => newLife(machine, isUnnamed(machine, named) ? 'discovered' : 'ready');
  const adopt = (machines: Iterable<Named>) => {
    const plan = planAdoptions(lives.values(), machines, (name) => named.get(name));
    const filled = new Set(plan.map(({ to }) => to.name));
    // All in one go, which the store writes as one: a token must not belong to two.
    for (const { life, to } of plan) {
      const { formerly: _, ...rest } = life;
      const state = life.state === 'discovered' && named.has(to.name) ? 'ready' : life.state;
      keep({ ...rest, machine: to.name, macs: to.macs, state });
      if (!filled.has(life.machine)) keep(leftBehind(life.machine, named));
      deps.tell(to.name, { id: 'machine.adopted', data: { before: life.machine, state } }, to.macs[0]);
    }
  };
  const takeStep: Lives['step'] = (machine, event) => {
    const step = stepLife(lives.get(machine) ?? fresh(machine), event, deps.now());
    if (step.kind !== 'moved') return { step, saved: saving(machine) };
    const macs = macsOf(machine, named);
    const saved = put(withMacs(step.life, macs));
    if (step.told) deps.tell(machine, step.told, macs?.[0]);
    return { step, saved };
  };
  /** All cards of a machine are others. It goes on under its name, but what was known of the old cards is not forgotten. */
  const replaceCards = (life: Life, wasNamed: boolean) => {
    const { operation, ...rest } = life;
    const parking = planParking(life, lives, (name) => named.get(name));
    if (parking) keep({ ...rest, machine: parking.to.name, formerly: life.machine, onceUsed: true });
    // A grant from before it was taken out of the configuration was for another machine of the same name.
    if (operation && !wasNamed) takeStep(life.machine, { kind: 'cancelled' }).saved.catch(() => undefined);
  };
  return {
    get: (machine) => lives.get(machine),
    all: () => lives.values(),
    withToken: (token) =>
      token === '' ? undefined : [...lives.values()].find((life) => life.operation?.grant.token === token),
    step: takeStep,
    rename(machines) {
      const before = named;
      named = machines;
      adopt(machines.values());
      for (const machine of machines.values()) {
        const { name, macs } = machine;
        const known = lives.get(name);
        if (known && !sharesCard(known, machine)) replaceCards(known, before.has(name));
        const life = lives.get(name);
        if (life && withMacs(life, macs) !== life) keep(withMacs(life, macs));
      }
    },
    meet: (machine) => adopt([machine]),
    shift(ms) {
      for (const life of [...lives.values()]) {
        const { operation } = life;
        const deadline = operation?.grant.deadline;
        if (deadline === undefined || operation === undefined || endsBefore.has(deadline)) continue;
        keep({ ...life, operation: { ...operation, grant: { ...operation.grant, deadline: deadline + ms } } });
      }
    },
  };
}

/** Saves that are under way. */
function createSaves(store: LifeStore) {
  const saves = new Map<string, Promise<void>>();
  return {
    saving: (machine: string) => saves.get(machine) ?? Promise.resolve(),
    save: (life: Life, onFailed: () => void): Promise<void> => {
      const saving = store.saveLife(life).catch((error: unknown) => {
        onFailed();
        throw error;
      });
      saves.set(life.machine, saving);
      const forget = () => {
        if (saves.get(life.machine) === saving) saves.delete(life.machine);
      };
      saving.then(forget, forget);
      return saving;
    },
  };
}

/** What a name begins with whose machine is called otherwise now. Whoever has it in the meantime is not installed unasked. */
function leftBehind(name: string, named: ReadonlyMap<string, Named>): Life {
  const successor = named.get(name);
  return successor ? { ...newLife(name), onceUsed: true, macs: successor.macs } : newLife(name, 'discovered');
}

function isUnnamed(machine: string, named: ReadonlyMap<string, Named>): boolean {
  return !named.has(machine) && discoveredMac(machine) !== undefined;
}

function macsOf(machine: string, named: ReadonlyMap<string, Named>): readonly Mac[] | undefined {
  const mac = discoveredMac(machine);
  return named.get(machine)?.macs ?? (mac && [mac]);
}

function withMacs(life: Life, macs: readonly Mac[] | undefined): Life {
  const isSame =
    macs === undefined || (life.macs?.length === macs.length && macs.every((mac) => life.macs?.includes(mac)));
  return isSame ? life : { ...life, macs };
}
