import { formatPath, type Path } from '../config/problem.ts';
import type { Settings } from '../config/settings.ts';
import type { Machine } from '../machine/machine.ts';

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

/** Hides secrets in text that is shown. */
export type Mask = (text: string) => string;

const HIDDEN = '********';
/** crypt(5) hashes, wherever they come from. */
const HASH = /\$(?:[1-9]|5|6|y|gy|2[aby])\$[./A-Za-z0-9$=,]{8,}/g;
/** Names of the operator's own values that are likely secrets. */
const SECRET_NAME = /pass(word|wd|phrase)?|secret|token|credential|private|(api|auth|encryption)_?key/i;

/** Password hashes, and the operator's values whose names sound secret, are hidden unless they are asked for. */
export function createMask({ defaults }: Settings, machine: Machine, showSecrets: boolean): Mask {
  if (showSecrets) return (text) => text;
  const secrets = secretValues(machine.vars);
  if (defaults.rootPasswordHash !== undefined) secrets.push(defaults.rootPasswordHash);
  // Longest first, so that no value is cut in two by one that it holds.
  const known = [...new Set(secrets)].toSorted((a, b) => b.length - a.length);
  return (text) => known.reduce((masked, secret) => masked.replaceAll(secret, HIDDEN), text).replace(HASH, HIDDEN);
}

function secretValues(value: unknown, isSecret = false): string[] {
  if (value === null || value === undefined) return [];
  if (typeof value !== 'object') return isSecret && String(value).length > 0 ? [String(value)] : [];
  return Object.entries(value).flatMap(([key, inner]) => secretValues(inner, isSecret || SECRET_NAME.test(key)));
}
