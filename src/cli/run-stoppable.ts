import { ProvisionError } from '../net/provision-error.ts';
import { ApiFailure, type ClientOptions, runCommand } from './client.ts';

const NOT_PERMITTED = ['EACCES', 'EPERM'];
/** sysexits(3) */
const EX_NOINPUT = 66;
const EX_NOPERM = 77;

/** Runs a command's work, which Ctrl-C asks to stop; what fails becomes a message with a hint, and the exit code. */
export function runStoppable(options: ClientOptions, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return runCommand(options, async () => {
    try {
      await work(stop.signal);
    } catch (error) {
      throw asFailure(error, stop.signal);
    } finally {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    }
  });
}

/** A failure of the world as one of a command. */
export function failureOf({ code, message, hint, cause }: ProvisionError): ApiFailure {
  const isGone = (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
  return new ApiFailure({ code, message, hint }, isGone ? EX_NOINPUT : 1);
}

function asFailure(error: unknown, signal: AbortSignal): unknown {
  if (error instanceof ApiFailure) return error;
  if (error instanceof ProvisionError) return failureOf(error);
  if (signal.aborted) {
    const hint = 'Run the same again: it goes on or begins anew.';
    return new ApiFailure({ code: 'stopped', message: 'it was stopped', hint });
  }
  const { code = '', message = '' } = error as NodeJS.ErrnoException;
  if (NOT_PERMITTED.includes(code)) {
    return new ApiFailure({ code: 'not-permitted', message, hint: 'Run the same with sudo.' }, EX_NOPERM);
  }
  const hint = 'Look at the file and the disk that it names.';
  return code === '' ? error : new ApiFailure({ code: 'failed', message, hint });
}
