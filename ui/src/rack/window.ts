import type { RefObject } from 'preact';
import { useCallback, useLayoutEffect, useState } from 'preact/hooks';

/** Which rows of a long list are drawn: those that can be seen, and some around them. */
export interface RowWindow {
  readonly first: number;
  /** Exclusive. */
  readonly last: number;
}

interface MeasuredWindow extends RowWindow {
  /** Looks at once how far the box is scrolled: whoever scrolls it by script need not wait until the browser tells. */
  measure(): void;
}

const AROUND = 8;

function visibleRows(count: number, rowHeight: number, scrolled: number, height: number): RowWindow {
  // A list that became shorter is scrolled less than was last heard.
  const top = Math.max(0, Math.min(scrolled, count * rowHeight - height));
  const first = Math.max(0, Math.floor(top / rowHeight) - AROUND);
  const last = Math.min(count, Math.ceil((top + height) / rowHeight) + AROUND);
  return { first: Math.min(first, last), last };
}

/** Follows how far a box is scrolled, and how high it is. Drawn again only when other rows come into sight. */
export function useWindow(box: RefObject<HTMLElement | null>, count: number, rowHeight: number): MeasuredWindow {
  const [place, setPlace] = useState({ top: 0, height: 800 });
  const measure = useCallback(() => {
    const element = box.current;
    if (element === null) return;
    const top = Math.floor(element.scrollTop / rowHeight) * rowHeight;
    const height = element.clientHeight;
    setPlace((before) => (before.top === top && before.height === height ? before : { top, height }));
  }, [box, rowHeight]);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    measure();
    const sizes = new ResizeObserver(measure);
    sizes.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => {
      sizes.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, [box, measure]);
  return { ...visibleRows(count, rowHeight, place.top, place.height), measure };
}
