import { type Phase, type Progress, rateOf } from '../../mirror/run/progress.ts';

/** Counts what a run does, for whoever wants to look. */
export interface Meter {
  enter(phase: Phase): void;
  expect(files: number, bytes: number): void;
  /** What was counted was on the way only: the run's own files come now. */
  restart(): void;
  bytes(count: number): void;
  start(path: string): void;
  done(path: string): void;
  retry(): void;
  read(): Progress;
}

const WINDOW_MS = 10_000;
const MOST_SHOWN = 5;

export function createMeter(now: () => number): Meter {
  const startedAt = now();
  const current = new Set<string>();
  let samples: { at: number; bytes: number }[] = [];
  const count = { filesDone: 0, filesTotal: 0, bytesDone: 0, bytesTotal: 0, retries: 0 };
  let phase: Phase = 'probing';
  return {
    enter: (next) => {
      phase = next;
      samples = [];
    },
    expect: (files, bytes) => {
      count.filesTotal = count.filesDone + files;
      count.bytesTotal = count.bytesDone + bytes;
    },
    restart: () => Object.assign(count, { filesDone: 0, filesTotal: 0, bytesDone: 0, bytesTotal: 0 }),
    bytes: (more) => {
      count.bytesDone += more;
    },
    start: (path) => void current.add(path),
    done: (path) => {
      current.delete(path);
      count.filesDone += 1;
    },
    retry: () => {
      count.retries += 1;
    },
    read: () => {
      const at = now();
      samples = [...samples.filter((sample) => at - sample.at <= WINDOW_MS), { at, bytes: count.bytesDone }];
      const bytesPerSecond = rateOf(samples);
      const left = count.bytesTotal - count.bytesDone;
      const secondsLeft = bytesPerSecond > 0 && left >= 0 ? Math.ceil(left / bytesPerSecond) : undefined;
      return { phase, startedAt, ...count, bytesPerSecond, secondsLeft, current: [...current].slice(0, MOST_SHOWN) };
    },
  };
}
