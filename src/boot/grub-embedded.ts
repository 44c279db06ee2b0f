/*
 * What is compiled into our GRUB images, so that an image needs only its configuration, kernel and initrd.
 *
 * GRUB runs the early configuration in its rescue parser: plain commands, no `if`. It therefore does one thing: it
 * reads the real script from the memory disk in the same image. That script runs before `normal`, so GRUB's own
 * configuration search (the MAC, then up to eight shortened IP addresses) and its four module lists (command.lst,
 * fs.lst, crypto.lst, terminal.lst) are never asked for: with a silent server each of them would take half a minute.
 */

/** Name of the script inside the memory disk. */
export const EMBEDDED_SCRIPT_NAME = 'rackready.cfg';

/** Folder of the configurations and modules, as GRUB names it on every protocol. */
export const GRUB_PREFIX = '/boot/grub';

/** What GRUB calls network cards: `pxe` on BIOS, numbers on UEFI. */
export const CARDS: readonly string[] = ['pxe', ...Array.from({ length: 8 }, (_, index) => `efinet${index}`)];

export interface EmbeddedOptions {
  readonly firmware: 'bios' | 'uefi';
  /** How often the configuration is asked for before the firmware gets the machine back. */
  readonly tries: number;
  readonly waitSeconds: number;
  /** Dotted address to use when the lease names no server, as it may not where another server gives out the addresses. */
  readonly server?: string | undefined;
}

/** The early configuration: `feature_net_search_cfg` holds should somebody start `normal` by hand. */
export function renderEarlyConfig(): string {
  return `set feature_net_search_cfg=n\nconfigfile (memdisk)/${EMBEDDED_SCRIPT_NAME}\n`;
}

/**
 * The script of the memory disk. It finds the server, asks for `grub.cfg-01-<mac with dashes>` and then `grub.cfg`, and
 * never ends: after the last try it gives the machine back to the firmware. On UEFI that is `exit 1`, because a loader
 * that ends with success counts as a successful boot and many firmwares then open their setup.
 *
 * The configurations that it loads see the exported variables `rackready_server`, `rackready_mac` (dashes) and
 * `rackready_protocol` (tftp or http) besides GRUB's own; `root` and `prefix` name the same server.
 */
export function renderEmbeddedScript(options: EmbeddedOptions): string {
  const leave = options.firmware === 'uefi' ? 'exit 1' : 'exit';
  const tries = Array.from({ length: options.tries }, (_, index) => `${index + 1}`);
  return [
    'export rackready_server rackready_mac rackready_protocol',
    // GRUB itself exports these only for the firmware's lease, not for one of its own.
    'export net_default_interface net_default_server net_default_mac net_default_ip',
    'set rackready_server="$net_default_server"',
    'if [ -z "$rackready_server" ]; then regexp --set=2:rackready_server "^(tftp|http),(.*)" "$root"; fi',
    `for try in ${tries.join(' ')}; do`,
    ...[...findServer(options), ...macWithDashes, ...loadConfiguration, ...explainFailure(options)].map(
      (line) => `  ${line}`,
    ),
    'done',
    'echo "Going on to the next boot device."',
    'sleep 3',
    leave,
    '',
  ].join('\n');
}

/**
 * The firmware's own lease is used when GRUB has it: from the cached PXE reply, or from the address that UEFI HTTP boot
 * loaded the image from. Otherwise GRUB asks by itself: Apple's firmware hands over neither, and GRUB 2.06 does not read
 * the address of an HTTP boot whose lease had name servers (option 6; seen with EDK2 2022.11, whose device path then has
 * a DNS node). Interfaces are then called "efinet0:dhcp", but `net_default_interface` gives `net_default_mac` only with
 * an underscore.
 */
function findServer(options: EmbeddedOptions): readonly string[] {
  return [
    'if [ -z "$rackready_server" ]; then',
    '  echo "The firmware left no lease to GRUB: asking for an address."',
    '  net_bootp',
    `  for card in ${CARDS.join(' ')}; do`,
    `    eval "set leased=\\$net_\${card}_dhcp_ip"`,
    '    if [ -n "$leased" -a -z "$rackready_server" ]; then',
    `      set net_default_interface="\${card}_dhcp"`,
    `      eval "set rackready_server=\\$net_\${card}_dhcp_next_server"`,
    '    fi',
    '  done',
    ...(options.server === undefined
      ? []
      : [`  if [ -z "$rackready_server" ]; then set rackready_server="${options.server}"; fi`]),
    '  if [ -n "$rackready_server" ]; then set net_default_server="$rackready_server"; fi',
    'fi',
    'if regexp --set=1:rackready_protocol "^(tftp|http)," "$root"; then',
    '  true',
    'elif [ -n "$rackready_server" ]; then',
    '  set rackready_protocol=tftp',
    `  set root="tftp,\${rackready_server}"`,
    `  set prefix="(\${root})${GRUB_PREFIX}"`,
    'fi',
  ];
}

const octet = '([0-9a-f][0-9a-f])';

/** Sets `rackready_mac` from the MAC of the interface that `net_default_interface` names. */
export const macWithDashes: readonly string[] = [
  'set rackready_mac="$net_default_mac"',
  `if regexp --set=1:a --set=2:b --set=3:c --set=4:d --set=5:e --set=6:f "^${Array(6).fill(octet).join(':')}" "$net_default_mac"; then`,
  `  set rackready_mac="\${a}-\${b}-\${c}-\${d}-\${e}-\${f}"`,
  'fi',
];

/** `configfile` does not say whether there was a file: it comes back when there was none, or when it decided nothing. */
const loadConfiguration: readonly string[] = [
  'if [ -n "$rackready_server" ]; then',
  `  if [ -n "$rackready_mac" ]; then configfile "\${prefix}/grub.cfg-01-\${rackready_mac}"; fi`,
  `  configfile "\${prefix}/grub.cfg"`,
  'fi',
];

function explainFailure(options: EmbeddedOptions): readonly string[] {
  return [
    'echo',
    'if [ -n "$rackready_server" ]; then',
    '  echo "This machine has no boot configuration."',
    '  echo "  asked:    $rackready_server, by $rackready_protocol"',
    `  echo "  for:      $prefix/grub.cfg-01-$rackready_mac"`,
    `  echo "  and for:  $prefix/grub.cfg"`,
    '  echo "The file is not there, the server does not answer, or the file boots nothing."',
    '  echo "On the deploy host, rackready watch shows what arrives from this machine;"',
    '  echo "if nothing does, a firewall closes UDP port 69 or TCP port 80 there."',
    'else',
    '  echo "This machine found no server to boot from."',
    '  echo "No DHCP answer named one: see whether rackready serves this network"',
    '  echo "(rackready watch on the deploy host), and look at cable and VLAN."',
    // GRUB does not read a proxy's offer: seen beside ISC dhcpd without next-server, with EDK2 and GRUB 2.06.
    '  echo "In proxy mode: install ipxe on the deploy host, or let the other DHCP"',
    '  echo "server name the deploy host as its next-server."',
    'fi',
    `echo "Try $try of ${options.tries} failed; ${options.waitSeconds} seconds to the next step, ESC goes there at once."`,
    `sleep --interruptible ${options.waitSeconds}`,
  ];
}
