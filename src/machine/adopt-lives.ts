import type { Mac } from '../net/mac.ts';
import { discoveredName } from './discovered.ts';
import type { Life } from './life.ts';

/** A machine as far as its life depends on it. */
export interface Named {
  readonly name: string;
  readonly macs: readonly Mac[];
}

/** The life that is kept under the first name goes on under the second. */
export interface Adoption {
  readonly life: Life;
  readonly to: Named;
}

/** Whether nothing ever happened to it. */
function isBlank({ state, operation, outcome, onceUsed }: Life): boolean {
  const isFresh = state === 'ready' || state === 'discovered';
  return isFresh && operation === undefined && outcome === undefined && !onceUsed;
}

/** Whether a machine still has one of the cards that a life is known by. Lives of old have none, and go by their name. */
export function sharesCard({ macs = [] }: Life, machine: Named): boolean {
  return macs.length === 0 || macs.some((mac) => machine.macs.includes(mac));
}

/**
 * A machine is its MAC addresses, and a name is only what it is called. One that is renamed (also to the name of another
 * that is renamed in the same go), taken into the configuration after it was discovered, or taken out of it keeps its life:
 * otherwise `install: once` would install it a second time, or a grant would erase another machine. Lives of machines that
 * the configuration (`named`) still calls the same are never taken.
 */
export function planAdoptions(
  lives: Iterable<Life>,
  machines: Iterable<Named>,
  named: (name: string) => Named | undefined,
): Adoption[] {
  const own = new Map<string, Life>();
  const free = new Map<Mac, Life>();
  for (const life of lives) {
    own.set(life.machine, life);
    const owner = named(life.machine);
    if (isBlank(life) || (owner && sharesCard(life, owner))) continue;
    for (const mac of life.macs ?? []) {
      const known = free.get(mac);
      if (known === undefined || weigh(life) > weigh(known)) free.set(mac, life);
    }
  }
  const taken = new Set<Life>();
  const found: Adoption[] = [];
  for (const to of free.size === 0 ? [] : machines) {
    const before = own.get(to.name);
    if (before && !isBlank(before) && sharesCard(before, to)) continue;
    // A machine that gets its cards back has gone on in the meantime.
    const isOwn = ({ machine, formerly }: Life) =>
      machine === to.name || (formerly === to.name && before !== undefined && !isBlank(before));
    const candidates = to.macs.flatMap((mac) => free.get(mac) ?? []).filter((life) => !isOwn(life) && !taken.has(life));
    const life = candidates.toSorted((a, b) => weigh(b) - weigh(a))[0];
    if (life === undefined) continue;
    taken.add(life);
    found.push({ life, to });
  }
  const displaced = found.flatMap(({ to }) => own.get(to.name) ?? []).filter((life) => !taken.has(life));
  return [...found, ...displaced.flatMap((life) => planParking(life, own, named) ?? [])];
}

/** Where the life of cards is kept that no machine of the configuration has any more; undefined: nothing is lost without it. */
export function planParking(
  life: Life,
  lives: ReadonlyMap<string, Life>,
  named: (name: string) => Named | undefined,
): Adoption | undefined {
  const { macs: [first] = [], macs = [] } = life;
  if (first === undefined || isBlank(life)) return undefined;
  const to = { name: discoveredName(first), macs };
  const there = lives.get(to.name);
  return named(to.name) || (there && !isBlank(there)) ? undefined : { life, to };
}

/** Of several lives that the same cards had, the one that says most about what may be lost. */
function weigh({ state, operation, outcome }: Life): number {
  const careful = state === 'installed' || state === 'retired' ? 2 : 0;
  return (careful + (operation ? 1 : 0)) * 1e15 + (outcome?.at ?? 0);
}
