import { CARDS, GRUB_PREFIX, macWithDashes } from './grub-embedded.ts';

/*
 * The script inside the images for Intel Macs (BSDP notes, sections 3.5 and 7; seen with GRUB 2.06 in OVMF, in the state
 * that Apple's firmware leaves: the card is there, PXE's protocol and its lease are not).
 *
 * The firmware got an address, chose an image by BSDP and loaded this GRUB by TFTP, but hands none of it over in a way that
 * GRUB reads. So GRUB asks for an address by itself, and what it asks by TFTP it asks of the server that it was made for:
 * the one that the Mac chose. What a lease names comes second, because on a network where another server gives out the
 * addresses it names that one, or nobody.
 */

export interface MacScriptOptions {
  /** Dotted address of the server that hands the image out. */
  readonly server?: string | undefined;
  /** How often the configuration is asked for before the firmware gets the machine back. */
  readonly tries: number;
  readonly waitSeconds: number;
}

/**
 * The script of the memory disk, in place of the one for PCs. `net_bootp` without a card asks on all of them, by DHCP since
 * GRUB 2.04 and by BOOTP before: a Mac Pro has two cards, and the cabled one need not be the first.
 */
export function renderMacScript(options: MacScriptOptions): string {
  const tries = Array.from({ length: options.tries }, (_, index) => `${index + 1}`);
  return [
    'export rackready_server rackready_mac rackready_protocol',
    'export net_default_interface net_default_server net_default_mac net_default_ip',
    'set rackready_protocol=tftp',
    'set rackready_server=""',
    `for try in ${tries.join(' ')}; do`,
    ...[...askForAddress, ...askEachCard(options.server), ...explainFailure(options)].map((line) => `  ${line}`),
    'done',
    'echo "Going back to the firmware."',
    'sleep 3',
    'exit 1',
    '',
  ].join('\n');
}

/**
 * Asked again in each try: a switch port may take half a minute before it forwards anything (spanning tree), and another
 * card may have had the first lease. A card that has one gets it a second time, which does no harm.
 */
const askForAddress: readonly string[] = ['echo "rackready: this Mac asks for its address ..."', 'net_bootp'];

/** Each card that has a lease may be the one on our network; the file is named by that card's MAC. */
function askEachCard(server: string | undefined): readonly string[] {
  return [
    `for card in ${CARDS.filter((card) => card !== 'pxe').join(' ')}; do`,
    `  eval "set rackready_leased=\\$net_\${card}_dhcp_ip"`,
    '  if [ -n "$rackready_leased" ]; then',
    // The name has a colon ("efinet0:dhcp"); as a value of this variable it works only with an underscore.
    `    set net_default_interface="\${card}_dhcp"`,
    `    eval "set rackready_next=\\$net_\${card}_dhcp_next_server"`,
    ...macWithDashes.map((line) => `    ${line}`),
    ...(server === undefined ? [] : ask(server)),
    `    if [ -n "$rackready_next" -a "$rackready_next" != "${server ?? ''}" ]; then`,
    ...ask('$rackready_next').map((line) => `  ${line}`),
    '    fi',
    '  fi',
    'done',
  ];
}

/** `configfile` comes back when there was no file, or when it decided nothing. */
function ask(server: string): readonly string[] {
  return [
    `set rackready_server="${server}"`,
    'set net_default_server="$rackready_server"',
    `set root="tftp,\${rackready_server}"`,
    `set prefix="(\${root})${GRUB_PREFIX}"`,
    `echo "rackready: $rackready_leased asks $rackready_server ..."`,
    `configfile "\${prefix}/grub.cfg-01-\${rackready_mac}"`,
    `configfile "\${prefix}/grub.cfg"`,
  ].map((line) => `    ${line}`);
}

function explainFailure({ tries, waitSeconds }: MacScriptOptions): readonly string[] {
  return [
    'echo',
    'if [ -n "$rackready_server" ]; then',
    '  echo "This Mac has no boot configuration."',
    '  echo "  asked:    $rackready_server, by tftp"',
    `  echo "  for:      $prefix/grub.cfg-01-$rackready_mac"`,
    `  echo "  and for:  $prefix/grub.cfg"`,
    '  echo "The file is not there, the server does not answer, or the file boots nothing."',
    '  echo "On the deploy host, rackready watch shows what arrives from this machine;"',
    '  echo "if nothing does, a firewall closes UDP port 69 there."',
    'else',
    '  echo "This Mac got no address. Its firmware had one, by DHCP, when it loaded this"',
    '  echo "program: see whether the DHCP server has addresses left and answers clients"',
    '  echo "that name no vendor class (rackready watch on the deploy host), and look at"',
    '  echo "the cable. The card must be one that the firmware drives: no Wi-Fi."',
    'fi',
    `echo "Try $try of ${tries} failed; ${waitSeconds} seconds to the next step, ESC goes there at once."`,
    `sleep --interruptible ${waitSeconds}`,
  ];
}
