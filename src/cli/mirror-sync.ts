import { setTimeout as sleep } from 'node:timers/promises';
import type { HeldJson, MirrorJson, ProgressJson } from '../http/api/mirror-json.ts';
import type { ApiClient } from './client.ts';
import { describeProgress, drawProgress } from './mirror-print.ts';

const ASK_EVERY_MS = 500;
/** Longer than it takes to begin, to end, and to be told of both. */
const GONE_AFTER_MS = 30_000;
const LINE_EVERY_MS = 10_000;

/**
 * Shows how far a run is until it is over: a bar on a terminal, a line now and then elsewhere. `before`: when the last run
 * ended. Resolves with the exit code.
 */
export async function followRun(
  client: ApiClient,
  path: string,
  before: string | null,
  isJson: boolean,
  wait: (ms: number) => Promise<unknown> = sleep,
): Promise<number> {
  const show = isJson ? () => {} : showProgress();
  for (let missed = 0; ; missed++) {
    const { mirror } = await client.get<{ mirror: MirrorJson }>(path);
    if (mirror.progress) {
      show(mirror.progress);
      missed = 0;
    } else if (mirror.lastRun && mirror.lastRun.endedAt !== before) return tellEnd(mirror, isJson);
    if (missed * ASK_EVERY_MS >= GONE_AFTER_MS) return tellGone(mirror, isJson);
    await wait(ASK_EVERY_MS);
  }
}

/** A process that died in the middle of a run can say nothing of its end. */
function tellGone(mirror: MirrorJson, isJson: boolean): number {
  if (isJson) process.stdout.write(`${JSON.stringify(mirror)}\n`);
  else clearBar();
  process.stderr.write(
    `${mirror.name}: nothing runs any more, and nothing is known of how the run ended\nLook why with: rackready events. Go on with: rackready mirror sync ${mirror.name}\n`,
  );
  return 1;
}

/** Shows progress on standard error: a bar on a terminal, a line now and then elsewhere. */
export function showProgress(): (progress: ProgressJson) => void {
  return process.stderr.isTTY ? drawBar : createLines();
}

export function clearBar(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}

function drawBar(progress: ProgressJson): void {
  process.stderr.write(`\r\x1b[K${drawProgress(progress, process.stderr.columns ?? 80)}`);
}

function createLines(): (progress: ProgressJson) => void {
  let last = 0;
  return (progress) => {
    if (Date.now() - last < LINE_EVERY_MS) return;
    last = Date.now();
    process.stderr.write(`${describeProgress(progress)}\n`);
  };
}

function approveLine(name: string, { id, summary }: HeldJson): string {
  return `${id} (${summary}) is held. Publish it all the same with: rackready mirror approve ${name} ${id}`;
}

function tellEnd(mirror: MirrorJson, isJson: boolean): number {
  const { lastRun, name } = mirror;
  if (!isJson) clearBar();
  const result = lastRun?.result ?? 'failed';
  const next = mirror.held ? approveLine(name, mirror.held) : lastRun?.next;
  if (isJson) process.stdout.write(`${JSON.stringify(mirror)}\n`);
  else process.stdout.write(`${name}: ${result}: ${lastRun?.reason ?? ''}\n${next ? `${next}\n` : ''}`);
  return result === 'published' || result === 'unchanged' ? 0 : 1;
}
