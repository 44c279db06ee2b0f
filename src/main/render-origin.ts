import { formatPath, type Path } from '../config/problem.ts';
import type { Settings } from '../config/settings.ts';

/** Says where values come from. */
export interface Origins {
  /** The first of the paths that is written, "machines.sm1.address (rack.yaml:31:20)"; else the other words. */
  of(paths: readonly Path[], otherwise: string): string;
  has(path: Path): boolean;
}

export function createOrigins({ whereIs }: Settings): Origins {
  return {
    of(paths, otherwise) {
      for (const path of paths) {
        const place = whereIs?.(path);
        // The files of a configuration stand in one folder, so their names are enough.
        if (place !== undefined) return `${formatPath(path)} (${place.slice(place.lastIndexOf('/') + 1)})`;
      }
      return otherwise;
    },
    has: (path) => whereIs?.(path) !== undefined,
  };
}
