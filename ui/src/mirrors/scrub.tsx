import { useState } from 'preact/hooks';
import type { ScrubJson } from '../../../src/http/api/mirror-json.ts';
import { type ApiProblem, post, problemOf } from '../api.ts';
import { useLoaded } from '../load.ts';
import { ProblemBox } from '../parts/problem-box.tsx';
import { bytes, clockTime, counted } from '../wording.ts';

type Action = 'start' | 'pause' | 'resume';

/** Whether all that mirrors have is still what it was, and what is done about that which is not. */
export function Scrub() {
  const { value, reload } = useLoaded<{ scrub: ScrubJson }>('/scrub', 3_000);
  const [problem, setProblem] = useState<ApiProblem | undefined>();
  // The process of the mirrors has not said anything of it yet.
  if (value === undefined) return null;
  const { scrub } = value;
  const ask = async (action: Action) => {
    setProblem(undefined);
    await post('/scrub', { action }).catch((error: unknown) => setProblem(problemOf(error)));
    await reload();
  };
  const action: Action = scrub.isPaused ? 'resume' : scrub.isRunning ? 'pause' : 'start';
  return (
    <section class="box mirror" aria-labelledby="scrub">
      <div class="head">
        <h2 id="scrub">Find damage</h2>
        <div class="buttons">
          <button type="button" onClick={() => void ask(action)}>
            {{ start: 'Begin now', pause: 'Let it rest', resume: 'Go on' }[action]}
          </button>
        </div>
      </div>
      <p class="muted">All that mirrors have is read again, slowly, and compared with its checksum.</p>
      <p class={scrub.damaged > 0 ? 'bad-text' : undefined}>{describeScrub(scrub)}</p>
      {scrub.waiting.map((one) => (
        <p key={one.mirror} class="bad-text">
          {describeWaiting(one)}
        </p>
      ))}
      {scrub.aside.files > 0 && (
        <p>
          {counted(scrub.aside.files, 'damaged file')} ({bytes(scrub.aside.bytes)}) of all mirrors in{' '}
          <code>mirrors/damaged</code> of the data folder, to look at; nothing needs them.
        </p>
      )}
      <ProblemBox problem={problem} />
    </section>
  );
}

function describeScrub(scrub: ScrubJson): string {
  const { isRunning, isPaused, startedAt, endedAt, nextAt, files, damaged } = scrub;
  const next = `Next time: ${nextAt === null ? 'by hand' : clockTime(nextAt)}.`;
  const found = `${counted(files, 'file')} (${bytes(scrub.bytes)}), ${damaged} damaged`;
  if (isPaused && (startedAt === null || endedAt !== null)) return 'It rests.';
  if (startedAt === null) return `Nothing was read again yet. ${next}`;
  if (isPaused) return `It rests at ${found}.`;
  if (isRunning) return `In progress since ${clockTime(startedAt)}: ${found}.`;
  return `Last time: ${found}, ended ${endedAt === null ? 'early' : clockTime(endedAt)}. ${next}`;
}

function describeWaiting({ mirror, reason, until }: ScrubJson['waiting'][number]): string {
  const what = `${mirror}: what was damaged is to be fetched again; it waits until`;
  if (reason === 'frozen') return `${what} the mirror follows its upstream again.`;
  const atOnce = `Sync now does it at once.`;
  if (reason === 'paused') return `${what} this goes on. ${atOnce}`;
  if (reason === 'blackout') return `${what} ${until === null ? 'its blackout is over' : clockTime(until)}. ${atOnce}`;
  return `${what} ${reason === 'scrub' ? 'this is over' : 'another run is over'}. ${atOnce}`;
}
