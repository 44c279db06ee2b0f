import type { Profile } from '../boot/profile.ts';

/** What rackready knows by itself about installing an operating system. */
export interface OperatingSystem {
  readonly family: Profile['family'];
  readonly kernel?: string | undefined;
  readonly initrd?: string | undefined;
  /** Answer-file template, below the product's folder. */
  readonly template?: string | undefined;
  /** Keys of a profile that this system cannot do without. */
  readonly needs: readonly ('kernel' | 'initrd' | 'answerFile' | 'source')[];
  /** Why a profile of this system is accepted but not installed yet; undefined when it is installed. */
  readonly notYet?: string | undefined;
}

/** Where Debian's package debian-installer-12-netboot-amd64 puts the text installer. */
const debian12 = '/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64';

/** The built-in descriptions, by the name that `os` takes. */
export const operatingSystems: Readonly<Record<string, OperatingSystem>> = {
  'debian-12': {
    family: 'debian',
    kernel: `${debian12}/linux`,
    initrd: `${debian12}/initrd.gz`,
    template: 'templates/answer/debian-12.preseed.liquid',
    needs: [],
  },
  'centos-7': {
    family: 'anaconda',
    needs: ['source'],
    notYet: 'installing centos-7 comes with a later version of rackready; until then its machines boot from disk',
  },
  custom: { family: 'custom', needs: ['kernel', 'initrd', 'answerFile'] },
};

export const operatingSystemNames = Object.keys(operatingSystems);

/** The Debian package that brings a file of the installer, if the path is one of its own. */
export function installerPackage(path: string): string | undefined {
  const match = /^\/usr\/lib\/debian-installer\/images\/([0-9]+)\/([a-z0-9]+)\//.exec(path);
  return match ? `debian-installer-${match[1]}-netboot-${match[2]}` : undefined;
}
