import { progressJson } from '../http/api/mirror-json.ts';
import { createMeter } from '../io/mirror/meter.ts';
import type { Phase } from '../mirror/run/progress.ts';
import { ProvisionError } from '../net/provision-error.ts';
import { ApiFailure, type ClientOptions, runCommand } from './client.ts';
import { clearBar, showProgress } from './mirror-sync.ts';

const SHOW_EVERY_MS = 500;
const NOT_PERMITTED = ['EACCES', 'EPERM'];
/** sysexits(3) */
const EX_NOPERM = 77;

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
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const show = options.json ? () => {} : showProgress();
  const timer = setInterval(() => show(progressJson(meter.read())), SHOW_EVERY_MS);
  const end = () => {
    clearInterval(timer);
    if (!options.json) clearBar();
  };
  const told = {
    signal: stop.signal,
    onBytes: meter.bytes,
    onFile: () => meter.done(''),
    expect: meter.expect,
    end,
  };
  return runCommand(options, async () => {
    try {
      await work(told);
    } catch (error) {
      throw asFailure(error, stop.signal);
    } finally {
      end();
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    }
  });
}

function asFailure(error: unknown, signal: AbortSignal): unknown {
  if (error instanceof ApiFailure) return error;
  if (error instanceof ProvisionError) {
    const { code, message, hint } = error;
    return new ApiFailure({ code, message, hint });
  }
  if (signal.aborted) {
    return new ApiFailure({
      code: 'stopped',
      message: 'it was stopped',
      hint: 'Run the same again: it goes on or begins anew.',
    });
  }
  const { code = '', message = '' } = error as NodeJS.ErrnoException;
  if (NOT_PERMITTED.includes(code)) {
    return new ApiFailure({ code: 'not-permitted', message, hint: 'Run the same with sudo.' }, EX_NOPERM);
  }
  return code === ''
    ? error
    : new ApiFailure({ code: 'failed', message, hint: 'Look at the file and the disk that it names.' });
}
