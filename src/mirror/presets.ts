import type { AptOptions, AptSuite } from './apt/plan-apt.ts';
import type { SumsOptions } from './plan-sums.ts';
import {
  almaKeys,
  centos7Keys,
  centosStreamKeys,
  debianKeys,
  fedoraKeys,
  leapKeys,
  type PresetKeys,
  rockyKeys,
  ubuntuArchiveKeys,
  ubuntuIsoKeys,
} from './preset-keys.ts';
import type { MetadataTrust } from './trust.ts';
import type { YumOptions } from './yum/plan-yum.ts';

/** How a tree is read; what is left out comes from the mirror (trust) or the moment (now). */
export type TreeLayout =
  | { readonly kind: 'yum'; readonly options: Omit<YumOptions, 'trust'> }
  | { readonly kind: 'apt'; readonly options: Omit<AptOptions, 'trust' | 'now'> }
  | { readonly kind: 'sums'; readonly options: Omit<SumsOptions, 'trust'> };

/** What a mirror of one operating system consists of. */
export interface MirrorPreset {
  readonly title: string;
  /** The root of the tree; may be overridden by another server with the same layout. */
  readonly from: string;
  readonly layout: TreeLayout;
  readonly keys: PresetKeys;
  /** With keys. Without any there is only `none`, and the operator has to ask for it. */
  readonly trust: MetadataTrust;
  /** Upstream does not change any more: one run is enough. */
  readonly isFrozen: boolean;
  /** The folder that an installer is pointed to, below the root. */
  readonly installFrom: string;
  /** Below the root; undefined where they are inside of an ISO. */
  readonly boot: { readonly kernel: string; readonly initrd: string } | undefined;
}

/** As the upstreams of yum name it; Debian's are `amd64` and `arm64`. */
export type PresetArchitecture = 'x86_64' | 'aarch64';

const debianName = { x86_64: 'amd64', aarch64: 'arm64' } as const;

interface YumTree {
  readonly title: string;
  readonly from: string;
  readonly repositories: readonly string[];
  readonly keys: PresetKeys;
  readonly architecture: PresetArchitecture;
  readonly optionalFiles?: readonly string[];
  readonly isFrozen?: boolean;
}

/** A tree with `.treeinfo` in the first of its repositories: everything that Anaconda installs. */
function anaconda(tree: YumTree): MirrorPreset {
  const [installFrom = ''] = tree.repositories;
  const { repositories, architecture } = tree;
  const own = ['media.repo', '.discinfo', ...(tree.optionalFiles ?? [])].map((name) => `${installFrom}/${name}`);
  return {
    title: tree.title,
    from: tree.from,
    layout: {
      kind: 'yum',
      options: {
        repositories,
        architectures: [architecture, 'noarch', ...(architecture === 'x86_64' ? ['i686', 'i386', 'i586'] : [])],
        withIso: false,
        withVariants: false,
        optionalFiles: own,
      },
    },
    keys: tree.keys,
    // Some sign repomd.xml, some do not yet; packages are signed by all of them.
    trust: 'if-present',
    isFrozen: tree.isFrozen ?? false,
    installFrom,
    boot: { kernel: `${installFrom}/images/pxeboot/vmlinuz`, initrd: `${installFrom}/images/pxeboot/initrd.img` },
  };
}

function debian(version: number, codename: 'bookworm' | 'trixie', architecture: PresetArchitecture): MirrorPreset {
  const arch = debianName[architecture];
  const components = ['main', 'non-free-firmware'];
  const suites: AptSuite[] = [
    { archive: 'debian', name: codename, components },
    { archive: 'debian', name: `${codename}-updates`, components },
    { archive: 'debian-security', name: `${codename}-security`, components },
  ];
  const images = `debian/dists/${codename}/main/installer-${arch}/current/images/netboot/debian-installer/${arch}`;
  return {
    title: `Debian ${version} (${codename})`,
    from: 'http://deb.debian.org',
    layout: { kind: 'apt', options: { suites, architectures: [arch], languages: ['en'], withInstaller: true } },
    keys: debianKeys(codename),
    trust: 'required',
    isFrozen: false,
    installFrom: 'debian',
    boot: { kernel: `${images}/linux`, initrd: `${images}/initrd.gz` },
  };
}

/** The live server's ISO, which its own kernel and initrd load whole. Point releases replace each other under new names. */
function ubuntuIso(version: string, architecture: PresetArchitecture): MirrorPreset {
  const arch = debianName[architecture];
  const wanted = `^ubuntu-${version.replace('.', '\\.')}(?:\\.[0-9]+)?-live-server-${arch}\\.iso$`;
  const isArm = architecture === 'aarch64';
  const folder = isArm ? `${version}/release` : version;
  return {
    title: `Ubuntu ${version}, the live server's ISO`,
    from: isArm ? 'https://cdimage.ubuntu.com/releases' : 'https://releases.ubuntu.com',
    layout: {
      kind: 'sums',
      options: { sums: [{ folder, name: 'SHA256SUMS', signature: 'SHA256SUMS.gpg', wanted, role: 'boot' }] },
    },
    keys: ubuntuIsoKeys,
    trust: 'required',
    isFrozen: false,
    installFrom: folder,
    boot: undefined,
  };
}

function ubuntuArchive(version: string, codename: string, architecture: PresetArchitecture): MirrorPreset {
  const archive = architecture === 'aarch64' ? 'ubuntu-ports' : 'ubuntu';
  const components = ['main', 'restricted', 'universe', 'multiverse'];
  const suites = ['', '-updates', '-security'].map((suffix) => ({ archive, name: `${codename}${suffix}`, components }));
  return {
    title: `Ubuntu ${version} (${codename}), the packages`,
    from: architecture === 'aarch64' ? 'http://ports.ubuntu.com' : 'http://archive.ubuntu.com',
    layout: {
      kind: 'apt',
      options: { suites, architectures: [debianName[architecture]], languages: ['en'], withInstaller: false },
    },
    keys: ubuntuArchiveKeys,
    trust: 'required',
    isFrozen: false,
    installFrom: archive,
    boot: undefined,
  };
}

function rocky(version: 8 | 9 | 10, architecture: PresetArchitecture): MirrorPreset {
  return anaconda({
    title: `Rocky Linux ${version}`,
    from: `https://dl.rockylinux.org/pub/rocky/${version}`,
    repositories: ['BaseOS', 'AppStream'].map((name) => `${name}/${architecture}/os`),
    keys: rockyKeys[version],
    architecture,
  });
}

function alma(version: 8 | 9 | 10, architecture: PresetArchitecture): MirrorPreset {
  return anaconda({
    title: `AlmaLinux ${version}`,
    from: `https://repo.almalinux.org/almalinux/${version}`,
    repositories: ['BaseOS', 'AppStream'].map((name) => `${name}/${architecture}/os`),
    keys: almaKeys[version],
    architecture,
  });
}

function centosStream(version: number, architecture: PresetArchitecture): MirrorPreset {
  return anaconda({
    title: `CentOS Stream ${version}`,
    from: `https://mirror.stream.centos.org/${version}-stream`,
    repositories: ['BaseOS', 'AppStream'].map((name) => `${name}/${architecture}/os`),
    keys: centosStreamKeys,
    architecture,
  });
}

function fedora(version: string, architecture: PresetArchitecture): MirrorPreset {
  return anaconda({
    title: `Fedora ${version}`,
    from: 'https://dl.fedoraproject.org/pub/fedora/linux',
    repositories: [
      `releases/${version}/Everything/${architecture}/os`,
      `updates/${version}/Everything/${architecture}`,
    ],
    keys: fedoraKeys(version),
    architecture,
  });
}

function leap(version: string, architecture: PresetArchitecture): MirrorPreset {
  const wanted = `^(?:boot/${architecture}/(?!.*\\.iso$)|EFI/)`;
  const boot = `boot/${architecture}/${architecture === 'x86_64' ? 'loader/' : ''}`;
  return {
    title: `openSUSE Leap ${version}`,
    from: `https://download.opensuse.org/distribution/leap/${version}/repo/oss`,
    layout: {
      kind: 'yum',
      options: {
        repositories: [''],
        architectures: [architecture, 'noarch'],
        withIso: false,
        withVariants: false,
        optionalFiles: ['content', 'control.xml', 'media.1/media', 'media.1/products'],
        sums: [{ folder: '', name: 'CHECKSUMS', signature: 'CHECKSUMS.asc', wanted, role: 'boot' }],
      },
    },
    keys: leapKeys,
    trust: 'required',
    isFrozen: false,
    installFrom: '',
    boot: { kernel: `${boot}linux`, initrd: `${boot}initrd` },
  };
}

function centos7(architecture: PresetArchitecture): MirrorPreset | undefined {
  // The vault has the other architectures elsewhere.
  if (architecture !== 'x86_64') return undefined;
  return anaconda({
    title: 'CentOS 7.9 (the vault; ended 2024-06-30)',
    from: 'https://vault.centos.org/7.9.2009',
    repositories: ['os/x86_64', 'updates/x86_64'],
    keys: centos7Keys,
    architecture,
    optionalFiles: ['RPM-GPG-KEY-CentOS-7'],
    isFrozen: true,
  });
}

type PresetMaker = (architecture: PresetArchitecture) => MirrorPreset | undefined;

const PRESETS: ReadonlyMap<string, PresetMaker> = new Map<string, PresetMaker>([
  ['centos-7', centos7],
  ...[9, 10].map((version): [string, PresetMaker] => [
    `centos-stream-${version}`,
    (arch) => centosStream(version, arch),
  ]),
  ...([8, 9, 10] as const).map((version): [string, PresetMaker] => [
    `rocky-${version}`,
    (arch) => rocky(version, arch),
  ]),
  ...([8, 9, 10] as const).map((version): [string, PresetMaker] => [`alma-${version}`, (arch) => alma(version, arch)]),
  ['debian-12', (arch) => debian(12, 'bookworm', arch)],
  ['debian-13', (arch) => debian(13, 'trixie', arch)],
  ...(['22.04', '24.04', '26.04'] as const).map((version): [string, PresetMaker] => [
    `ubuntu-${version}`,
    (arch) => ubuntuIso(version, arch),
  ]),
  ['ubuntu-22.04-packages', (arch) => ubuntuArchive('22.04', 'jammy', arch)],
  ['ubuntu-24.04-packages', (arch) => ubuntuArchive('24.04', 'noble', arch)],
  ['ubuntu-26.04-packages', (arch) => ubuntuArchive('26.04', 'resolute', arch)],
  ['opensuse-leap-15.6', (arch) => leap('15.6', arch)],
]);

/** Names that `mirrorPreset` knows; `fedora-NN` is one for each release. */
export const mirrorPresetNames: readonly string[] = [...PRESETS.keys(), 'fedora-NN'];

/** The preset of this name, or undefined: there is none, or none for this architecture. */
export function mirrorPreset(name: string, architecture: PresetArchitecture = 'x86_64'): MirrorPreset | undefined {
  const version = /^fedora-([1-9][0-9]{1,2})$/.exec(name)?.[1];
  return version === undefined ? PRESETS.get(name)?.(architecture) : fedora(version, architecture);
}
