import { useState } from 'preact/hooks';
import type { MirrorJson, SnapshotJson } from '../../../src/http/api/mirror-json.ts';
import { Chip } from '../parts/chip.tsx';
import { bytes, clockTime } from '../wording.ts';
import type { Ask } from './mirror-card.tsx';
import { Question } from './question.tsx';

/** The states that are kept, and the way back to each. */
export function Snapshots({ mirror, ask }: { readonly mirror: MirrorJson; readonly ask: Ask }) {
  const { name, snapshots, current } = mirror;
  const [chosen, setChosen] = useState<SnapshotJson | undefined>();
  if (snapshots.length === 0) return null;
  return (
    <details class="inner">
      <summary>Snapshots ({snapshots.length})</summary>
      <div class="table-scroll">
        <table class="plain">
          <thead>
            <tr>
              <th>Snapshot</th>
              <th>Serve</th>
              <th>Made</th>
              <th>Files</th>
              <th>Size</th>
              <th>Tags</th>
            </tr>
          </thead>
          <tbody>
            {snapshots.map((one) => (
              <tr key={one.id}>
                <td>{one.id}</td>
                <td>
                  {one.isCurrent ? (
                    <Chip text="served" tone="good" />
                  ) : (
                    <button type="button" aria-label={`Go back to ${one.id}…`} onClick={() => setChosen(one)}>
                      Go back…
                    </button>
                  )}
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
      <p class="muted">
        <code>{`sudo ./rackready mirror verify ${name}`}</code> reads all of them at once;{' '}
        <code>{`sudo ./rackready mirror tag ${name} TAG SNAPSHOT`}</code> names one, and keeps it.
      </p>
      {chosen && (
        <Question
          title={`Go back: ${name}`}
          button={`Serve ${chosen.id}`}
          answer={() => ask('rollback', { to: chosen.id })}
          onClose={() => setChosen(undefined)}
        >
          <p>
            Clients and installations get <strong>{chosen.id}</strong> from then on, in the place of {current}. The
            mirror is frozen there: no run changes it until it follows its upstream again.
          </p>
        </Question>
      )}
    </details>
  );
}
