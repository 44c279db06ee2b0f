import { Worker } from 'node:worker_threads';
import type { MachineProblem } from '../boot/check-templates.ts';
import type { MachineChange } from './edited-profile.ts';
import type { Problem } from './problem.ts';
import type { SourceText } from './yaml-source.ts';

/** What is to be checked before it is written. */
export type CheckJob =
  | { readonly kind: 'texts'; readonly texts: readonly SourceText[] }
  /** A profile that was edited in `after`: what it comes to for the machines. */
  | {
      readonly kind: 'profile';
      readonly before: readonly SourceText[];
      readonly after: readonly SourceText[];
      readonly profile: string;
      /** Machine whose answer file under this profile is wanted, whatever its own is. */
      readonly preview?: string | undefined;
    }
  /** A template that is to take the place of the one at `path`, under the configuration as it is on disk now. */
  | {
      readonly kind: 'template';
      readonly configPath: string;
      readonly path: string;
      readonly text: string;
      /** Machine whose answer file is wanted. */
      readonly preview?: string | undefined;
    };

/** What came of it: plain values. */
export interface CheckReport {
  /** Of the configuration itself. With an error among them no template was rendered. */
  readonly problems: readonly Problem[];
  /** The machines that the template is rendered for. */
  readonly machines: readonly string[];
  readonly broken: readonly MachineProblem[];
  /** The answer file that was wanted, secrets hidden; undefined: it cannot be rendered, or none was wanted. */
  readonly preview?: string | undefined;
  /** Of an edited profile: the machines that would get something else, and what. */
  readonly changes?: readonly MachineChange[] | undefined;
  /** The kernel's command line, secrets hidden, if a preview was wanted of an edited profile. */
  readonly kernelLine?: string | undefined;
}

/** The module that a thread runs first, so that it has no more rights than it needs; and the job. */
export interface CheckThread {
  readonly threadModule: string;
  readonly job: CheckJob;
}

/**
 * Checks in a thread of its own: rendering a thousand machines takes a second, and DHCP must not wait for it. Rejects when
 * the thread dies of a defect, and when `signal` stops it.
 */
export function checkAside(threadModule: string, job: CheckJob, signal?: AbortSignal): Promise<CheckReport> {
  const setup: CheckThread = { threadModule, job };
  const worker = new Worker(new URL('./check-worker.ts', import.meta.url), { workerData: setup });
  const { promise, resolve, reject } = Promise.withResolvers<CheckReport>();
  worker.once('message', resolve);
  worker.once('error', reject);
  worker.once('exit', (code) => reject(new Error(`the check ended with ${code} and said nothing`)));
  const stop = () => void worker.terminate();
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  return promise.finally(() => signal?.removeEventListener('abort', stop));
}
