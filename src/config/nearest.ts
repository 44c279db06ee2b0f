/** The allowed word that is most like `word`, if one is near enough to be a slip of the keyboard. */
export function nearest(word: string, allowed: Iterable<string>): string | undefined {
  if (word.length >= 4) {
    const longer = [...allowed].find((candidate) => candidate.toLowerCase().startsWith(word.toLowerCase()));
    if (longer !== undefined) return longer;
  }
  const limit = word.length <= 4 ? 1 : 2;
  const wanted = word.slice(0, 64).toLowerCase();
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of allowed) {
    if (Math.abs(candidate.length - wanted.length) > limit) continue;
    const found = distance(wanted, candidate.toLowerCase());
    if (found < bestDistance) {
      best = candidate;
      bestDistance = found;
    }
  }
  return best;
}

/** "did you mean leaseTime? ", to stand before what is allowed; empty when nothing is near. */
export function didYouMean(word: string, allowed: Iterable<string>): string {
  const near = nearest(word, allowed);
  return near === undefined ? '' : `did you mean ${near}? `;
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
}
