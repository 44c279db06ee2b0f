import type { MachineView } from '../../../src/http/api/views.ts';
import type { Story } from '../../../src/story/story.ts';
import { isShown as isStoryShown } from '../newest.ts';
import { type Doing, describeDoing } from './doing.ts';

export interface Row {
  readonly machine: MachineView;
  readonly story: Story | undefined;
  readonly doing: Doing;
}

export const shown = ['all', 'trouble', 'running', 'granted', 'ready', 'installed', 'retired'] as const;
export type Shown = (typeof shown)[number];

export type SortKey = 'name' | 'address' | 'state' | 'doing' | 'outcome';

export const COLUMNS: readonly (readonly [SortKey, string])[] = [
  ['name', 'Machine'],
  ['address', 'Address'],
  ['state', 'State'],
  ['doing', 'Now'],
  ['outcome', 'Last outcome'],
];

export interface Choice {
  readonly filter: string;
  readonly shown: Shown;
  readonly sort: SortKey;
  readonly isDescending: boolean;
}

export function makeRows(
  machines: readonly MachineView[],
  stories: ReadonlyMap<string, Story>,
  now: number,
): readonly Row[] {
  return machines.map((machine) => {
    const story = storyOf(machine, stories);
    return { machine, story, doing: describeDoing(machine, story, now) };
  });
}

/** What a filter is looked for in; small letters. Made only for a filter: all rows are made anew with every change. */
function wordsOf({ machine, doing }: Row): string {
  const { name, hostName, address, macs, profile, state, operation, outcome, notes } = machine;
  const words = [
    name,
    hostName,
    address,
    ...macs,
    profile,
    state,
    operation?.stage,
    outcome?.result,
    doing.text,
    notes,
  ];
  return words.join(' ').toLowerCase();
}

/** By its name; by a card while it was not named yet. */
export function storyOf(
  machine: Pick<MachineView, 'name' | 'macs' | 'operation'>,
  stories: ReadonlyMap<string, Story>,
): Story | undefined {
  const told = [machine.name, ...machine.macs].map((key) => stories.get(key));
  return told.find((story) => story !== undefined && isStoryShown(story, machine));
}

/** All words of the filter must be there. */
export function chooseRows(rows: readonly Row[], { filter, shown: wanted, sort, isDescending }: Choice): Row[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (row: Row) => {
    const all = words.length === 0 ? '' : wordsOf(row);
    return isShown(row, wanted) && words.every((word) => all.includes(word));
  };
  // Compared as plain text: a collator takes ten times as long, and a thousand rows are sorted five times a second.
  const keyed = rows
    .filter(fits)
    .map((row) => ({ row, key: `${sortable(sortValue(row, sort))} ${sortable(row.machine.name)}` }));
  const sorted = keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ row }) => row);
  return isDescending ? sorted.reverse() : sorted;
}

/** Text that compares as people count: web2 comes before web10. */
function sortable(text: string): string {
  return text.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(12, '0'));
}

function isShown({ machine, doing }: Row, wanted: Shown): boolean {
  if (wanted === 'all') return true;
  if (wanted === 'trouble' || wanted === 'running' || wanted === 'granted') return doing.kind === wanted;
  return machine.state === wanted;
}

function sortValue({ machine, doing }: Row, key: SortKey): string {
  switch (key) {
    case 'name':
      return machine.name;
    case 'address':
      return machine.address ?? '~';
    case 'state':
      return machine.state;
    case 'doing':
      return `${['trouble', 'running', 'granted', 'rest'].indexOf(doing.kind)} ${doing.text}`;
    case 'outcome':
      return `${machine.outcome?.result ?? '~'} ${machine.outcome?.at ?? ''}`;
  }
}
