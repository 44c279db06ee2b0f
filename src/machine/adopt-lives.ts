import type { Mac } from '../net/mac.ts';
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

/**
 * A machine is its MAC addresses, and a name is only what it is called. One that is renamed, taken into the configuration
 * after it was discovered, or taken out of it keeps its life: otherwise `install: once` would install it a second time.
 * Lives of other machines of the configuration (`isNamed`) are never taken.
 */
export function planAdoptions(
  lives: Iterable<Life>,
  machines: Iterable<Named>,
  isNamed: (name: string) => boolean,
): Adoption[] {
  const own = new Map<string, Life>();
  const free = new Map<Mac, Life>();
  for (const life of lives) {
    own.set(life.machine, life);
    if (isNamed(life.machine) || isBlank(life)) continue;
    for (const mac of life.macs ?? []) {
      const known = free.get(mac);
      if (known === undefined || weigh(life) > weigh(known)) free.set(mac, life);
    }
  }
  const taken = new Set<Life>();
  const found: Adoption[] = [];
  for (const to of free.size === 0 ? [] : machines) {
    const before = own.get(to.name);
    if (before && !isBlank(before)) continue;
    const candidates = to.macs
      .flatMap((mac) => free.get(mac) ?? [])
      .filter((life) => life.machine !== to.name && !taken.has(life));
    const life = candidates.toSorted((a, b) => weigh(b) - weigh(a))[0];
    if (life === undefined) continue;
    taken.add(life);
    found.push({ life, to });
  }
  return found;
}

/** Of several lives that the same cards had, the one that says most about what may be lost. */
function weigh({ state, operation, outcome }: Life): number {
  const careful = state === 'installed' || state === 'retired' ? 2 : 0;
  return (careful + (operation ? 1 : 0)) * 1e15 + (outcome?.at ?? 0);
}
