import { useState } from 'preact/hooks';
import { type ApiProblem, post, problemOf } from '../api.ts';
import { Chip } from '../parts/chip.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { ProblemBox } from '../parts/problem-box.tsx';
import { bytes, clockTime, duration } from '../wording.ts';
import type { Mirror, Progress } from './mirror.ts';

const TONES = { empty: 'warn', serving: 'good', held: 'bad' } as const;

export function MirrorCard({ mirror, onChanged }: { readonly mirror: Mirror; readonly onChanged: () => void }) {
  const { name, os, mode, from, state, isFrozen, progress, nextRunAt, heldReasons } = mirror;
  const [problem, setProblem] = useState<ApiProblem | undefined>();
  const ask = async (verb: 'sync' | 'stop' | 'approve') => {
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
            <button type="button" aria-label={`Sync now: ${name}`} disabled={isFrozen} onClick={() => void ask('sync')}>
              Sync now
            </button>
          )}
        </div>
      </div>
      <p class="muted">{[os, mode, ...from].filter(Boolean).join(' · ')}</p>
      {progress && <Running progress={progress} name={name} />}
      <p class={mirror.lastRun?.result === 'failed' ? 'bad-text' : undefined}>
        {describeRun(mirror)}
        {nextRunAt && ` · Next run ${clockTime(nextRunAt)}`}
      </p>
      {heldReasons.length > 0 && <Held mirror={mirror} approve={() => ask('approve')} />}
      <ProblemBox problem={problem} />
      <Snapshots mirror={mirror} />
    </li>
  );
}

/** Why something is held stands below. */
function describeRun({ lastRun, heldReasons, progress }: Mirror): string {
  if (lastRun === null) return progress ? 'This is its first run.' : 'It never ran.';
  const reason = lastRun.result === 'held' && heldReasons.length > 0 ? '' : `: ${lastRun.reason}`;
  return `Last run ${clockTime(lastRun.endedAt)}: ${lastRun.result}${reason}`;
}

function Running({ progress, name }: { readonly progress: Progress; readonly name: string }) {
  const { phase, filesDone, filesTotal, bytesDone, bytesTotal, bytesPerSecond, secondsLeft } = progress;
  // Not all metadata say how large a file is: then more may come than was announced.
  const isKnown = bytesTotal > 0 && bytesDone <= bytesTotal;
  const part = isKnown ? bytesDone / bytesTotal : filesDone / Math.max(1, filesTotal);
  const words = [
    phase,
    `${filesDone} of ${filesTotal} files`,
    isKnown ? `${bytes(bytesDone)} of ${bytes(bytesTotal)}` : bytes(bytesDone),
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

interface HeldProps {
  readonly mirror: Mirror;
  /** Resolves when it is done or refused. */
  readonly approve: () => Promise<void>;
}

function Held({ mirror, approve }: HeldProps) {
  const { name, heldReasons, canApprove, snapshots } = mirror;
  const [isAsking, setAsking] = useState(false);
  const current = snapshots.find(({ isCurrent }) => isCurrent);
  const served = snapshots.length > 0 ? 'the state before it is served' : 'nothing is served yet';
  return (
    <div class="box bad">
      <p>What was fetched last is held back; {served}.</p>
      <Reasons reasons={heldReasons} />
      {canApprove ? (
        <button type="button" aria-label={`Publish it all the same: ${name}…`} onClick={() => setAsking(true)}>
          Publish it all the same…
        </button>
      ) : (
        <p>It cannot be published as it is: the next run looks whether upstream has mended it.</p>
      )}
      {isAsking && (
        <Dialog title={`Publish what is held: ${name}`} onClose={() => setAsking(false)}>
          <p>Clients and installations get it from then on, although:</p>
          <Reasons reasons={heldReasons} />
          {current && (
            <p>
              The state before it stays as a snapshot, and{' '}
              <code>{`sudo ./rackready mirror rollback ${name} ${current.id}`}</code> brings it back.
            </p>
          )}
          <div class="buttons">
            <form method="dialog">
              <button type="submit">Do nothing</button>
            </form>
            <button type="button" class="danger" onClick={() => void approve().then(() => setAsking(false))}>
              Publish {name}
            </button>
          </div>
        </Dialog>
      )}
    </div>
  );
}

function Reasons({ reasons }: { readonly reasons: readonly string[] }) {
  return (
    <ul class="reasons">
      {reasons.map((reason) => (
        <li key={reason}>{reason}</li>
      ))}
    </ul>
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
