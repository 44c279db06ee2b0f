/** Which states of mirrors clients began to read, so that what belongs together comes from one state. */
export interface MirrorClients {
  /**
   * The states that a request is answered from, the one that counts first. `newest`: those of this moment. `now`: milliseconds of
   * any clock that does not go back.
   */
  choose(request: MirrorRequest, newest: readonly string[], now: number): readonly string[];
}

export interface MirrorRequest {
  /** Who asks, dotted. */
  readonly client: string;
  /** The connection, where it is the client's own; it tells clients behind one address apart. */
  readonly connection?: string | undefined;
  /** What the client calls the tree, so that a tag is another one than what is served now. */
  readonly tree: string;
  readonly path: string;
}

/**
 * How long what a client asks for belongs to the entry file that it got. The signature is asked for in the same second, the
 * indices a moment later; a client that comes back for the next update asks for the entry file again.
 */
const BELONGS_MS = 60_000;
/** More would be more clients than there are machines in a minute, and some MB. */
const MOST_KNOWN = 16_384;

/**
 * The part of a tree that an entry file describes, as the beginning of paths; undefined: the file is none.
 *
 *     a/repodata/repomd.xml, a/.treeinfo     a/
 *     a/dists/stable/InRelease               a/dists/stable/
 *
 * Packages of an archive of Debian lie beside its suites, and never change under one name.
 */
export function describedBy(path: string): string | undefined {
  const [, yum] = /^(|.*\/)(?:repodata\/repomd\.xml|\.?treeinfo)$/.exec(path) ?? [];
  if (yum !== undefined) return yum;
  // Each folder of an index has a Release of its own, which nobody goes by.
  if (/(^|\/)(binary-[^/]+|source)\/Release$/.test(path)) return undefined;
  return /^(|.*\/)(?:InRelease|Release)$/.exec(path)?.[1];
}

/**
 * An entry file and its signature are two requests, and a publication may come between (librepo #311): after an entry file the
 * client gets what that file describes from the state that it came from. Who asks for an entry file gets the newest.
 * What it asks for on the same connection counts more. Other machines behind one address share this memory; at worst such a
 * client meets what it would have met without it.
 */
export function createMirrorClients(): MirrorClients {
  /** The one that was noted last stands last. */
  const known = new Map<string, { readonly states: readonly string[]; readonly until: number }>();
  const forget = (now: number) => {
    for (const [key, { until }] of known) {
      if (until > now && known.size < MOST_KNOWN) return;
      known.delete(key);
    }
  };
  return {
    choose: ({ client, connection, tree, path }, newest, now) => {
      const whose = connection === undefined ? [client] : [connection, client];
      const keysOf = (part: string) => whose.map((who) => `${who} ${tree} ${part}`);
      const described = describedBy(path);
      if (described !== undefined) {
        for (const key of keysOf(described)) {
          known.delete(key);
          forget(now);
          known.set(key, { states: newest, until: now + BELONGS_MS });
        }
        return newest;
      }
      for (const key of [...partsAround(path)].flatMap(keysOf)) {
        const found = known.get(key);
        if (found !== undefined) return found.until > now ? found.states : newest;
      }
      return newest;
    },
  };
}

/** "a/b/", "a/" and "" for "a/b/c". */
function* partsAround(path: string): Iterable<string> {
  for (let end = path.length; end > 0; ) {
    end = path.lastIndexOf('/', end - 1) + 1;
    yield path.slice(0, end);
    end = end === 0 ? 0 : end - 1;
  }
}
