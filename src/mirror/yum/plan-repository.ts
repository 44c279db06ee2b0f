import { broken } from '../failure.ts';
import type { PlannedFile, SignatureChecker, UpstreamReader } from '../plan.ts';
import type { PlanDraft } from '../plan-draft.ts';
import { inFolder, pathInTree } from '../tree-path.ts';
import { checkTrust } from '../trust.ts';
import type { YumOptions } from './plan-yum.ts';
import { primaryPackages, type YumPackage } from './primary.ts';
import { parseRepomd, type RepomdData } from './repomd.ts';

export interface RepositoryPlanning {
  readonly reader: UpstreamReader;
  readonly checker: SignatureChecker;
  readonly draft: PlanDraft;
  readonly options: YumOptions;
}

/** repomd.xml of the largest repositories has 20 KB. */
const LONGEST_REPOMD = 4 << 20;
const LONGEST_SIGNATURE = 1 << 20;
/** Where repomd.xml is silent about sizes (createrepo before 2009). */
const LONGEST_PRIMARY = 512 << 20;
const LONGEST_OPEN_PRIMARY = 4 * 2 ** 30;

/** Adds a repository (a folder with `repodata/`) to the draft and returns its revision. */
export async function planRepository(planning: RepositoryPlanning, folder: string): Promise<string> {
  const { reader, checker, draft, options } = planning;
  const path = inFolder(folder, 'repodata/repomd.xml');
  const content = await reader.read(path, { maxBytes: LONGEST_REPOMD });
  if (content === 'absent') {
    throw broken(path, 'upstream does not have it', 'Look at the address of this mirror, and at its repositories.');
  }
  const detached = await reader.read(`${path}.asc`, { maxBytes: LONGEST_SIGNATURE });
  const remark = await checkTrust(checker, options.trust, { path, content, detached });
  if (remark !== undefined) draft.remark(remark);

  const repomd = parseRepomd(path, content);
  const files = new Map(repomd.data.map((data) => [data.type, plannedMetadata(path, folder, data)]));
  for (const file of files.values()) draft.add(file, path);
  const primary = repomd.data.find(({ type }) => type === 'primary');
  const expect = files.get('primary');
  if (primary === undefined || expect === undefined) throw broken(path, 'it names no primary metadata');
  await addPackages(planning, folder, primary, expect);
  if (files.has('prestodelta')) {
    draft.remark(`${path} offers delta packages, which are not mirrored: clients fetch whole packages instead.`);
  }

  const key = await reader.read(`${path}.key`, { maxBytes: LONGEST_SIGNATURE });
  if (key !== 'absent') draft.addRead(`${path}.key`, key, { isEntry: true });
  if (detached !== 'absent') draft.addRead(`${path}.asc`, detached, { isEntry: true });
  draft.addRead(path, content, { isEntry: true });
  return repomd.revision;
}

function plannedMetadata(repomd: string, folder: string, data: RepomdData): PlannedFile {
  const path = pathInTree(folder, data.href);
  if (path === undefined) throw broken(repomd, `the location of ${data.type}, "${data.href}", leads out of the tree`);
  return { path, bytes: data.bytes, digests: [data.digest], role: 'metadata', isOptional: false };
}

async function addPackages(
  { reader, draft, options }: RepositoryPlanning,
  folder: string,
  primary: RepomdData,
  expect: PlannedFile,
): Promise<void> {
  const wanted = new Set(options.architectures);
  const limits = {
    maxBytes: primary.bytes ?? LONGEST_PRIMARY,
    // What is promised, and a little: 1 in 100.
    maxOpenBytes: primary.openBytes === undefined ? LONGEST_OPEN_PRIMARY : Math.ceil(primary.openBytes * 1.01),
  };
  let isWeak = false;
  for await (const item of primaryPackages(expect.path, reader.stream(expect.path, { ...limits, expect }))) {
    if (wanted.size > 0 && !wanted.has(item.arch)) continue;
    isWeak ||= item.digest.algorithm === 'sha1' || item.digest.algorithm === 'md5';
    draft.add(plannedPackage(expect.path, folder, item), expect.path);
  }
  if (isWeak)
    draft.remark(`${expect.path} has only SHA-1 or MD5 checksums: nobody can vouch for its packages by them.`);
}

function plannedPackage(primary: string, folder: string, item: YumPackage): PlannedFile {
  if (item.base !== undefined) {
    throw broken(
      primary,
      `package ${item.name} is at another address (xml:base="${item.base}")`,
      'Mirror the address where the packages are: metadata that point elsewhere cannot be kept as they are signed.',
    );
  }
  const path = pathInTree(folder, item.href);
  if (path === undefined)
    throw broken(primary, `the location of package ${item.name}, "${item.href}", leads out of the tree`);
  return { path, bytes: item.bytes, digests: [item.digest], role: 'package', isOptional: false };
}
