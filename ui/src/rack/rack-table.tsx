import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { RackKeys } from './keys.ts';
import { RackRow } from './rack-row.tsx';
import { type Choice, COLUMNS, type Row, type SortKey } from './rows.ts';
import { useWindow } from './window.ts';

interface TableProps {
  readonly rows: readonly Row[];
  /** What is said where there is no row; undefined: nothing. */
  readonly empty: ComponentChildren;
  readonly choice: Choice;
  readonly choose: (change: Partial<Choice>) => void;
  readonly selected: ReadonlySet<string>;
  readonly setSelected: (names: ReadonlySet<string>) => void;
  readonly toggle: (name: string) => void;
  readonly keys: RackKeys;
}

const HEAD_HEIGHT = 40;

/** A thousand rows of which some forty are drawn. Two empty rows stand for the others, so that the scroll bar is right. */
export function RackTable({ rows, empty, choice, choose, selected, setSelected, toggle, keys }: TableProps) {
  const box = useRef<HTMLElement>(null);
  const rowHeight = useRowHeight();
  const { first, last, measure } = useWindow(box, rows.length, rowHeight);
  useFollowKeys(box, keys, rowHeight, measure);
  const isAll = rows.length > 0 && rows.every(({ machine }) => selected.has(machine.name));
  const toggleAll = () => setSelected(new Set(isAll ? [] : rows.map(({ machine }) => machine.name)));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <section class="table-box" ref={box} tabIndex={0} aria-label="Machines">
      <table class="rack" aria-rowcount={rows.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <th class="pick">
              <input type="checkbox" aria-label="Select all that are shown" checked={isAll} onChange={toggleAll} />
            </th>
            {COLUMNS.map(([key, title]) => (
              <SortHead key={key} {...{ name: key, title, choice, choose }} />
            ))}
          </tr>
        </thead>
        <tbody>
          <Spacer height={first * rowHeight} />
          {rows.slice(first, last).map((row, offset) => (
            <RackRow
              key={row.machine.name}
              row={row}
              index={first + offset}
              isCurrent={first + offset === keys.current}
              isSelected={selected.has(row.machine.name)}
              onFocus={() => keys.onFocus(first + offset)}
              onToggle={() => toggle(row.machine.name)}
            />
          ))}
          <Spacer height={(rows.length - last) * rowHeight} />
        </tbody>
      </table>
      {empty !== undefined && <p class="nothing">{empty}</p>}
    </section>
  );
}

interface HeadProps {
  readonly name: SortKey;
  readonly title: string;
  readonly choice: Choice;
  readonly choose: (change: Partial<Choice>) => void;
}

function SortHead({ name, title, choice, choose }: HeadProps) {
  const isSorted = choice.sort === name;
  const direction = choice.isDescending ? 'descending' : 'ascending';
  return (
    <th class={name} aria-sort={isSorted ? direction : 'none'}>
      <button type="button" onClick={() => choose({ sort: name, isDescending: isSorted && !choice.isDescending })}>
        {title} <span aria-hidden="true">{isSorted ? (choice.isDescending ? '▼' : '▲') : ''}</span>
      </button>
    </th>
  );
}

function Spacer({ height }: { readonly height: number }) {
  if (height <= 0) return null;
  // biome-ignore lint/a11y/noAriaHiddenOnFocusable: an empty row takes no focus.
  return <tr class="spacer" aria-hidden="true" style={{ height: `${height}px` }} />;
}

/** As the style sheet has it. */
function useRowHeight(): number {
  const [query] = useState(() => matchMedia('(max-width: 44rem)'));
  const [isNarrow, setNarrow] = useState(() => query.matches);
  useEffect(() => {
    const update = () => setNarrow(query.matches);
    query.addEventListener('change', update);
    return () => query.removeEventListener('change', update);
  }, [query]);
  return isNarrow ? 104 : 52;
}

/**
 * Brings the row that the keyboard went to into sight, and focuses its link. A row far away is drawn after this one's drawing, but
 * before the browser hands out the next key: on the slowest machine, too, a key finds the focus where the one before it put it.
 */
function useFollowKeys(
  box: { readonly current: HTMLElement | null },
  { current, moves, focus }: RackKeys,
  rowHeight: number,
  measure: () => void,
) {
  const done = useRef(0);
  const isPending = useRef(false);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    if (moves !== done.current) {
      done.current = moves;
      isPending.current = true;
      const top = current * rowHeight;
      const room = element.clientHeight - HEAD_HEIGHT - rowHeight;
      if (element.scrollTop > top) element.scrollTop = top;
      else if (element.scrollTop < top - room) element.scrollTop = top - room;
      measure();
    }
    const link = isPending.current ? element.querySelector<HTMLElement>('tr.current a') : null;
    if (link === null) return;
    isPending.current = false;
    focus(link);
  });
}
