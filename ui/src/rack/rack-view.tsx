import type { ComponentChildren } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import { type Action, ActionDialog } from '../actions/action-dialog.tsx';
import { rack } from '../live.ts';
import { AddMachine } from '../networks/add-machine.tsx';
import { linkTo } from '../route.ts';
import { useClock, useStore } from '../store.ts';
import { counted } from '../wording.ts';
import { useRackKeys } from './keys.ts';
import { RackTable } from './rack-table.tsx';
import { type Choice, COLUMNS, chooseRows, makeRows, type Row, type Shown, shown } from './rows.ts';

const FIRST: Choice = { filter: '', shown: 'all', sort: 'name', isDescending: false };
/** The choice outlives a look at a machine. */
let lastChoice = FIRST;

/** Every machine as a row. */
export function RackView() {
  const { machines, stories, isLoaded, ahead } = useStore(rack);
  const isRunning = useMemo(() => [...stories.values()].some(({ outcome }) => outcome === 'running'), [stories]);
  const now = useClock(isRunning) + ahead;
  const [choice, setChoice] = useState(lastChoice);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const all = useMemo(() => makeRows(machines, stories, now), [machines, stories, now]);
  const rows = useMemo(() => chooseRows(all, choice), [all, choice]);
  const choose = (change: Partial<Choice>) => {
    lastChoice = { ...choice, ...change };
    setChoice(lastChoice);
  };
  const toggle = (name: string) => {
    const next = new Set(selected);
    if (!next.delete(name)) next.add(name);
    setSelected(next);
  };
  const filter = useRef<HTMLInputElement>(null);
  const keys = useRackKeys({ rows, filter, toggle });
  return (
    <>
      <div class="head">
        <h1>Rack</h1>
        <Summary rows={all} value={choice.shown} onChange={(next) => choose({ shown: next })} />
      </div>
      <div class="tools">
        <input
          ref={filter}
          type="search"
          aria-label="Filter machines"
          placeholder="Filter ( / )"
          value={choice.filter}
          onInput={(event) => choose({ filter: event.currentTarget.value })}
        />
        <ShownChoice value={choice.shown} onChange={(next) => choose({ shown: next })} />
        <SortChoice choice={choice} choose={choose} />
        <Bulk rows={all} selected={selected} onDone={() => setSelected(new Set())} />
      </div>
      <RackTable
        {...{
          rows,
          empty: isLoaded ? emptyWords(all.length, rows.length) : undefined,
          choice,
          choose,
          selected,
          setSelected,
          toggle,
          keys,
        }}
      />
      <p class="foot" role="status">
        {!isLoaded ? 'Loading …' : counted(rows.length, 'machine')}
        {isLoaded && rows.length !== all.length && ` of ${all.length}`}
        <span class="hint"> · / filter · j k move · x select · Enter open</span>
      </p>
    </>
  );
}

function emptyWords(all: number, shownNow: number): ComponentChildren {
  if (all === 0)
    return (
      <>
        The configuration names no machine. Add one here, or on <a href={linkTo('networks')}>Networks</a>, where those
        that were heard stand.
      </>
    );
  return shownNow === 0 ? 'No machine fits the filter.' : undefined;
}

interface ShownProps {
  readonly value: Shown;
  readonly onChange: (value: Shown) => void;
}

/** How many there are of each kind; a click shows only those, another one all. */
function Summary({ rows, value, onChange }: ShownProps & { readonly rows: readonly Row[] }) {
  const count = (kind: Row['doing']['kind']) => rows.filter(({ doing }) => doing.kind === kind).length;
  const parts = [
    ['bad', count('trouble'), 'in trouble', 'trouble'],
    ['busy', count('running'), 'booting or installing', 'running'],
    ['plain', count('granted'), 'may be installed', 'granted'],
  ] as const;
  return (
    <p class="summary">
      {parts.map(([tone, number, words, kind]) => (
        <button
          key={words}
          type="button"
          class={`chip ${number === 0 ? 'none' : tone}`}
          aria-pressed={value === kind}
          onClick={() => onChange(value === kind ? 'all' : kind)}
        >
          {number} {words}
        </button>
      ))}
    </p>
  );
}

function ShownChoice({ value, onChange }: ShownProps) {
  const words: Readonly<Record<Shown, string>> = {
    all: 'All',
    trouble: 'In trouble',
    running: 'Booting or installing',
    granted: 'May be installed',
    ready: 'Ready',
    installed: 'Installed',
    retired: 'Retired',
  };
  return (
    <select aria-label="Show" value={value} onChange={(event) => onChange(event.currentTarget.value as Shown)}>
      {shown.map((one) => (
        <option key={one} value={one}>
          {words[one]}
        </option>
      ))}
    </select>
  );
}

interface SortProps {
  readonly choice: Choice;
  readonly choose: (change: Partial<Choice>) => void;
}

/** Where the screen is too narrow for the titles, which sort elsewhere. */
function SortChoice({ choice: { sort, isDescending }, choose }: SortProps) {
  return (
    <select
      class="sort"
      aria-label="Sort"
      value={`${sort} ${isDescending}`}
      onChange={(event) => {
        const [key, descending] = event.currentTarget.value.split(' ');
        choose({ sort: key as Choice['sort'], isDescending: descending === 'true' });
      }}
    >
      {COLUMNS.flatMap(([key, title]) =>
        [false, true].map((descending) => (
          <option key={`${key} ${descending}`} value={`${key} ${descending}`}>
            {title} {descending ? '▼' : '▲'}
          </option>
        )),
      )}
    </select>
  );
}

interface BulkProps {
  readonly rows: readonly Row[];
  readonly selected: ReadonlySet<string>;
  readonly onDone: () => void;
}

/** What is done to all that are selected. Always there, so that nothing jumps when the first is selected. */
function Bulk({ rows, selected, onDone }: BulkProps) {
  const [action, setAction] = useState<Action | 'add' | undefined>();
  const machines = rows.filter(({ machine }) => selected.has(machine.name)).map(({ machine }) => machine);
  const close = () => setAction(undefined);
  const none = machines.length === 0;
  return (
    <fieldset class="bulk" aria-label="Selected machines">
      <span class="count" role="status">
        {machines.length} selected
      </span>
      <button type="button" disabled={none} onClick={() => setAction('install')}>
        Install…
      </button>
      <button type="button" disabled={none} onClick={() => setAction('cancel')}>
        Cancel…
      </button>
      <button type="button" disabled={none} onClick={() => setAction('wake')}>
        Wake…
      </button>
      <button type="button" class="quiet" disabled={none} onClick={onDone}>
        Clear
      </button>
      <button type="button" class="add" onClick={() => setAction('add')}>
        Add machine…
      </button>
      {action === 'add' && <AddMachine onClose={close} />}
      {action !== undefined && action !== 'add' && <ActionDialog action={action} machines={machines} onClose={close} />}
    </fieldset>
  );
}
