import type { Bandwidth } from '../mirror-config.ts';
import { isInWindow } from './schedule.ts';

/** What may come at a moment (milliseconds since 1970), in bytes per second, by the clock of a time zone; undefined: no limit. */
export function rateAt({ bytesPerSecond, windows }: Bandwidth, timeZone: string, now: number): number | undefined {
  const window = windows.find((one) => isInWindow([one], timeZone, now));
  return window?.bytesPerSecond ?? bytesPerSecond;
}

/** Grants bytes so that they keep to a rate, whoever asks for them. */
export interface Pace {
  /** How long whoever has taken so many bytes has to wait before he takes more, in milliseconds. */
  grant(bytes: number, bytesPerSecond: number, now: number): number;
}

/** What was not taken in a while may be taken at once, but not more than that of this time. */
const CARRIED_MS = 1000;

export function createPace(): Pace {
  let freeAt = Number.NEGATIVE_INFINITY;
  return {
    grant: (bytes, bytesPerSecond, now) => {
      freeAt = Math.max(freeAt, now - CARRIED_MS) + (bytes / bytesPerSecond) * 1000;
      return Math.max(0, freeAt - now);
    },
  };
}
