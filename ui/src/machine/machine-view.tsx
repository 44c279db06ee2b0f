import { useState } from 'preact/hooks';
import type { MachineView as Machine } from '../../../src/http/api/views.ts';
import { type Action, ActionDialog } from '../actions/action-dialog.tsx';
import { rack } from '../live.ts';
import { AddMachine } from '../networks/add-machine.tsx';
import { Chip } from '../parts/chip.tsx';
import { linkTo, type Route } from '../route.ts';
import { useClock, useStore } from '../store.ts';
import { clockTime } from '../wording.ts';
import { Attempts } from './attempts.tsx';
import { Standing } from './diagnosis.tsx';
import { Notes } from './notes.tsx';
import { Places } from './places.tsx';
import { RenderPart } from './render-part.tsx';
import { useAttempts } from './stories.ts';
import { Waterfall } from './waterfall.tsx';

/** One machine: its boots, what it would get now, and what may be done to it. */
export function MachineView({ route }: { readonly route: Route }) {
  const who = route.name ?? '';
  const { machines, isLoaded, ahead } = useStore(rack);
  const machine = machines.find((one) => one.name === who || one.macs.includes(who as Machine['macs'][number]));
  const { attempts, isLoaded: hasStories } = useAttempts(machine?.name ?? who, machine);
  const wanted = route.query.get('attempt');
  const story = attempts.find(({ id }) => String(id) === wanted) ?? attempts[0];
  const now = useClock(story?.outcome === 'running') + ahead;
  if (!machine && isLoaded && attempts.length === 0 && hasStories) return <Unknown who={who} />;
  return (
    <>
      <p class="crumb">
        <a href={linkTo('rack')}>← Rack</a>
      </p>
      {machine ? <Head machine={machine} /> : <UnnamedHead who={who} />}
      <div class="machine-body">
        <section class="story" aria-label="Boot">
          {story ? (
            <>
              <Standing story={story} now={now} />
              <p class="muted began">
                {story.isObserved && <Chip text="only observed" tone="warn" />}{' '}
                {[`Began ${clockTime(story.startedAt)}`, story.firmware, story.address, story.decision]
                  .filter(Boolean)
                  .join(' · ')}
              </p>
              <Waterfall story={story} now={story.outcome === 'running' ? now : (story.endedAt ?? story.lastAt)} />
            </>
          ) : (
            <p class="empty">{hasStories ? NEVER : 'Loading …'}</p>
          )}
        </section>
        <div class="beside">
          <Attempts who={who} attempts={attempts} shown={story?.id} now={now} />
          {machine && <Notes machine={machine} />}
        </div>
      </div>
      {machine && <RenderPart machine={machine.name} />}
      {machine && <Places machine={machine} />}
      <p>
        <a href={linkTo('events', undefined, { machine: machine?.name ?? who })}>All events of this machine</a>
      </p>
    </>
  );
}

const NEVER =
  'This machine was not heard yet. Let it boot from the network: switch it on, and choose network boot in its firmware.';

function Head({ machine }: { readonly machine: Machine }) {
  const [action, setAction] = useState<Action | undefined>();
  const { name, state, macs, address, profile, operation, outcome } = machine;
  const isRetired = state === 'retired';
  return (
    <>
      <div class="head">
        <h1>{name}</h1>
        <Chip text={state} />
        {operation && <Chip text={operation.stage} tone={operation.stage === 'held' ? 'bad' : 'busy'} />}
        <div class="buttons">
          <button type="button" class="primary" disabled={isRetired} onClick={() => setAction('install')}>
            Install…
          </button>
          <button type="button" disabled={operation === null} onClick={() => setAction('cancel')}>
            Cancel…
          </button>
          <button type="button" onClick={() => setAction('wake')}>
            Wake…
          </button>
          <button type="button" onClick={() => setAction(isRetired ? 'unretire' : 'retire')}>
            {isRetired ? 'Unretire…' : 'Retire…'}
          </button>
        </div>
      </div>
      <p class="muted">{[address ?? 'address from the pool', ...macs, profile ?? 'no profile'].join(' · ')}</p>
      <p class="muted">
        {outcome
          ? `Last installation: ${outcome.profile} ${outcome.result}, ${clockTime(outcome.at)} (${outcome.reason})`
          : 'Never installed from here'}
      </p>
      {action && <ActionDialog action={action} machines={[machine]} onClose={() => setAction(undefined)} />}
    </>
  );
}

function UnnamedHead({ who }: { readonly who: string }) {
  const [isAdding, setAdding] = useState(false);
  return (
    <div class="head">
      <h1>{who}</h1>
      <Chip text="not in the configuration" tone="warn" />
      <div class="buttons">
        <button type="button" class="primary" onClick={() => setAdding(true)}>
          Add it…
        </button>
      </div>
      {isAdding && <AddMachine mac={who} onClose={() => setAdding(false)} />}
    </div>
  );
}

function Unknown({ who }: { readonly who: string }) {
  return (
    <>
      <h1>{who}</h1>
      <p>No machine of this name is in the configuration, and none was heard under it.</p>
      <p>
        <a href={linkTo('rack')}>To the rack</a>
      </p>
    </>
  );
}
