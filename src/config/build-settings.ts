import type { MacImage } from '../boot/mac-image.ts';
import type { Profile } from '../boot/profile.ts';
import type { ExtraOption, Network } from '../lease/network.ts';
import type { Machine } from '../machine/machine.ts';
import { LIVE_ISO } from '../mirror/iso/live-iso.ts';
import type { MirrorConfig } from '../mirror/mirror-config.ts';
import { aptSuitesOf, lacksFirmware } from './apt-suites.ts';
import { buildMirror, holdsLiveIso } from './build-mirror.ts';
import { encodeOptionValue, parseOptionCode } from './dhcp-options.ts';
import { entryOf } from './facts.ts';
import { mirrorName, type OperatingSystem, operatingSystems, sourceFolder } from './operating-systems.ts';
import type { Path } from './problem.ts';
import { resolvePath } from './resolve-path.ts';
import type { Config, MachineConfig, NetworkConfig, ProfileConfig } from './schema.ts';
import type { Settings } from './settings.ts';

/** Where files are. */
export interface Folders {
  /** The product's own folder, absolute: built-in templates are below it. */
  readonly product: string;
  /** Folder that relative paths at a place of the configuration start from. */
  folderOf(path: Path): string;
  /** Where a path is written; undefined: nowhere. */
  whereIs?(path: Path): string | undefined;
}

const daySeconds = 86_400;
const minLeaseSeconds = 120;

/** Resolves defaults, names and paths. What the checks have found wrong is left out. */
export function buildSettings(
  config: Config,
  folders: Folders,
  files: readonly string[],
  images: readonly MacImage[],
): Settings {
  const {
    domain: _domain,
    dns: _dns,
    ntp: _ntp,
    secureBoot: _secureBoot,
    loader: _loader,
    addressing: _addressing,
    ...defaults
  } = config.defaults;
  const { tftp, httpPort, accelLocation, bootFolder, user, admin, scrub } = config.server;
  const settings: Settings = {
    server: {
      httpPort,
      accelLocation,
      tftpMaxBlockSize: tftp.maxBlockSize,
      tftpMaxWindow: tftp.maxWindow,
      tftpPorts: tftp.ports,
      bootFolder:
        bootFolder === undefined ? undefined : resolvePath(folders.folderOf(['server', 'bootFolder']), bootFolder),
      user,
      adminListen: admin.listen ?? undefined,
      scrub: {
        schedule: scrub.schedule === 'off' ? undefined : scrub.schedule,
        timezone: config.defaults.timezone,
        bytesPerSecond: scrub.bandwidth,
      },
    },
    defaults: { ...defaults, domain: config.defaults.domain },
    networks: Object.entries(config.networks).map(([name, network]) => buildNetwork(name, network, config)),
    profiles: mapEntries(config.profiles, (name, profile) => buildProfile(name, profile, config, folders)),
    machines: mapEntries(config.machines, (name, machine) => buildMachine(name, machine, config)),
    notes: mapEntries(config.machines, (_name, { notes }) => notes),
    power: mapEntries(config.machines, (_name, { power }) => power),
    mirrors: mapEntries(config.mirrors, (name, mirror) => buildMirror(name, mirror, config, folders)),
    mac: config.mac,
    images,
    templates: mapEntries(config.templates, (name, { file }) =>
      resolvePath(folders.folderOf(['templates', name]), file),
    ),
    unknownMachines: config.unknownMachines,
    files,
    whereIs: folders.whereIs,
  };
  return deepFreeze(settings);
}

function buildNetwork(name: string, network: NetworkConfig, config: Config): Network {
  const { dhcp, address, router } = network;
  const { leaseTime } = dhcp;
  const { domain, ntp, dns } = config.defaults;
  return {
    name,
    interface: network.interface,
    subnet: network.subnet,
    address,
    router,
    dns: network.dns ?? dns ?? [router ?? address],
    domain: network.domain ?? domain,
    ntp: network.ntp ?? ntp ?? [],
    mtu: network.mtu,
    dhcp: {
      mode: dhcp.mode,
      leaseSeconds: leaseTime,
      minLeaseSeconds: dhcp.minLeaseTime ?? Math.min(minLeaseSeconds, leaseTime),
      maxLeaseSeconds: dhcp.maxLeaseTime ?? Math.max(daySeconds, leaseTime),
      conflictProbe: dhcp.conflictProbe,
      unknownClients: dhcp.unknownClients,
      bootp: dhcp.bootp,
      replies: dhcp.replies,
      pools: dhcp.pools,
      options: buildOptions(dhcp.options),
    },
  };
}

function buildOptions(options: Readonly<Record<string, unknown>>): ExtraOption[] {
  return Object.entries(options).flatMap(([key, value]) => {
    const code = parseOptionCode(key);
    const bytes = typeof code === 'number' ? encodeOptionValue(code, value) : undefined;
    return typeof code === 'number' && bytes instanceof Uint8Array ? [{ code, value: bytes }] : [];
  });
}

function buildProfile(name: string, profile: ProfileConfig, config: Config, folders: Folders): Profile | undefined {
  const system = entryOf(operatingSystems, profile.os);
  if (!system) return undefined;
  const folder = folders.folderOf(['profiles', name]);
  const own = (path: string | undefined) => (path === undefined ? undefined : resolvePath(folder, path));
  const tree = sourceFolder(profile.source);
  const mirror = mirrorOfProfile(profile, config, folders);
  const { inTree } = system;
  // Of Ubuntu's mirrors, those of packages have nothing that boots.
  const hasIso = system.family === 'ubuntu' && holdsLiveIso(entryOf(config.mirrors, mirrorName(profile.source)));
  const fromTree = (key: 'kernel' | 'initrd') => {
    if (mirror && system.family === 'ubuntu' && !hasIso) return undefined;
    if (mirror && system.family === 'custom') return mirror.boot && `mirror:${mirror.name}/${mirror.boot[key]}`;
    if (mirror)
      return inTree && `mirror:${mirror.name}/${mirror.boot?.[key] ?? below(mirror.installFrom, inTree[key])}`;
    return tree === undefined || inTree === undefined ? undefined : resolvePath(tree, inTree[key]);
  };
  const kernel = own(profile.kernel) ?? system.kernel ?? fromTree('kernel');
  const initrd = own(profile.initrd) ?? system.initrd ?? fromTree('initrd');
  const named = entryOf(config.templates, profile.answerFile);
  const builtIn = system.template === undefined ? undefined : resolvePath(folders.product, system.template);
  const answerFile =
    named && profile.answerFile !== undefined
      ? resolvePath(folders.folderOf(['templates', profile.answerFile]), named.file)
      : (own(profile.answerFile) ?? builtIn);
  if (kernel === undefined || initrd === undefined || answerFile === undefined) return undefined;
  return {
    name,
    os: profile.os,
    family: system.family,
    ...(system.kickstart !== undefined && { kickstart: system.kickstart }),
    ...(profile.iso !== undefined && { iso: own(profile.iso) }),
    ...(mirror && hasIso && { isMedium: true }),
    ...(mirror &&
      hasIso &&
      profile.iso === undefined && { iso: `mirror:${mirror.name}/${below(mirror.installFrom, LIVE_ISO)}` }),
    kernel,
    initrd,
    ...(mirror && mirrorParts(profile, system, mirror)),
    ...(mirror && { aptSuites: aptSuitesOf(mirror, entryOf(config.mirrors, mirror.name), system) }),
    ...(mirror && lacksFirmware(mirror, system) && { lacksFirmware: true }),
    arguments: profile.arguments,
    answerFile,
    source: tree === undefined ? profile.source : resolvePath('/', tree),
    install: profile.install,
    ...(needsX64(profile, system) && { needsX64: true }),
    deadlineSeconds: profile.deadline,
  };
}

function mirrorOfProfile(profile: ProfileConfig, config: Config, folders: Folders): MirrorConfig | undefined {
  const name = mirrorName(profile.source);
  const entry = entryOf(config.mirrors, name);
  return name === undefined || entry === undefined ? undefined : buildMirror(name, entry, config, folders);
}

/** What of a profile follows from its mirror. A kernel of the operator's own stays. */
function mirrorParts(
  { kernel, initrd }: ProfileConfig,
  { inMirror, inTree }: OperatingSystem,
  { installFrom, boot }: MirrorConfig,
): Pick<Profile, 'inMirror' | 'mirrorFolder'> {
  const isOwn = kernel !== undefined || initrd !== undefined || inTree !== undefined;
  const files = isOwn ? undefined : (boot ?? inMirror);
  return { ...(files && { inMirror: files }), ...(installFrom !== '' && { mirrorFolder: installFrom }) };
}

function below(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** A kernel of the operator's own may be for anything. */
export function needsX64(profile: ProfileConfig, system: OperatingSystem): boolean {
  return system.needsX64 && profile.kernel === undefined;
}

function buildMachine(name: string, machine: MachineConfig, config: Config): Machine | undefined {
  const macs = machine.macs ?? (machine.mac === undefined ? [] : [machine.mac]);
  if (macs.length === 0) return undefined;
  const { defaults } = config;
  return {
    name,
    macs,
    uuid: machine.uuid,
    address: machine.address,
    hostName: machine.hostName ?? name,
    domain: machine.domain ?? defaults.domain,
    profile: machine.profile,
    kind: machine.kind,
    ...(machine.kind === 'mac' && {
      mac: { model: machine.model, firmware: machine.firmware, cpuBits: machine.cpuBits },
    }),
    secureBoot: machine.secureBoot ?? defaults.secureBoot,
    loader: machine.loader ?? defaults.loader,
    addressing: machine.addressing ?? defaults.addressing,
    vars: { ...defaults.vars, ...machine.vars },
  };
}

function mapEntries<From, To>(
  record: Readonly<Record<string, From>>,
  build: (name: string, entry: From) => To | undefined,
): Map<string, To> {
  const built = new Map<string, To>();
  for (const [name, entry] of Object.entries(record)) {
    const value = build(name, entry);
    if (value !== undefined) built.set(name, value);
  }
  return built;
}

/** Bytes cannot be frozen, and maps are read-only by their type only. */
function deepFreeze<Value>(value: Value): Value {
  if (value === null || typeof value !== 'object' || Object.isFrozen(value) || ArrayBuffer.isView(value)) return value;
  Object.freeze(value);
  for (const item of value instanceof Map ? value.values() : Object.values(value)) deepFreeze(item);
  return value;
}
