/** States of several repositories as one text: `PATH=REVISION`, one a line. */
export function joinRevisions(revisions: ReadonlyMap<string, string>): string {
  return [...revisions].map(([place, revision]) => `${place}=${revision}`).join('\n');
}

/**
 * Whether one of the repositories of `after` is at an older state than in `before`. Revisions are numbers (repomd.xml) or times
 * (ISO 8601); of others nobody can tell, and the answer is no.
 */
export function isRolledBack(before: string, after: string): boolean {
  const earlier = splitRevisions(before);
  return [...splitRevisions(after)].some(([place, revision]) => {
    const old = orderOf(earlier.get(place));
    const now = orderOf(revision);
    return old !== undefined && now !== undefined && now < old;
  });
}

function splitRevisions(text: string): Map<string, string> {
  return new Map(
    text.split('\n').map((line) => {
      const at = line.lastIndexOf('=');
      return [line.slice(0, Math.max(0, at)), line.slice(at + 1)];
    }),
  );
}

function orderOf(revision: string | undefined): number | undefined {
  if (revision === undefined) return undefined;
  if (/^[0-9]{1,15}$/.test(revision)) return Number(revision);
  const time = /^\d{4}-\d\d-\d\dT/.test(revision) ? Date.parse(revision) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
