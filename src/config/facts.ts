import type { Path } from './problem.ts';
import type { Config } from './schema.ts';

/** What the checks of meaning look at. */
export interface Facts {
  /** The configuration by the schema; what did not fit is left out. */
  readonly config: Config;
  /** Whether something is written at a path, right or wrong: what is wrong has been reported, and is not missing. */
  has(path: Path): boolean;
  /** "rackready.yaml:12:9" */
  where(path: Path): string;
  /** Whether every network that is written is in `config`. If not, "in no network" cannot be said of an address. */
  readonly allNetworksFit: boolean;
}

/** An entry by its name; undefined also for names that every object inherits, like `constructor`. */
export function entryOf<Entry>(entries: Readonly<Record<string, Entry>>, name: string | undefined): Entry | undefined {
  return name !== undefined && Object.hasOwn(entries, name) ? entries[name] : undefined;
}

/** Remembers the first place of each value, for finding what is given twice. */
export class FirstPlaces<Value> {
  readonly #first = new Map<Value, Path>();

  /** The path of an earlier equal value, or undefined for the first. */
  earlier(value: Value, path: Path): Path | undefined {
    const first = this.#first.get(value);
    if (first === undefined) this.#first.set(value, path);
    return first;
  }
}
