import type { Plan, SignatureChecker, UpstreamReader } from '../plan.ts';
import { createPlanDraft, type PlanDraft } from '../plan-draft.ts';
import { joinRevisions } from '../revision.ts';
import { inFolder } from '../tree-path.ts';
import type { MetadataTrust } from '../trust.ts';
import { addIndices, pickIndices } from './plan-indices.ts';
import { planInstaller } from './plan-installer.ts';
import { addPackages } from './plan-packages.ts';
import { addEntries, readSuite } from './read-suite.ts';

/** One `dists/NAME` of an archive. */
export interface AptSuite {
  /** The archive's folder below the root: '' or `debian`, `debian-security`. */
  readonly archive: string;
  /** `trixie`, `trixie-updates`, `trixie-security`. */
  readonly name: string;
  /** Empty: all that the Release file lists. */
  readonly components: readonly string[];
}

export interface AptOptions {
  readonly suites: readonly AptSuite[];
  /** Debian's names: `amd64`, `arm64`. `all` comes with each. */
  readonly architectures: readonly string[];
  /** Of descriptions: `en`. */
  readonly languages: readonly string[];
  readonly trust: MetadataTrust;
  /** Whether the parts of Debian's installer are wanted: udebs and the images to boot from the network. */
  readonly withInstaller: boolean;
  /** Patterns of files that are left out (see fitsGlob); none by default. Packages of an index that is left out are, too. */
  readonly exclude?: readonly string[] | undefined;
  /** Milliseconds since 1970; metadata that are not valid any more are refused. */
  readonly now: number;
}

const CLOCK_SLACK_MS = 24 * 60 * 60_000;

/** By a clock that is behind, nothing is ever too old. */
function remarkClock(draft: PlanDraft, suite: string, date: number, now: number): void {
  if (date - now < CLOCK_SLACK_MS) return;
  const [made, here] = [date, now].map((time) => new Date(time).toISOString());
  draft.remark(
    `${suite} was made at ${made}, and the clock of this host says ${here}: set the clock, or nobody can say whether the mirror is still valid`,
  );
}

/**
 * Reads the metadata of suites of apt archives below one root, and says of what files a mirror of them consists: every index that
 * a client of these architectures may ask for, also by its hash, and the packages. Rejects with ProvisionError
 * (`signature-refused`, `upstream-failed`, and what the reader rejects with).
 */
export async function planApt(reader: UpstreamReader, checker: SignatureChecker, options: AptOptions): Promise<Plan> {
  const draft = createPlanDraft();
  const revisions = new Map<string, string>();
  const validUntil: number[] = [];
  for (const wanted of options.suites) {
    const suite = await readSuite(reader, checker, wanted, options);
    if (suite.remark !== undefined) draft.remark(suite.remark);
    if (suite.doubt !== undefined) draft.doubt(suite.doubt);
    remarkClock(draft, wanted.name, suite.release.date, options.now);
    const indices = pickIndices(suite, wanted, options);
    addIndices(draft, suite, indices);
    await addPackages(reader, draft, suite, indices.packages);
    if (options.withInstaller) await planInstaller(reader, draft, suite, options);
    addEntries(draft, suite);
    revisions.set(inFolder(wanted.archive, wanted.name), new Date(suite.release.date).toISOString());
    if (suite.release.validUntil !== undefined) validUntil.push(suite.release.validUntil);
  }
  return draft.finish(joinRevisions(revisions), validUntil.length > 0 ? Math.min(...validUntil) : undefined);
}
