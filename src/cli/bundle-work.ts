import { progressJson } from '../http/api/mirror-json.ts';
import { createMeter } from '../io/mirror/meter.ts';
import type { Phase } from '../mirror/run/progress.ts';
import type { ClientOptions } from './client.ts';
import { clearBar, showProgress } from './mirror-sync.ts';
import { runStoppable } from './run-stoppable.ts';

const SHOW_EVERY_MS = 500;

/** What a long command tells of itself while it works. */
export interface Work {
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
  readonly onFile: () => void;
  readonly expect: (files: number, bytes: number) => void;
  /** Nothing is shown any more. */
  readonly end: () => void;
}

/** Runs a command's work with a progress bar; what fails becomes a message with a hint, and the exit code. */
export function followWork(options: ClientOptions, phase: Phase, work: (work: Work) => Promise<void>): Promise<void> {
  const meter = createMeter(Date.now);
  meter.enter(phase);
  const show = options.json ? () => {} : showProgress();
  const timer = setInterval(() => show(progressJson(meter.read())), SHOW_EVERY_MS);
  const end = () => {
    clearInterval(timer);
    if (!options.json) clearBar();
  };
  return runStoppable(options, async (signal) => {
    try {
      await work({ signal, onBytes: meter.bytes, onFile: () => meter.done(''), expect: meter.expect, end });
    } finally {
      end();
    }
  });
}
