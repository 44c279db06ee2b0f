import type { MachineView } from '../../../src/http/api/views.ts';
import type { Story } from '../../../src/story/story.ts';
import { isShown as isStoryShown } from '../newest.ts';
import { type Doing, describeDoing } from './doing.ts';

export interface Row {
  readonly machine: MachineView;
  readonly story: Story | undefined;
  readonly doing: Doing;
  /** What a filter is looked for in; small letters. */
  readonly words: string;
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
    const doing = describeDoing(machine, story, now);
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
    return { machine, story, doing, words: words.join(' ').toLowerCase() };
  });
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
  const found = rows.filter((row) => isShown(row, wanted) && words.every((word) => row.words.includes(word)));
  const keys = new Map(found.map((row) => [row, sortValue(row, sort)]));
  const compare = new Intl.Collator('en', { numeric: true }).compare;
  const sorted = found.sort(
    (a, b) => compare(keys.get(a) ?? '', keys.get(b) ?? '') || compare(a.machine.name, b.machine.name),
  );
  return isDescending ? sorted.reverse() : sorted;
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
      return (machine.address ?? '~').replace(/\d+/g, (part) => part.padStart(3, '0'));
    case 'state':
      return machine.state;
    case 'doing':
      return `${['trouble', 'running', 'granted', 'rest'].indexOf(doing.kind)} ${doing.text}`;
    case 'outcome':
      return `${machine.outcome?.result ?? '~'} ${machine.outcome?.at ?? ''}`;
  }
}
