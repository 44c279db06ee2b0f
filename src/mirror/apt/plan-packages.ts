import { broken } from '../failure.ts';
import type { UpstreamReader } from '../plan.ts';
import type { PlanDraft } from '../plan-draft.ts';
import { pathInTree } from '../tree-path.ts';
import { aptPackages } from './packages.ts';
import { plannedIndex } from './plan-indices.ts';
import type { ReadSuite } from './read-suite.ts';
import type { ReleaseFile } from './release.ts';

/** Of what a Packages file may unpack to, where Release does not list it uncompressed. The largest has 60 MB. */
const LONGEST_OPEN = 2 ** 31;

/** Adds the packages that the indices list. */
export async function addPackages(
  reader: UpstreamReader,
  draft: PlanDraft,
  suite: ReadSuite,
  indices: readonly ReleaseFile[],
): Promise<void> {
  let isWeak = false;
  for (const index of indices) {
    const expect = plannedIndex(suite, index);
    const open = suite.release.files.get(index.path.replace(/\.[a-z0-9]+$/, ''));
    const limits = { maxBytes: index.bytes, maxOpenBytes: open?.bytes ?? LONGEST_OPEN };
    for await (const item of aptPackages(expect.path, reader.stream(expect.path, { ...limits, expect }))) {
      const path = pathInTree(suite.archive, item.filename);
      if (path === undefined) {
        throw broken(expect.path, `the Filename of package ${item.name}, "${item.filename}", leads out of the archive`);
      }
      isWeak ||= item.digests.every(({ algorithm }) => algorithm === 'md5' || algorithm === 'sha1');
      draft.add({ path, bytes: item.bytes, digests: item.digests, role: 'package', isOptional: false }, expect.path);
    }
  }
  if (isWeak) draft.remark(`${suite.folder} has packages with nothing better than SHA-1 or MD5 checksums.`);
}
