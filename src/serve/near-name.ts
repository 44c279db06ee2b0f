/** The most likely meant name for one that is not there: the same file elsewhere, or one within two slips of the pen. */
export function nearName(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  const wantedBase = baseOf(wanted);
  let close: string | undefined;
  for (const candidate of candidates) {
    const lower = candidate.toLowerCase();
    if (baseOf(lower) === wantedBase) return candidate;
    // Short base names are near to everything: "a.0" and "b.0".
    const isClose = isWithinTwo(wanted, lower) || (wantedBase.length >= 6 && isWithinTwo(wantedBase, baseOf(lower)));
    if (isClose) close ??= candidate;
  }
  return close;
}

/** Whether two names become one by at most two insertions, deletions or replacements. */
export function isWithinTwo(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 2) return false;
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const line = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      line.push(Math.min(replaced, (above[column] ?? 0) + 1, (line[column - 1] ?? 0) + 1));
    }
    if (Math.min(...line) > 2) return false;
    above = line;
  }
  return (above[b.length] ?? 3) <= 2;
}

function baseOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
