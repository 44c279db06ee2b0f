import type { KickstartVersion, Profile } from '../boot/profile.ts';
import { casperFiles } from '../mirror/iso/live-iso.ts';

/** What rackready knows by itself about installing an operating system. */
export interface OperatingSystem {
  readonly family: Profile['family'];
  readonly kernel?: string | undefined;
  readonly initrd?: string | undefined;
  /** Where kernel and initrd lie in the tree or on the medium that `source` names. */
  readonly inTree?: { readonly kernel: string; readonly initrd: string } | undefined;
  /** Where they lie in a mirror of its packages, which may have newer ones than this host. */
  readonly inMirror?: { readonly kernel: string; readonly initrd: string } | undefined;
  readonly kickstart?: KickstartVersion | undefined;
  /** How its archive names its suites: this, with -updates, with -security. */
  readonly codename?: string | undefined;
  /** Answer-file template, below the product's folder. */
  readonly template?: string | undefined;
  /** Every kernel of it is for 64-bit x86. */
  readonly needsX64: boolean;
  /** Keys of a profile that this system cannot do without. */
  readonly needs: readonly ('kernel' | 'initrd' | 'answerFile' | 'source' | 'iso')[];
}

/** Where Debian's packages debian-installer-NN-netboot-amd64 put the text installer. */
function debian(version: number, suite: string): OperatingSystem {
  const inSuite = `dists/${suite}/main/installer-amd64/current/images/netboot/debian-installer/amd64`;
  const folder = `/usr/lib/debian-installer/images/${version}/amd64/text/debian-installer/amd64`;
  return {
    family: 'debian',
    codename: suite,
    kernel: `${folder}/linux`,
    initrd: `${folder}/initrd.gz`,
    inMirror: { kernel: `${inSuite}/linux`, initrd: `${inSuite}/initrd.gz` },
    template: 'templates/answer/debian.preseed.liquid',
    needsX64: true,
    needs: [],
  };
}

const kickstartTemplates = { rhel7: 'centos-7', rhel8: 'el8', rhel9: 'el', rhel10: 'el', fedora: 'el' } as const;

/** An install tree as .treeinfo describes it, the same since RHEL 5. */
function enterpriseLinux(kickstart: KickstartVersion): OperatingSystem {
  return {
    family: 'anaconda',
    kickstart,
    inTree: { kernel: 'images/pxeboot/vmlinuz', initrd: 'images/pxeboot/initrd.img' },
    template: `templates/answer/${kickstartTemplates[kickstart]}.ks.liquid`,
    needsX64: true,
    needs: ['source'],
  };
}

/** The live server's ISO; its casper loads the whole ISO into memory. */
function ubuntu(codename: string): OperatingSystem {
  return {
    family: 'ubuntu',
    codename,
    inTree: casperFiles,
    template: 'templates/answer/ubuntu.autoinstall.liquid',
    needsX64: true,
    needs: ['iso'],
  };
}

/** The built-in descriptions, by the name that `os` takes. */
export const operatingSystems: Readonly<Record<string, OperatingSystem>> = {
  'debian-12': debian(12, 'bookworm'),
  'debian-13': debian(13, 'trixie'),
  'ubuntu-22.04': ubuntu('jammy'),
  'ubuntu-24.04': ubuntu('noble'),
  'ubuntu-26.04': ubuntu('resolute'),
  'rocky-8': enterpriseLinux('rhel8'),
  'rocky-9': enterpriseLinux('rhel9'),
  'rocky-10': enterpriseLinux('rhel10'),
  'alma-8': enterpriseLinux('rhel8'),
  'alma-9': enterpriseLinux('rhel9'),
  'alma-10': enterpriseLinux('rhel10'),
  'centos-7': enterpriseLinux('rhel7'),
  'centos-stream-9': enterpriseLinux('rhel9'),
  'centos-stream-10': enterpriseLinux('rhel10'),
  'fedora-43': enterpriseLinux('fedora'),
  'fedora-44': enterpriseLinux('fedora'),
  'fedora-45': enterpriseLinux('fedora'),
  custom: { family: 'custom', needsX64: false, needs: ['kernel', 'initrd', 'answerFile'] },
};

export const operatingSystemNames = Object.keys(operatingSystems);

/** The Debian package that brings a file of the installer, if the path is one of its own. */
export function installerPackage(path: string): string | undefined {
  const match = /^\/usr\/lib\/debian-installer\/images\/([0-9]+)\/([a-z0-9]+)\//.exec(path);
  return match ? `debian-installer-${match[1]}-netboot-${match[2]}` : undefined;
}

/** The mirror that a source names, if it does. */
export function mirrorName(source: string | undefined): string | undefined {
  return source?.startsWith('mirror:') ? source.slice('mirror:'.length) : undefined;
}

/** A source that is a folder of this host; undefined for URLs and mirrors. */
export function sourceFolder(source: string | undefined): string | undefined {
  const path = source?.replace(/^file:\/\//, '');
  return path?.startsWith('/') ? path : undefined;
}
