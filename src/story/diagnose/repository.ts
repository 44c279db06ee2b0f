import type { EventData } from '../../event/event.ts';
import type { Finding, Rule } from './rule.ts';
import { type Fetch, isStuckAfter, type View } from './view.ts';
import { list, whoIs } from './words.ts';

/** What an installer needs of its package source and does not get from this server. */

const MISSED_MS = 30_000;
const MANY = 10;

/** What installers ask for whether it is there or not. */
const OPTIONAL =
  /(^|\/)((updates|product)\.img|\.?treeinfo|\.discinfo|media\.repo|network-config|vendor-data)$|\.(sig|asc|gpg|gz\.asc)$|(^|\/)(dep11|i18n)\/|Translation-|Release\.gpg$/;
/** One of the two has the second stage of Anaconda, depending on its version. */
const SECOND_STAGE = /(^|\/)(images\/install|LiveOS\/squashfs)\.img$/;
const REPOSITORY = /(^|\/)(mirror|repodata|dists|pool|Packages|BaseOS|AppStream|tree)\//;

/** Case 40. */
const repositoryIncomplete: Rule = {
  id: 'repository-incomplete',
  when: ['http.not-found', 'http.refused', 'http.failed'],
  help: 'The installer asks for a file of the package source, or for its own second stage, and does not get it: the mirror is incomplete or was changed while it installs, kernel and initrd are of another point release than the packages (“no kernel modules were found”), or this server has a mirror that cannot give it (its upstream does not answer, or gives something else: the reason stands in the cause). Take kernel, initrd and packages from one release, and complete the mirror; `rackready mirror status NAME` says how a mirror of this server is. A source that is not served by rackready is not seen here.',
  find(view) {
    if (view.events.some(({ id }) => /^install\.(reported|done)$/.test(id))) return undefined;
    const missed = view.fetches.filter((fetch) => fetch.via === 'http' && isMissed(fetch) && isNeeded(view, fetch));
    const last = missed.at(-1);
    // Installers try several spellings: it is a loss when nothing better follows, or when they try for ever.
    if (last === undefined || (missed.length < MANY && !isStuckAfter(view, last.event, MISSED_MS))) return undefined;
    const names = list([...new Set(missed.map(({ file }) => file))]);
    return {
      evidence: missed.map(({ event }) => event),
      confidence: 0.8,
      cause: `the installer of ${whoIs(view)} needs ${names} of the package source, and ${whyNot(last)}`,
      remedy: remedyFor(last),
    };
  },
};

function isMissed({ kind, file, event }: Fetch): boolean {
  if (SECOND_STAGE.test(file)) return kind === 'missing' || kind === 'expected-miss' || isOurFault(kind, event.data);
  if (!REPOSITORY.test(file)) return false;
  return kind === 'missing' || isOurFault(kind, event.data);
}

/** Cut off, or refused for what the server cannot do: no state of that name, no upstream, another checksum. */
function isOurFault(kind: Fetch['kind'], data: Readonly<Record<string, unknown>>): boolean {
  if (kind === 'failed') return true;
  const { status } = data as Partial<EventData<'http.refused'>>;
  return kind === 'refused' && status !== undefined && (status >= 500 || status === 404);
}

/** One of several spellings, places or suites that are tried, of which another was found, is no loss. */
function isNeeded({ fetches }: View, { file }: Fetch): boolean {
  if (OPTIONAL.test(file)) return false;
  const isOther = otherThan(file);
  return !fetches.some(({ kind, file: other }) => kind === 'done' && isOther(other));
}

/** What does as well. */
function otherThan(file: string): (other: string) => boolean {
  if (SECOND_STAGE.test(file)) return (other) => SECOND_STAGE.test(other);
  // debian-installer asks each suite that it knows of whether it is there.
  if (/\/(In)?Release$/.test(file))
    return (other) => /\/(In)?Release$/.test(other) && suitesOf(other) === suitesOf(file);
  return (other) => stem(other) === stem(file);
}

/** "/debian/dists" of "/debian/dists/stable/Release" */
function suitesOf(file: string): string {
  return file.split('/').slice(0, -2).join('/');
}

function stem(file: string): string {
  return file.replace(/\.(gz|xz|bz2|zst)$/, '');
}

function whyNot({ kind, event }: Fetch): string {
  const { reason } = event.data as { readonly reason?: string };
  if (kind === 'refused' || kind === 'failed') return `this server could not give it: ${reason}`;
  return 'that is not there';
}

function remedyFor({ file }: Fetch): Finding['remedy'] {
  const mirror = /^\/?mirror\/([^/@]+)/.exec(file)?.[1];
  if (mirror !== undefined) {
    return `Look at how the mirror is (\`rackready mirror status ${mirror}\`), complete it (\`rackready mirror sync ${mirror}\`), and start the machine again`;
  }
  return 'Complete the folder or mirror that `source` of the profile names, of the same release as its `kernel` and `initrd`';
}

export const repositoryRules: readonly Rule[] = [repositoryIncomplete];
