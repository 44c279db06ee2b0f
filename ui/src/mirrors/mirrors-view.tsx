import { useLoaded } from '../load.ts';
import { ProblemBox } from '../parts/problem-box.tsx';

interface MirrorRow {
  readonly name: string;
  readonly [key: string]: unknown;
}

/** The repositories that this host keeps. */
export function MirrorsView() {
  const { value, problem } = useLoaded<{ mirrors: MirrorRow[] }>('/mirrors', 5_000);
  const isAbsent = problem?.status === 404 || value?.mirrors.length === 0;
  return (
    <>
      <div class="head">
        <h1>Mirrors</h1>
      </div>
      {isAbsent && <p class="empty">No mirrors are configured.</p>}
      {!isAbsent && <ProblemBox problem={problem} />}
      <ul class="cards">
        {value?.mirrors.map((mirror) => (
          <li key={mirror.name} class="box">
            <h2>{mirror.name}</h2>
            <dl class="said">
              {Object.entries(mirror)
                .filter(([name, one]) => name !== 'name' && one !== null && typeof one !== 'object')
                .map(([name, one]) => (
                  <div key={name}>
                    <dt>{name}</dt>
                    <dd>{String(one)}</dd>
                  </div>
                ))}
            </dl>
          </li>
        ))}
      </ul>
    </>
  );
}
