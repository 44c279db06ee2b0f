import { z } from 'zod';
import { parseOptionCode } from './dhcp-options.ts';
import { mirrorShape } from './mirror-schema.ts';
import { didYouMean } from './nearest.ts';
import * as form from './scalars.ts';

/** A map with exactly these keys. Each unknown key gets a line of its own in the message, in the order of `issue.keys`. */
function strict<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const allowed = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => `unknown key: ${didYouMean(key, allowed)}allowed: ${allowed.join(', ')}`).join('\n')
        : form.wrongKind(issue.input, `a map with the keys ${allowed.join(', ')}`),
  });
}

function named<Entry extends z.core.SomeType>(entry: Entry) {
  return z.record(form.entryName, entry, { error: (issue) => recordError(issue, 'a map by name') }).prefault({});
}

function recordError(issue: z.core.$ZodRawIssue, expected: string): string | undefined {
  if (issue.code === 'invalid_key') return issue.issues[0]?.message;
  return form.wrongKind(issue.input, expected);
}

const addresses = form
  .list(form.address, 'addresses like [192.168.1.1]')
  .min(1, 'is empty: expected at least one address');
const values = z.record(z.string(), z.unknown(), {
  error: (issue) => form.wrongKind(issue.input, 'a map of your own values'),
});
const loader = form.choice(['auto', 'grub', 'ipxe']);
const addressing = form.choice(['dhcp', 'static']);

const server = strict({
  httpPort: form.wholeNumber(1, 65_535).default(80).describe('TCP port of the boot listener on the served networks.'),
  tftp: strict({
    maxBlockSize: form.wholeNumber(512, 65_464).default(1468).describe('Largest TFTP block (RFC 2348).'),
    maxWindow: form.wholeNumber(1, 65_535).default(16).describe('Largest TFTP window (RFC 7440); 1 turns windows off.'),
    ports: form.portRange.optional().describe('UDP ports for transfers: first-last. Default: any.'),
  }).prefault({}),
  accelLocation: form.urlFolder
    .optional()
    .describe('Location of an nginx on this host that has the pool of the mirrors, and sends their files for us.'),
  bootFolder: form.filePath.optional().describe('Folder with more files to serve by TFTP and HTTP.'),
  user: form.userName.default('rackready').describe('Account that the server runs as after its sockets are open.'),
  admin: strict({
    listen: form.adminListen
      .default(form.DEFAULT_ADMIN_LISTEN)
      .describe('Where the admin API listens besides its unix socket: address:port, or off. Wants a token.'),
  }).prefault({}),
  scrub: strict({
    schedule: form.scheduleOrOff
      .default('17 4 * * sun')
      .describe('When everything in mirrors is read again and compared: five fields as in crontab(5), or off.'),
    bandwidth: form.rate.default(20_000_000).describe('How fast, like 20MB.'),
  }).prefault({}),
});

const defaults = strict({
  domain: form.domain.optional().describe('Domain of networks and machines that name none.'),
  dns: addresses.optional().describe('Name servers of networks that name none.'),
  ntp: addresses.optional().describe('Time servers of networks that name none.'),
  timezone: form.timezone.default('UTC'),
  locale: form.locale.default('en_US.UTF-8'),
  keymap: form.keymap.default('us'),
  user: form.userName
    .refine((name) => name !== 'root', 'is root: expected the name of an ordinary account, which gets sudo')
    .default('admin')
    .describe('Account that an installed system gets.'),
  sshKeys: form
    .list(form.sshKey, 'public keys')
    .default([])
    .describe('Public keys of that account, one line of a .pub file each.'),
  rootPasswordHash: form.passwordHash.optional().describe('crypt(3) hash. Default: root has no password.'),
  secureBoot: form.flag.default(false).describe('Send the signed shim and GRUB to UEFI firmware.'),
  loader: loader.default('auto').describe('Boot loader: auto sends a script to iPXE and GRUB to everything else.'),
  addressing: addressing
    .default('dhcp')
    .describe('How an installed system gets its address: by DHCP, or static, from the machine’s address.'),
  vars: values.default({}).describe('Your own values for templates: vars.NAME.'),
});

const pool = strict({
  range: form.range.describe('First and last address: 192.168.1.100-192.168.1.199.'),
  clients: form.choice(['dhcp', 'bootp']).default('dhcp').describe('bootp: only for BOOTP clients.'),
});

const optionCode = z.string().superRefine((key, context) => {
  const code = parseOptionCode(key);
  if (typeof code !== 'number') context.addIssue({ code: 'custom', message: code.problem });
});

const dhcp = strict({
  mode: form
    .choice(['authoritative', 'proxy', 'observe', 'off'])
    .describe(
      'authoritative gives addresses; proxy adds boot information to another server; observe only listens; off.',
    ),
  leaseTime: form.duration.default(3600).describe('Lease of a client that asks for no time.'),
  minLeaseTime: form.duration.optional().describe('Shortest lease. Default: 120 s, or leaseTime if that is shorter.'),
  maxLeaseTime: form.duration.optional().describe('Longest lease. Default: a day, or leaseTime if that is longer.'),
  conflictProbe: form.flag.default(true).describe('Ask whether a pool address is in use before offering it.'),
  unknownClients: form.flag.default(true).describe('Give pool addresses to machines without a reservation.'),
  bootp: form.flag.default(true).describe('Answer BOOTP clients.'),
  replies: form
    .choice(['auto', 'broadcast'])
    .default('auto')
    .describe('broadcast: never by unicast to a client without an address.'),
  pools: form.list(pool, 'pools like {range: 192.168.1.100-192.168.1.199}').default([]),
  options: z
    .record(optionCode, z.unknown(), { error: (issue) => recordError(issue, 'a map of options') })
    .default({})
    .describe('More DHCP options by number (1-254) or name.'),
});

const network = strict({
  interface: form.interfaceName.optional().describe('Interface of this host. Absent: reached through relays only.'),
  subnet: form.subnet.describe('192.168.1.0/24'),
  address: form.address.describe('This host’s address, as the machines reach it.'),
  router: form.address.optional(),
  dns: addresses.optional().describe('Default: defaults.dns, else router, else address.'),
  domain: form.domain.optional(),
  ntp: addresses.optional(),
  mtu: form.wholeNumber(576, 9216).optional().describe('Sent as option 26; limits TFTP blocks.'),
  dhcp: dhcp.default({
    mode: 'observe',
    leaseTime: 3600,
    conflictProbe: true,
    unknownClients: true,
    bootp: true,
    replies: 'auto',
    pools: [],
    options: {},
  }),
});

const profile = strict({
  os: form
    .text('the name of a built-in description, like debian-12, or custom')
    .describe(
      'debian-12, debian-13, ubuntu-24.04, ubuntu-26.04, rocky-9, rocky-10, alma-9, alma-10, centos-7 or custom.',
    ),
  kernel: form.filePath.optional().describe('Path (relative to this file) or URL.'),
  initrd: form.filePath.optional().describe('Path (relative to this file) or URL.'),
  arguments: form.kernelArguments.default('').describe('Appended to what the description needs.'),
  answerFile: form.filePath.optional().describe('Template: a path (relative to this file), or a name in templates.'),
  source: form.source.optional().describe('Where packages come from: URL, absolute folder, or mirror:NAME.'),
  iso: form.filePath.optional().describe('Ubuntu: path (relative to this file) or URL of the live server’s ISO.'),
  install: form
    .choice(['manual', 'once'])
    .default('manual')
    .describe('once: install each machine one time without being asked.'),
  deadline: form.duration.default(7200).describe('How long an installation may take.'),
});

const power = strict({
  method: form.choice(['wake-on-lan']).default('wake-on-lan').describe('How it is switched on from here.'),
  password: form.secureOn
    .optional()
    .describe('SecureOn password of its card: six octets in quotes, like a MAC address. A secret.'),
});

const machine = strict({
  mac: form.mac.optional(),
  macs: form.list(form.mac, 'MAC addresses').min(1, 'is empty: expected at least one MAC address').optional(),
  uuid: form.uuid.optional().describe('SMBIOS UUID.'),
  address: form.address.optional().describe('Reserved address, outside the pools.'),
  addressing: addressing
    .optional()
    .describe('static: the installed system has address written into its own configuration.'),
  network: form
    .text('the name of a network')
    .optional()
    .describe('Network that address belongs to; found by itself when absent.'),
  hostName: form.hostLabel.optional().describe('Default: the machine’s name here.'),
  domain: form.domain.optional(),
  profile: form.text('the name of a profile').optional(),
  kind: form.choice(['pc', 'mac']).default('pc'),
  model: form.macModel
    .optional()
    .describe('Mac only: "Macmini6,2". Learned by itself when the Mac boots from the network.'),
  firmware: form.choice(['efi32', 'efi64']).optional().describe('Mac only: what its EFI can run, if not as its model.'),
  cpuBits: z
    .union([z.literal(32), z.literal(64)], { error: (issue) => form.wrongKind(issue.input, '32 or 64') })
    .optional()
    .describe('Mac only: of its processor, if not as its model (a Macmini1,1 with another processor).'),
  secureBoot: form.flag.optional(),
  loader: loader.optional(),
  power: power.optional().describe('How it is switched on from here. Default: Wake-on-LAN without a password.'),
  vars: values.default({}).describe('Added to defaults.vars for this machine.'),
  notes: form.notes.optional().describe('For people: shown by machines show and the web page, and sent to no machine.'),
});

const mirror = strict(mirrorShape);

const models = form.list(form.macModel, 'models in quotes, like ["Macmini6,2"]');
const macNames = form.list(form.text('the name of a machine, or a MAC address'), 'names of machines or MAC addresses');

const image = strict({
  kind: form
    .choice(['linux', 'localboot', 'efi', 'nbi'])
    .describe('linux: GRUB and what the machine’s grant says; localboot; efi: any EFI program; nbi: a NetBoot folder.'),
  name: form.imageTitle.optional().describe('What the Mac shows. At most 246 bytes; 32 fit its screen.'),
  file: form.filePath
    .optional()
    .describe('efi: a program for 64-bit EFI, 32-bit EFI or both. nbi: the folder. Relative to this file.'),
  file32: form.filePath.optional().describe('efi: the program for 32-bit EFI, where file is for 64-bit EFI only.'),
  rootPath: form.rootPath
    .optional()
    .describe('nbi: where the disk image is, as nfs:ADDRESS:MOUNT:IMAGE. Default: HTTP.'),
  index: form.wholeNumber(1, 65_535).optional().describe('Lower half of its id. 4096 and up: shared between servers.'),
  install: form.flag.optional().describe('Whether it counts as an installer. Default: true for linux.'),
  appleKind: form
    .choice(['macos9', 'macosx', 'macosx-server', 'diagnostics'])
    .optional()
    .describe('What kind of system it counts as. Default: macosx, or what the NetBoot folder says.'),
  default: form.flag.optional().describe('What a Mac boots that holds the N key, when nothing is to be installed.'),
  filterOnly: form.flag.optional().describe('List it only when asked for its kind. Default: true for diagnostics.'),
  profile: form.text('the name of a profile').optional().describe('linux: only for machines that become this.'),
  models: models.optional().describe('Only for these models.'),
  notModels: models.optional().describe('Not for these models.'),
  machines: macNames.optional().describe('Only for these machines, by name or MAC address.'),
  notMachines: macNames.optional().describe('Not for these machines.'),
  unknownMachines: form.flag
    .optional()
    .describe('Also for Macs that are not in machines. Default: true for linux and localboot.'),
});

const mac = strict({
  offerCompat: form
    .choice(['plain', 'seed'])
    .default('plain')
    .describe('seed: the DHCP offer also names the image, as old dhcpd.conf recipes do.'),
  bootFile: form
    .choice(['model', 'fat'])
    .default('model')
    .describe('model: GRUB for 32-bit or 64-bit EFI by the model; fat: one file with both.'),
  priority: form
    .wholeNumber(0, 65_535)
    .default(0x8000)
    .describe('Of several NetBoot servers a Mac takes the one with the highest.'),
  clientAddress: form
    .choice(['lenient', 'strict'])
    .default('lenient')
    .describe('strict: no answer to a Mac that leaves its address out of the header.'),
});

const template = strict({ file: form.filePath });

/** The whole configuration. Its output still has names where `Settings` has resolved values. */
export const configSchema = strict({
  server: server.prefault({}),
  defaults: defaults.prefault({}),
  mac: mac.prefault({}),
  networks: named(network),
  profiles: named(profile),
  machines: named(machine),
  mirrors: named(mirror),
  images: named(image),
  templates: named(template),
  unknownMachines: form.unknownMachines.default({ kind: 'local' }).describe('local, ignore or "install PROFILE".'),
});

export type Config = z.output<typeof configSchema>;
export type NetworkConfig = Config['networks'][string];
export type MachineConfig = Config['machines'][string];
export type ProfileConfig = Config['profiles'][string];
export type MirrorEntry = Config['mirrors'][string];
export type ImageConfig = Config['images'][string];

/** Top-level keys whose value is a map by name, and so may be spread over several files. */
export const namedSections = ['networks', 'profiles', 'machines', 'mirrors', 'images', 'templates'] as const;
/** Top-level keys whose value is a map of settings. */
export const plainSections = ['server', 'defaults', 'mac'] as const;
