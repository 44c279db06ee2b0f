import type { RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Row } from './rows.ts';

export interface RackKeys {
  /** The row that the keyboard is at. */
  readonly current: number;
  /** The row whose link was focused otherwise. */
  onFocus(index: number): void;
  /** Focuses a link for the keyboard's move, which is not to be taken for one more. */
  focus(link: HTMLElement): void;
  /** Grows when the row is to be shown and take the focus. */
  readonly moves: number;
}

interface Options {
  readonly rows: readonly Row[];
  readonly filter: RefObject<HTMLInputElement | null>;
  readonly toggle: (name: string) => void;
}

/** "/" goes to the filter, j and k and the arrows move, x selects; Enter is the link's own. */
export function useRackKeys({ rows, filter, toggle }: Options): RackKeys {
  const [current, setCurrent] = useState(0);
  // Keys come faster than rows are drawn when one is held down: the next counts from where the last one went.
  const place = useRef(0);
  const isOurs = useRef(false);
  const [moves, setMoves] = useState(0);
  const at = Math.min(current, Math.max(0, rows.length - 1));
  place.current = Math.min(place.current, Math.max(0, rows.length - 1));
  useLayoutEffect(() => {
    const move = (to: number) => {
      // Else rows that come later would take the focus from whatever has it then.
      if (rows.length === 0) return;
      place.current = Math.max(0, Math.min(rows.length - 1, to));
      setCurrent(place.current);
      setMoves((before) => before + 1);
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
      if (!act(event, isTyping(event.target))) return;
      event.preventDefault();
    };
    const act = (event: KeyboardEvent, typing: boolean): boolean => {
      const { key } = event;
      if (typing) {
        if (event.target !== filter.current || (key !== 'ArrowDown' && key !== 'Enter')) return false;
        move(0);
        return true;
      }
      const now = place.current;
      const isFirst = moves === 0 && now === 0 && !isRow(event.target);
      if (key === '/') filter.current?.focus();
      else if (key === 'j' || key === 'ArrowDown') move(isFirst ? 0 : now + 1);
      else if (key === 'k' || key === 'ArrowUp') move(now - 1);
      else if (key === 'Home') move(0);
      else if (key === 'End') move(rows.length - 1);
      else if (key === 'x') toggle(rows[now]?.machine.name ?? '');
      else return false;
      return true;
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [rows, moves, filter, toggle]);
  return {
    current: at,
    moves,
    onFocus: (index) => {
      if (isOurs.current) return;
      place.current = index;
      setCurrent(index);
    },
    focus: (link) => {
      isOurs.current = true;
      link.focus({ preventScroll: true });
      isOurs.current = false;
    },
  };
}

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return target.type !== 'checkbox';
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

function isRow(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('tbody') !== null;
}
