import { useState } from 'preact/hooks';
import type { MirrorJson } from '../../../src/http/api/mirror-json.ts';
import { type ApiProblem, post, problemOf } from '../api.ts';
import { Chip } from '../parts/chip.tsx';
import { ProblemBox } from '../parts/problem-box.tsx';
import { HeldBox } from './held-box.tsx';
import { MirrorFacts } from './mirror-facts.tsx';
import { Running } from './running.tsx';
import { Snapshots } from './snapshots.tsx';

const TONES = { empty: 'warn', serving: 'good', held: 'bad' } as const;

type Verb = 'sync' | 'stop' | 'approve' | 'rollback' | 'freeze';

/** Asks it of the mirror. Resolves when it is done or refused, which is then told in the card. */
export type Ask = (verb: Verb, body?: object) => Promise<void>;

export function MirrorCard({ mirror, onChanged }: { readonly mirror: MirrorJson; readonly onChanged: () => void }) {
  const { name, os, mode, from, state, isFrozen, progress } = mirror;
  const [problem, setProblem] = useState<ApiProblem | undefined>();
  const ask: Ask = async (verb, body = {}) => {
    setProblem(undefined);
    await post(`/mirrors/${encodeURIComponent(name)}/${verb}`, body).catch((error: unknown) =>
      setProblem(problemOf(error)),
    );
    onChanged();
  };
  return (
    <li class="box mirror">
      <div class="head">
        <h2>{name}</h2>
        <Chip text={state} tone={TONES[state]} />
        {(isFrozen || mode === 'frozen') && <Chip text="frozen" />}
        <div class="buttons">
          <MainButton mirror={mirror} ask={ask} />
        </div>
      </div>
      <p class="muted">{[os, mode, ...from, signatures(mirror)].filter(Boolean).join(' · ')}</p>
      {progress && <Running progress={progress} name={name} />}
      <HeldBox mirror={mirror} ask={ask} />
      <MirrorFacts mirror={mirror} />
      <ProblemBox problem={problem} />
      <Snapshots mirror={mirror} ask={ask} />
    </li>
  );
}

function MainButton({ mirror, ask }: { readonly mirror: MirrorJson; readonly ask: Ask }) {
  const { name, mode, isFrozen, progress, current } = mirror;
  if (progress) {
    return (
      <button type="button" aria-label={`Stop ${name}`} onClick={() => void ask('stop')}>
        Stop
      </button>
    );
  }
  // Only its first run is to be had then.
  if (mode === 'frozen' && current !== null) return null;
  if (isFrozen) {
    return (
      <button
        type="button"
        aria-label={`Follow the upstream again: ${name}`}
        onClick={() => void ask('freeze', { frozen: false })}
      >
        Follow the upstream again
      </button>
    );
  }
  return (
    <button type="button" aria-label={`Sync now: ${name}`} onClick={() => void ask('sync')}>
      Sync now
    </button>
  );
}

function signatures({ trust, packages }: MirrorJson): string {
  const each = packages === 'signed' ? ', each package' : '';
  return trust === 'none' && each === '' ? 'signatures are not looked at' : `signatures: ${trust}${each}`;
}
