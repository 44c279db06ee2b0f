import { useState } from 'preact/hooks';
import type { DiscoveredView } from '../../../src/http/api/discovered.ts';
import type { Story } from '../../../src/story/story.ts';
import { rack } from '../live.ts';
import { useLoaded } from '../load.ts';
import { Chip } from '../parts/chip.tsx';
import { StageBar } from '../parts/stage-bar.tsx';
import { linkTo } from '../route.ts';
import { useStore } from '../store.ts';
import { clockTime } from '../wording.ts';
import { AddMachine } from './add-machine.tsx';

/** Machines that were heard and that the configuration does not name. */
export function DiscoveredPart() {
  const { value, reload } = useLoaded<{ discovered: DiscoveredView[] }>('/discovered', 10_000);
  const [adding, setAdding] = useState<DiscoveredView | undefined>();
  const [isAll, setAll] = useState(false);
  const { stories } = useStore(rack);
  const all = value?.discovered ?? [];
  const booting = all.filter((one) => one.bootsFromNetwork);
  const rows = isAll ? all : booting;
  return (
    <section aria-labelledby="discovered">
      <h2 id="discovered">Unknown machines</h2>
      <label class="choice">
        <input type="checkbox" checked={isAll} onChange={(event) => setAll(event.currentTarget.checked)} /> also those
        that do not boot from the network ({all.length - booting.length})
      </label>
      {value && rows.length === 0 && (
        <p class="muted">{all.length === 0 ? 'None was heard.' : 'None that boots from the network was heard.'}</p>
      )}
      <ul class="cards">
        {rows.map((one) => (
          <li key={one.mac} class="box discovered">
            <div>
              <a href={linkTo('machines', one.mac)}>{one.mac}</a> {one.hostName && <span>“{one.hostName}”</span>}
              <p class="muted">
                {[one.client, one.address, one.network, `last heard ${clockTime(one.lastSeen)}`]
                  .filter(Boolean)
                  .join(' · ')}
              </p>
              <Boot story={stories.get(one.mac)} />
            </div>
            <button type="button" aria-label={`Add ${one.mac}`} onClick={() => setAdding(one)}>
              Add…
            </button>
          </li>
        ))}
      </ul>
      {adding && (
        <AddMachine
          mac={adding.mac}
          suggestedName={adding.hostName ?? undefined}
          onClose={() => {
            setAdding(undefined);
            reload();
          }}
        />
      )}
    </section>
  );
}

/** Its last boot, as far as it was heard. */
function Boot({ story }: { readonly story: Story | undefined }) {
  if (story === undefined) return null;
  return (
    <p class="boot">
      <StageBar story={story} /> {story.isObserved && <Chip text="only observed" tone="warn" />} {story.standing}
    </p>
  );
}
