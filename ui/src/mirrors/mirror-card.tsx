import { useState } from 'preact/hooks';
import { type ApiProblem, post, problemOf } from '../api.ts';
import { Chip } from '../parts/chip.tsx';
import { Command } from '../parts/command.tsx';
import { ProblemBox } from '../parts/problem-box.tsx';
import { bytes, clockTime, duration } from '../wording.ts';
import type { Mirror, Progress } from './mirror.ts';

const TONES = { empty: 'warn', serving: 'good', held: 'bad' } as const;

export function MirrorCard({ mirror, onChanged }: { readonly mirror: Mirror; readonly onChanged: () => void }) {
  const { name, os, mode, from, state, isFrozen, progress, lastRun, nextRunAt, heldReasons } = mirror;
  const [problem, setProblem] = useState<ApiProblem | undefined>();
  const ask = async (verb: 'sync' | 'stop') => {
    setProblem(undefined);
    await post(`/mirrors/${encodeURIComponent(name)}/${verb}`, {}).catch((error: unknown) =>
      setProblem(problemOf(error)),
    );
    onChanged();
  };
  return (
    <li class="box mirror">
      <div class="head">
        <h2>{name}</h2>
        <Chip text={state} tone={TONES[state]} />
        {isFrozen && <Chip text="frozen" />}
        <div class="buttons">
          {progress ? (
            <button type="button" aria-label={`Stop ${name}`} onClick={() => void ask('stop')}>
              Stop
            </button>
          ) : (
            <button type="button" aria-label={`Sync ${name} now`} disabled={isFrozen} onClick={() => void ask('sync')}>
              Sync now
            </button>
          )}
        </div>
      </div>
      <p class="muted">{[os, mode, ...from].filter(Boolean).join(' · ')}</p>
      {progress && <Running progress={progress} name={name} />}
      <p>
        {lastRun ? `Last run ${clockTime(lastRun.endedAt)}: ${lastRun.result}. ${lastRun.reason}` : 'It never ran.'}
        {nextRunAt && ` Next: ${clockTime(nextRunAt)}.`}
      </p>
      {heldReasons.length > 0 && <Held name={name} reasons={heldReasons} />}
      <ProblemBox problem={problem} />
      <Snapshots mirror={mirror} />
    </li>
  );
}

function Running({ progress, name }: { readonly progress: Progress; readonly name: string }) {
  const { phase, filesDone, filesTotal, bytesDone, bytesTotal, bytesPerSecond, secondsLeft } = progress;
  const part = bytesTotal > 0 ? bytesDone / bytesTotal : 0;
  const words = [
    phase,
    `${filesDone} of ${filesTotal} files`,
    `${bytes(bytesDone)} of ${bytes(bytesTotal)}`,
    `${bytes(bytesPerSecond)}/s`,
    secondsLeft === null ? '' : `${duration(secondsLeft * 1000)} left`,
  ];
  return (
    <>
      <progress aria-label={`Progress of ${name}`} value={part} />
      <p class="muted">{words.filter(Boolean).join(' · ')}</p>
    </>
  );
}

function Held({ name, reasons }: { readonly name: string; readonly reasons: readonly string[] }) {
  return (
    <div class="box bad">
      <p>What was fetched last is held back; the state before it is served.</p>
      <ul>
        {reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
      <p>When it is right all the same:</p>
      <Command text={`sudo ./rackready mirror approve ${name}`} />
    </div>
  );
}

function Snapshots({ mirror }: { readonly mirror: Mirror }) {
  const { snapshots } = mirror;
  if (snapshots.length === 0) return null;
  return (
    <details class="inner">
      <summary>Snapshots ({snapshots.length})</summary>
      <div class="table-scroll">
        <table class="plain">
          <thead>
            <tr>
              <th>Snapshot</th>
              <th>Made</th>
              <th>Files</th>
              <th>Size</th>
              <th>Tags</th>
            </tr>
          </thead>
          <tbody>
            {snapshots.map((one) => (
              <tr key={one.id}>
                <td>
                  {one.id} {one.isCurrent && <Chip text="served" tone="good" />}
                </td>
                <td>{clockTime(one.at)}</td>
                <td>{one.files}</td>
                <td>{bytes(one.bytes)}</td>
                <td>{one.tags.join(', ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
