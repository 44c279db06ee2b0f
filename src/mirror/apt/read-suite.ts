import { broken, untrusted } from '../failure.ts';
import type { SignatureChecker, UpstreamReader } from '../plan.ts';
import type { PlanDraft } from '../plan-draft.ts';
import { textOf } from '../text.ts';
import { folderInTree } from '../tree-path.ts';
import { checkTrust } from '../trust.ts';
import { isClearSigned, signedText } from './clear-sign.ts';
import type { AptOptions, AptSuite } from './plan-apt.ts';
import { isSameRelease, parseRelease, type Release } from './release.ts';

/** A suite whose Release has been read and believed. */
export interface ReadSuite {
  /** `dists/NAME` below the root; where the Release file is. */
  readonly folder: string;
  readonly archive: string;
  readonly release: Release;
  /** Release.gpg, Release, InRelease: those that upstream has, in this order. */
  readonly entries: readonly (readonly [path: string, content: Uint8Array])[];
  /** What the operator should know of who vouches for it. */
  readonly remark: string | undefined;
  /** Why it may not be the suite that was asked for. */
  readonly doubt: string | undefined;
}

/** Debian's has 300 KB. */
const LONGEST_RELEASE = 32 << 20;
const LONGEST_SIGNATURE = 1 << 20;

/**
 * Reads InRelease, and Release with Release.gpg, which Debian's installer takes. Of what upstream has, each must be signed as the
 * mirror demands, and they must vouch for the same. Rejects with `signature-refused` or `upstream-failed`.
 */
export async function readSuite(
  reader: UpstreamReader,
  checker: SignatureChecker,
  suite: AptSuite,
  options: AptOptions,
): Promise<ReadSuite> {
  const archive = folderInTree('', suite.archive);
  const folder = archive === undefined ? undefined : folderInTree(archive, `dists/${suite.name}`);
  if (archive === undefined || folder === undefined) throw broken(suite.name, 'it leads out of the archive');
  const path = (name: string) => `${folder}/${name}`;
  const inline = await reader.read(path('InRelease'), { maxBytes: LONGEST_RELEASE });
  const plain = await reader.read(path('Release'), { maxBytes: LONGEST_RELEASE });
  if (inline === 'absent' && plain === 'absent') {
    const hint = 'Look at the address of this mirror, and at the names of its suites.';
    throw broken(path('InRelease'), 'upstream has neither this nor Release', hint);
  }
  const detached =
    plain === 'absent' ? 'absent' : await reader.read(path('Release.gpg'), { maxBytes: LONGEST_SIGNATURE });

  const found: { readonly release: Release; readonly remark: string | undefined }[] = [];
  if (inline !== 'absent') {
    const entry = { path: path('InRelease'), content: inline, detached: undefined };
    const remark = await checkTrust(checker, options.trust, entry);
    // gpgv takes other forms of signed messages as well, of which more than what is signed could be read.
    const isPlain = !isClearSigned(inline) && (remark !== undefined || options.trust === 'none');
    const text = isPlain ? textOf(inline) : signedText(entry.path, inline);
    found.push({ release: parseRelease(entry.path, text), remark });
  }
  // Without a signature of its own, a Release beside a signed InRelease only has to say the same.
  if (plain !== 'absent') {
    const entry = { path: path('Release'), content: plain, detached };
    const isVouchedFor = inline !== 'absent' && detached === 'absent';
    const remark = isVouchedFor ? undefined : await checkTrust(checker, options.trust, entry);
    found.push({ release: parseRelease(entry.path, textOf(plain)), remark });
  }
  const [first, second] = found;
  if (first === undefined) throw broken(path('InRelease'), 'upstream does not have it');
  if (second !== undefined && !isSameRelease(first.release, second.release)) {
    throw broken(path('InRelease'), 'it and Release vouch for different states: upstream is being changed just now');
  }
  refuseExpired(path('InRelease'), first.release, options.now);
  const entries: [string, Uint8Array][] = [];
  if (detached !== 'absent') entries.push([path('Release.gpg'), detached]);
  if (plain !== 'absent') entries.push([path('Release'), plain]);
  if (inline !== 'absent') entries.push([path('InRelease'), inline]);
  const doubt = options.trust === 'none' ? undefined : doubtOf(first.release, folder, suite.name);
  return { folder, archive, release: first.release, entries, remark: first.remark, doubt };
}

function refuseExpired(path: string, { validUntil }: Release, now: number): void {
  if (validUntil === undefined || validUntil >= now) return;
  throw untrusted(
    path,
    `it was valid until ${new Date(validUntil).toISOString()}`,
    'This upstream is not updated any more, or the clock of this host is wrong. Look at both.',
  );
}

/**
 * One key signs all suites of a distribution: a genuine signature does not say of which suite it is, and whoever stands between could
 * give an old release, or one without security updates, for the one that is asked for. Some small archives call all theirs by one name.
 */
function doubtOf({ suite, codename }: Release, folder: string, wanted: string): string | undefined {
  const names = [suite, codename].filter((name) => name !== '');
  // Security suites of old releases: `buster/updates` calls itself buster.
  const fits = (name: string) => name === wanted || name === wanted.replace(/\/updates$/, '');
  if (names.length === 0 || names.some(fits)) return undefined;
  return `${folder}/Release is signed as that of ${[...new Set(names)].join(', ')}, and not of ${wanted}`;
}

export function addEntries(draft: PlanDraft, suite: ReadSuite): void {
  for (const [path, content] of suite.entries) draft.addRead(path, content, { isEntry: true });
}
