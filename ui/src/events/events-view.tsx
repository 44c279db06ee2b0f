import { useState } from 'preact/hooks';
import type { EventView } from '../../../src/http/api/views.ts';
import { rack } from '../live.ts';
import { Chip } from '../parts/chip.tsx';
import { linkTo, type Route } from '../route.ts';
import { useStore } from '../store.ts';
import { clockTime } from '../wording.ts';
import { useEvents } from './event-log.ts';

const LEVELS: readonly (readonly [string, string])[] = [
  ['debug', 'everything'],
  ['info', 'info and above'],
  ['warning', 'warnings and errors'],
  ['error', 'errors only'],
];
const MAC = /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i;

/** What happens, as it happens. */
export function EventsView({ route }: { readonly route: Route }) {
  const [level, setLevel] = useState('info');
  const [network, setNetwork] = useState('');
  const [text, setText] = useState('');
  const [isPaused, setPaused] = useState(false);
  const who = route.query.get('machine') ?? '';
  const events = useEvents(queryFor({ level, network, who }), isPaused);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = events.filter((event) => {
    const all =
      `${event.id} ${event.machine ?? ''} ${event.mac ?? ''} ${event.address ?? ''} ${event.text}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
  const { status } = useStore(rack);
  return (
    <>
      <div class="head">
        <h1>Events{who && ` of ${who}`}</h1>
        {who && <a href={linkTo('events')}>of all machines</a>}
      </div>
      <div class="tools">
        <input
          type="search"
          aria-label="Filter events"
          placeholder="Filter"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <Choice label="Least level" values={LEVELS} value={level} onChange={setLevel} />
        <Choice
          label="Network"
          values={[['', 'all networks'], ...(status?.networks ?? []).map(({ name }) => [name, name] as const)]}
          value={network}
          onChange={setNetwork}
        />
        <button type="button" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
          {isPaused ? 'Go on' : 'Pause'}
        </button>
      </div>
      <ol class="events" aria-label="Events, the newest first">
        {found.map((event) => (
          <EventRow key={event.seq} event={event} />
        ))}
      </ol>
      {found.length === 0 && <p class="empty">{events.length === 0 ? 'Nothing yet.' : 'No event fits the filter.'}</p>}
    </>
  );
}

function queryFor({ level, network, who }: { level: string; network: string; who: string }): string {
  const query = new URLSearchParams({ level });
  if (network !== '') query.set('network', network);
  if (who !== '') query.set(MAC.test(who) ? 'mac' : 'machine', who);
  return `&${query}`;
}

function EventRow({ event }: { readonly event: EventView }) {
  const who = event.machine ?? event.mac;
  return (
    <li class={event.level}>
      <time dateTime={event.time}>{clockTime(event.time)}</time>
      {who ? <a href={linkTo('machines', who)}>{who}</a> : <span class="muted">{event.network}</span>}
      <span class="event-text">
        {event.level !== 'info' && <Chip text={event.level} />} {event.text}
      </span>
      <code class="muted">{event.id}</code>
    </li>
  );
}

interface ChoiceProps {
  readonly label: string;
  /** Each with its words. */
  readonly values: readonly (readonly [string, string])[];
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function Choice({ label, values, value, onChange }: ChoiceProps) {
  return (
    <select aria-label={label} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      {values.map(([one, words]) => (
        <option key={one} value={one}>
          {words}
        </option>
      ))}
    </select>
  );
}
