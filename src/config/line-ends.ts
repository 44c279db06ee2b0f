const ENDS = /\r\n|\r|\n/;

/** A text as a field of a form holds it: every line ends with \n. */
export function withLf(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n');
}

/**
 * A text whose lines end with \n, with the line ends of the text that it was edited from: lines before and after the edit end as
 * they did, and those between like the line before them. A text that has other line ends itself is left as it is.
 */
export function withLineEnds(edited: string, before: string): string {
  if (edited.includes('\r') || !before.includes('\r')) return edited;
  const old = linesOf(before);
  const now = edited.split('\n');
  const same = (a: number, b: number) => old[a] !== undefined && old[a].text === now[b];
  const shorter = Math.min(old.length, now.length);
  let first = 0;
  while (first < shorter && same(first, first)) first++;
  let last = 0;
  while (last < shorter - first && same(old.length - 1 - last, now.length - 1 - last)) last++;
  const moved = old.length - now.length;
  let usual = old[0]?.end ?? '\n';
  return now
    .map((line, index) => {
      const known = index < first ? old[index] : index >= now.length - last ? old[index + moved] : undefined;
      if (index === now.length - 1) return line;
      usual = known?.end || usual;
      return line + usual;
    })
    .join('');
}

function linesOf(text: string): { readonly text: string; readonly end: string }[] {
  const ends = text.match(new RegExp(ENDS, 'g')) ?? [];
  return text.split(ENDS).map((line, index) => ({ text: line, end: ends[index] ?? '' }));
}
