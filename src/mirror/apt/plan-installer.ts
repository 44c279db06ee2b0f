import { broken } from '../failure.ts';
import type { UpstreamReader } from '../plan.ts';
import type { PlanDraft } from '../plan-draft.ts';
import { fitsGlob } from '../run/glob.ts';
import { parseSums } from '../sums.ts';
import { textOf } from '../text.ts';
import { pathInTree } from '../tree-path.ts';
import type { AptOptions } from './plan-apt.ts';
import { plannedIndex } from './plan-indices.ts';
import type { ReadSuite } from './read-suite.ts';

const LONGEST_SUMS = 4 << 20;
/** The text installer and its boot loaders; not the graphical one, and not the same once more as ISO and archive. */
const WANTED = /^netboot\/debian-installer\//;

/**
 * Adds what Debian's installer is booted from over the network: the Release file vouches for SHA256SUMS, and that for the images.
 * Kernel modules (udebs) fit this kernel only as long as both come from one Release.
 */
export async function planInstaller(
  reader: UpstreamReader,
  draft: PlanDraft,
  suite: ReadSuite,
  options: AptOptions,
): Promise<void> {
  for (const architecture of options.architectures) {
    const listed = suite.release.files.get(`main/installer-${architecture}/current/images/SHA256SUMS`);
    if (listed === undefined) continue;
    const sums = { ...plannedIndex(suite, listed), aliases: [] };
    if (fitsGlob(sums.path, options.exclude ?? [])) continue;
    const bytes = await reader.read(sums.path, { maxBytes: Math.min(LONGEST_SUMS, listed.bytes), expect: sums });
    if (bytes === 'absent') throw broken(sums.path, 'upstream does not have it, though its Release lists it');
    draft.add(sums, suite.folder);
    const folder = sums.path.slice(0, sums.path.lastIndexOf('/'));
    for (const [name, digest] of parseSums(sums.path, textOf(bytes))) {
      if (!WANTED.test(name)) continue;
      const path = pathInTree(folder, name);
      if (path === undefined || !path.startsWith(`${folder}/`)) throw broken(sums.path, `"${name}" leads out of it`);
      draft.add({ path, digests: [digest], role: 'boot', isOptional: false }, sums.path);
    }
  }
}
