import type { KickstartVersion } from './profile.ts';

/** What Anaconda's parser knows, by version. From pykickstart's handlers/rhel7.py to rhel10.py, and f44.py. */
export interface KickstartSyntax {
  readonly commands: ReadonlySet<string>;
  /** Commands that were there once, with what stands in their place. */
  readonly removed: ReadonlyMap<string, string>;
  readonly sections: ReadonlySet<string>;
  /** `command --option` that this version refuses, with what to write instead. */
  readonly removedOptions: ReadonlyMap<string, string>;
}

const words = (text: string) => text.trim().split(/\s+/);

/** In all versions. */
const COMMON = words(`
  autopart bootloader btrfs cdrom clearpart cmdline driverdisk eula fcoe firewall firstboot graphical group halt
  harddrive ignoredisk iscsi iscsiname keyboard lang liveimg logvol mediacheck network nfs part partition poweroff raid
  realm reboot repo rescue rootpw selinux services shutdown skipx sshpw text timezone updates url user vnc volgroup
  xconfig zerombr zfcp
`);
const UNTIL_8 = words('auth authconfig autostep device deviceprobe dmraid install logging multipath');
const ONLY_7 = words('unsupported_hardware upgrade');
const SINCE_8 = words('authselect hmc module mount nvdimm ostreesetup reqpart snapshot sshkey zipl');
const OF_RHEL = words('rhsm syspurpose');
/** Sections in all versions. */
const SECTIONS = words('%pre %pre-install %post %traceback %packages %addon %anaconda');

const gone = (...names: string[]) => new Map(names.map((name) => [name, 'leave it out'] as const));
const GONE_9 = gone('device', 'deviceprobe', 'dmraid', 'install', 'multipath', 'upgrade');

const AUTH_GONE = [
  ['auth', 'write authselect'],
  ['authconfig', 'write authselect'],
] as const;
const TIMEZONE_GONE = [
  ['timezone --ntpservers', 'write timesource --ntp-server='],
  ['timezone --nontp', 'write timesource --ntp-disable'],
  ['timezone --isUtc', 'write timezone --utc'],
] as const;

/** Deprecated commands that this version ignores with a warning count as known. */
const syntaxes: Readonly<Record<KickstartVersion, KickstartSyntax>> = {
  rhel7: {
    commands: new Set([...COMMON, ...UNTIL_8, ...ONLY_7, 'ostreesetup']),
    removed: new Map([
      ['sshkey', 'write authorized_keys in %post'],
      ['timesource', 'write timezone --ntpservers='],
      ['authselect', 'write authconfig'],
    ]),
    sections: new Set(SECTIONS),
    removedOptions: new Map(),
  },
  rhel8: {
    commands: new Set([...COMMON, ...UNTIL_8, ...SINCE_8, ...OF_RHEL]),
    removed: new Map([['timesource', 'write timezone --ntpservers='], ...gone('upgrade')]),
    sections: new Set([...SECTIONS, '%onerror']),
    removedOptions: new Map(),
  },
  rhel9: {
    commands: new Set([...COMMON, ...SINCE_8, ...OF_RHEL, 'timesource', 'auth', 'authconfig', 'autostep', 'logging']),
    removed: GONE_9,
    sections: new Set([...SECTIONS, '%onerror']),
    removedOptions: new Map(),
  },
  rhel10: {
    commands: new Set([
      ...COMMON,
      ...SINCE_8,
      ...OF_RHEL,
      'timesource',
      'ostreecontainer',
      'rdp',
      'bootc',
      'certificate',
    ]),
    removed: new Map([...GONE_9, ...AUTH_GONE, ...gone('logging')]),
    sections: new Set([...SECTIONS, '%onerror', '%certificate']),
    removedOptions: new Map([
      ...TIMEZONE_GONE,
      ['repo --ignoregroups', 'leave it out'],
      ['network --teamslaves', 'write network --bondslaves='],
      ['network --teamconfig', 'write network --bondopts='],
    ]),
  },
  fedora: {
    commands: new Set([...COMMON, ...SINCE_8, 'timesource', 'logging', 'ostreecontainer', 'rdp', 'bootc']),
    removed: new Map([...GONE_9, ...AUTH_GONE, ...gone('autostep')]),
    sections: new Set([...SECTIONS, '%onerror']),
    removedOptions: new Map(TIMEZONE_GONE),
  },
};

export function kickstartSyntax(version: KickstartVersion): KickstartSyntax {
  return syntaxes[version];
}
