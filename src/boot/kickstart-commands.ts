import type { KickstartVersion } from './profile.ts';

/** What Anaconda's parser knows, by version. From pykickstart's handlers/rhel7.py, rhel9.py and rhel10.py. */
export interface KickstartSyntax {
  readonly commands: ReadonlySet<string>;
  /** Commands that were there once, with what stands in their place. */
  readonly removed: ReadonlyMap<string, string>;
  readonly sections: ReadonlySet<string>;
  /** `command --option` that this version refuses, with what to write instead. */
  readonly removedOptions: ReadonlyMap<string, string>;
}

const words = (text: string) => text.trim().split(/\s+/);

/** In all three versions. */
const COMMON = words(`
  autopart bootloader btrfs cdrom clearpart cmdline driverdisk eula fcoe firewall firstboot graphical group halt
  harddrive ignoredisk iscsi iscsiname keyboard lang liveimg logvol mediacheck network nfs part partition poweroff raid
  realm reboot repo rescue rootpw selinux services shutdown skipx sshpw text timezone updates url user vnc volgroup
  xconfig zerombr zfcp
`);
const ONLY_7 = words(
  'auth authconfig autostep device deviceprobe dmraid install logging multipath unsupported_hardware upgrade',
);
const SINCE_8 = words(
  'authselect hmc module mount nvdimm ostreesetup reqpart rhsm snapshot sshkey syspurpose timesource zipl',
);
/** Sections in all three versions. */
const SECTIONS = words('%pre %pre-install %post %traceback %packages %addon %anaconda');

const gone = (...names: string[]) => new Map(names.map((name) => [name, 'leave it out'] as const));
const GONE_9 = gone('device', 'deviceprobe', 'dmraid', 'install', 'multipath', 'upgrade');

/** Deprecated commands that this version ignores with a warning count as known. */
const syntaxes: Readonly<Record<KickstartVersion, KickstartSyntax>> = {
  rhel7: {
    commands: new Set([...COMMON, ...ONLY_7, 'ostreesetup']),
    removed: new Map([
      ['sshkey', 'write authorized_keys in %post'],
      ['timesource', 'write timezone --ntpservers='],
      ['authselect', 'write authconfig'],
    ]),
    sections: new Set(SECTIONS),
    removedOptions: new Map(),
  },
  rhel9: {
    commands: new Set([...COMMON, ...SINCE_8, 'auth', 'authconfig', 'autostep', 'logging']),
    removed: GONE_9,
    sections: new Set([...SECTIONS, '%onerror']),
    removedOptions: new Map(),
  },
  rhel10: {
    commands: new Set([...COMMON, ...SINCE_8, 'ostreecontainer', 'rdp', 'bootc', 'certificate']),
    removed: new Map([...GONE_9, ['auth', 'write authselect'], ['authconfig', 'write authselect'], ...gone('logging')]),
    sections: new Set([...SECTIONS, '%onerror', '%certificate']),
    removedOptions: new Map([
      ['timezone --ntpservers', 'write timesource --ntp-server='],
      ['timezone --nontp', 'write timesource --ntp-disable'],
      ['timezone --isUtc', 'write timezone --utc'],
      ['repo --ignoregroups', 'leave it out'],
      ['network --teamslaves', 'write network --bondslaves='],
      ['network --teamconfig', 'write network --bondopts='],
    ]),
  },
};

export function kickstartSyntax(version: KickstartVersion): KickstartSyntax {
  return syntaxes[version];
}
