import type { MirrorJson } from '../../../src/http/api/mirror-json.ts';
import { rack } from '../live.ts';
import { useLoaded } from '../load.ts';
import { ProblemBox } from '../parts/problem-box.tsx';
import { useStore } from '../store.ts';
import { MirrorCard } from './mirror-card.tsx';
import { Scrub } from './scrub.tsx';

/** The repositories that this host keeps: what is there, what runs, and how the last run ended. */
export function MirrorsView() {
  const { connection } = useStore(rack);
  const { value, problem, reload } = useLoaded<{ mirrors: MirrorJson[] }>('/mirrors', 3_000);
  // A server without mirrors may not know the word at all.
  const isAbsent = problem?.status === 404 || value?.mirrors.length === 0;
  return (
    <>
      <div class="head">
        <h1>Mirrors</h1>
      </div>
      {isAbsent && (
        <p class="empty">
          No mirrors are configured. <code>sudo ./rackready mirror add debian-12</code> writes one into the
          configuration.
        </p>
      )}
      {!isAbsent && connection !== 'lost' && <ProblemBox problem={problem} />}
      <ul class="cards">
        {value?.mirrors.map((mirror) => (
          <MirrorCard key={mirror.name} mirror={mirror} onChanged={reload} />
        ))}
      </ul>
      {value !== undefined && !isAbsent && <Scrub />}
    </>
  );
}
