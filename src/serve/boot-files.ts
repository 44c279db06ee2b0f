import { asksForAnswers } from '../boot/answer-files.ts';
import { mirrorOf } from '../boot/kernel-line.ts';
import type { LoaderCatalog } from '../boot/loaders.ts';
import type { Profile } from '../boot/profile.ts';
import { renderIpxeAutoexec } from '../boot/render-ipxe.ts';
import type { Subject } from '../event/event.ts';
import { networkOfAddress } from '../lease/network.ts';
import { discoveredMachine } from '../machine/discovered.ts';
import type { Life } from '../machine/life.ts';
import { formatIpv4 } from '../net/ipv4.ts';
import { type Answers, createAnswers } from './answers.ts';
import { resolveConfig } from './boot-config.ts';
import type { BootFilesDeps } from './boot-deps.ts';
import { type BootName, isExpectedMiss, isExpectedTreeMiss, normaliseBootName, parseBootName } from './boot-names.ts';
import type { BootResource, Requester, ResolveBootFile } from './boot-resource.ts';
import { createLocalWays, type LocalWays } from './local-ways.ts';
import { nearName } from './near-name.ts';
import { createShimFolders, type ShimFolders } from './shim-folder.ts';

export interface BootFiles extends Answers {
  readonly resolve: ResolveBootFile;
}

/** Loaders that shim asks for in the root when the DHCP reply had no `file` field. */
const SECOND_STAGE = /^grub(x64|aa64|ia32)\.efi$/i;

/** Wires what TFTP and the boot HTTP listener ask: files by name, answer files and reports by token. */
export function createBootFiles(deps: BootFilesDeps): BootFiles {
  const answers = createAnswers(deps);
  const memory: Memory = { shims: createShimFolders(), ways: createLocalWays() };
  const placed = (requester: Requester) => inItsNetwork(deps, requester);
  return {
    resolve: (name, requester) => resolve(deps, memory, name, placed(requester)),
    resolveAnswer: (token, file, requester) => answers.resolveAnswer(token, file, placed(requester)),
    resolveKickstart: (macs, requester) => answers.resolveKickstart(macs, placed(requester)),
    answerSent: answers.answerSent,
    acceptReport: (token, kind, body, requester) => answers.acceptReport(token, kind, body, placed(requester)),
  };
}

/** A machine behind a relay comes in by another network's interface: its netmask, router and domain are those of its own. */
function inItsNetwork(deps: BootFilesDeps, requester: Requester): Requester {
  const own = networkOfAddress(deps.settings().networks, requester.address);
  return own === undefined ? requester : { ...requester, network: own.name };
}

/** What is remembered of machines between two of their requests. */
interface Memory {
  readonly shims: ShimFolders;
  readonly ways: LocalWays;
}

function resolve(deps: BootFilesDeps, { shims, ways }: Memory, raw: string, requester: Requester): BootResource {
  const { networks, httpPort } = deps.settings();
  const hosts = networks.map((network) => formatIpv4(network.address));
  const normal = normaliseBootName(raw, requester.via, hosts);
  if (normal.kind === 'refused') return normal;
  const { name } = normal;
  const asked = parseBootName(name);
  switch (asked.kind) {
    case 'config':
      return resolveConfig(deps, ways, name, asked, requester);
    case 'autoexec': {
      const network = networks.find((entry) => entry.name === requester.network);
      if (network === undefined) return { kind: 'missing', name, expected: true };
      return { kind: 'text', name, text: renderIpxeAutoexec(formatIpv4(network.address), httpPort) };
    }
    case 'os':
      return resolveSystem(deps, name, asked, requester);
    case 'tree':
      return resolveTree(deps, name, asked.profile, asked.path);
    case 'image':
      return resolveImage(deps, name, asked, requester);
    case 'iso':
      return resolveIso(deps, name, asked.profile);
    case 'plain': {
      const found = resolvePlain(deps, name, requester);
      if (found.kind === 'file') shims.note(requester.address, name);
      return found.kind === 'missing' ? (secondStage(deps, shims, name, requester) ?? found) : found;
    }
  }
}

/** GRUB for a shim that asks for it in the root: from the folder that this machine's shim came from, else from our own. */
function secondStage(
  deps: BootFilesDeps,
  shims: ShimFolders,
  name: string,
  requester: Requester,
): BootResource | undefined {
  if (!SECOND_STAGE.test(name)) return undefined;
  const own = `${shims.of(requester.address) ?? ''}${name}`;
  const catalog = deps.catalog();
  const beside = own === name ? undefined : find(deps, { catalog, own: undefined }, own);
  const given = beside?.kind === 'file' ? beside : besideShim(deps, catalog, name.toLowerCase());
  if (given?.kind !== 'file') return undefined;
  const holder = deps.machineOf(requester.address);
  const subject: Subject = {
    mac: holder?.mac,
    machine: holder?.machine?.name,
    network: requester.network,
    address: formatIpv4(requester.address),
  };
  deps.emit('boot.alias', subject, { asked: name, given: given.name });
  return { ...given, name };
}

/** Kernel and initial ramdisk of a profile. */
function resolveSystem(
  deps: BootFilesDeps,
  name: string,
  { profile: profileName, part }: Extract<BootName, { kind: 'os' }>,
  requester: Requester,
): BootResource {
  const profile = deps.settings().profiles.get(profileName);
  if (profile === undefined)
    return { kind: 'missing', name, expected: false, near: nearProfile(deps, profileName, part) };
  const key = part === 'linux' ? 'kernel' : 'initrd';
  const path = inMirror(deps, profile, key, requester) ?? profile[key];
  if (path.startsWith('mirror:')) {
    return {
      kind: 'refused',
      name,
      reason: `the profile ${profileName} names ${path}, which the mirror does not have`,
    };
  }
  if (!path.startsWith('/')) return { kind: 'refused', name, reason: `${path} was not fetched to this host yet` };
  if (deps.fileKind(path) !== 'file') {
    return { kind: 'refused', name, reason: `the profile ${profileName} names ${path}, which is not there` };
  }
  if (part === 'initrd' && !asksForAnswers(profile)) noteSent(deps, profile, requester);
  return { kind: 'file', name, path };
}

/** Nothing else will tell that it has begun, and a second start must be held. As a boot configuration, it does not wait for the disk. */
function noteSent(deps: BootFilesDeps, profile: Profile, requester: Requester): void {
  const life = lifeOf(deps, requester);
  if (life?.operation?.grant.profile !== profile.name) return;
  deps.lives.step(life.machine, { kind: 'installer-sent' }).saved.catch(() => undefined);
}

function lifeOf(deps: BootFilesDeps, requester: Requester): Life | undefined {
  const holder = deps.machineOf(requester.address);
  return holder && deps.lives.get(holder.machine?.name ?? discoveredMachine(holder.mac, '').name);
}

/** Kernel and packages are of one state of the mirror: the one that the machine's installation began with. */
function inMirror(
  deps: BootFilesDeps,
  profile: Profile,
  key: 'kernel' | 'initrd',
  requester: Requester,
): string | undefined {
  const mirror = mirrorOf(profile);
  if (mirror === undefined) return undefined;
  const named = profile[key].startsWith(`mirror:${mirror}/`)
    ? profile[key].slice(`mirror:${mirror}/`.length)
    : undefined;
  const path = named ?? profile.inMirror?.[key];
  const grant = lifeOf(deps, requester)?.operation?.grant;
  const snapshot = (grant?.profile === profile.name ? grant.snapshot : undefined) ?? deps.mirrors.current(mirror);
  return path === undefined || snapshot === undefined ? undefined : deps.mirrors.bootFile(mirror, snapshot, path);
}

/** A file of an install tree on this host. What stands in it is public: it comes without a token. */
function resolveTree(deps: BootFilesDeps, name: string, profileName: string, path: string): BootResource {
  const source = deps.settings().profiles.get(profileName)?.source;
  if (!source?.startsWith('/')) {
    return { kind: 'refused', name, reason: `no profile ${profileName} has a folder of this host as its source` };
  }
  const entry = deps.lookupIn(source, path);
  if (entry.kind === 'file') return { kind: 'file', name, path: entry.path };
  if (entry.kind === 'refused') return { kind: 'refused', name, reason: entry.reason };
  return { kind: 'missing', name, expected: isExpectedTreeMiss(path) };
}

/**
 * A file of an image for Macs: a program by the width of EFI, or anything in a NetBoot folder, which is public. The
 * operator's own folder of this name is looked into where there is no such image.
 */
function resolveImage(
  deps: BootFilesDeps,
  name: string,
  { image: imageName, path }: { readonly image: string; readonly path: string },
  requester: Requester,
): BootResource {
  const what = deps.settings().images.find((image) => image.name === imageName)?.what;
  if (what?.kind === 'efi') {
    const bits = /^efi(32|64)\.efi$/.exec(path)?.[1];
    const program = bits === undefined ? undefined : what.programs[bits === '32' ? 32 : 64];
    if (program === undefined) return { kind: 'missing', name, expected: false };
    if (deps.fileKind(program) === 'file') return { kind: 'file', name, path: program };
    return { kind: 'refused', name, reason: `the image ${imageName} names ${program}, which is not there` };
  }
  if (what?.kind !== 'nbi') return resolvePlain(deps, name, requester);
  const entry = deps.lookupIn(what.nbi.folder, path);
  if (entry.kind === 'file') return { kind: 'file', name, path: entry.path };
  if (entry.kind === 'refused') return { kind: 'refused', name, reason: entry.reason };
  // The booter tries property lists that older images do not have.
  return { kind: 'missing', name, expected: /\.plist$/.test(path) };
}

function resolveIso(deps: BootFilesDeps, name: string, profileName: string): BootResource {
  const path = deps.settings().profiles.get(profileName)?.iso;
  if (!path?.startsWith('/')) {
    return { kind: 'refused', name, reason: `no profile ${profileName} has an ISO on this host` };
  }
  if (deps.fileKind(path) === 'file') return { kind: 'file', name, path };
  return { kind: 'refused', name, reason: `the profile ${profileName} names ${path}, which is not there` };
}

function nearProfile(deps: BootFilesDeps, name: string, part: string): string | undefined {
  const near = nearName(name, deps.settings().profiles.keys());
  return near === undefined ? undefined : `os/${near}/${part}`;
}

/** Exact names first, then names that differ in case only: some firmware and Windows loaders write them as they like. */
function resolvePlain(deps: BootFilesDeps, name: string, requester: Requester): BootResource {
  const catalog = deps.catalog();
  const network = deps.settings().networks.find((entry) => entry.name === requester.network);
  const files = { catalog, own: network && catalog.filesFrom.get(formatIpv4(network.address)) };
  const exact = find(deps, files, name);
  if (exact.kind !== 'missing') return exact;
  const lower = name.toLowerCase();
  for (const candidate of namesIn(deps, catalog)) {
    if (candidate.toLowerCase() !== lower || candidate === name) continue;
    const found = find(deps, files, candidate);
    if (found.kind === 'file') return found;
  }
  if (isExpectedMiss(name)) return { kind: 'missing', name, expected: true };
  return { kind: 'missing', name, expected: false, near: nearName(name, namesIn(deps, catalog)) };
}

interface LoaderFiles {
  readonly catalog: LoaderCatalog;
  /** Of the network that the request came in on. */
  readonly own: ReadonlyMap<string, string> | undefined;
}

function find(deps: BootFilesDeps, { catalog, own }: LoaderFiles, name: string): BootResource {
  const path = own?.get(name) ?? catalog.files.get(name);
  if (path !== undefined && deps.fileKind(path) === 'file') return { kind: 'file', name, path };
  const entry = deps.lookup(name);
  if (entry.kind === 'file') return { kind: 'file', name, path: entry.path };
  if (entry.kind === 'refused') return { kind: 'refused', name, reason: entry.reason };
  return { kind: 'missing', name, expected: false };
}

function besideShim(deps: BootFilesDeps, catalog: LoaderCatalog, file: string): BootResource | undefined {
  for (const { shim } of Object.values(catalog.platforms)) {
    const name = shim === undefined ? undefined : shim.slice(0, shim.lastIndexOf('/') + 1) + file;
    const path = name === undefined ? undefined : catalog.files.get(name);
    if (name !== undefined && path !== undefined && deps.fileKind(path) === 'file') return { kind: 'file', name, path };
  }
  return undefined;
}

function* namesIn(deps: BootFilesDeps, catalog: LoaderCatalog): Iterable<string> {
  yield* catalog.files.keys();
  yield* deps.folderNames();
}
