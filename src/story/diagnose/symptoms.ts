/** What a person sees, and which rules may be behind it. */
export interface Symptom {
  /** The page's file name in docs/symptoms, without `.md`. */
  readonly page: string;
  readonly title: string;
  /** What stands on the screen, or what is seen otherwise: a row of the index each. */
  readonly screens: readonly string[];
  /** How to tell the causes apart, for somebody who has only the screen. */
  readonly seen: string;
  /** Ids of rules, the usual cause first. */
  readonly rules: readonly string[];
}

/** By stage, as a boot goes. Every rule is on exactly one page. */
export const symptoms: readonly Symptom[] = [
  {
    page: 'no-offers',
    title: 'No offers: PXE-E51, PXE-E61, or nothing at all',
    screens: [
      'PXE-E51: no DHCP or proxyDHCP offers',
      'PXE-E61: media test failure, check cable',
      'PXE-E16: no offer received',
      'the machine does nothing, and nothing comes in `watch`',
    ],
    seen: 'PXE-E61 is the cable or the switch port. Otherwise `rackready watch` tells the cases apart: does anything of this machine arrive, is it answered, and is the answer taken? A machine of which nothing at all is heard has a story only once it was granted an installation, or woken.',
    rules: [
      'offers-unheard',
      'not-answered',
      'pool-full',
      'relay-unserved',
      'port-blocked',
      'offer-spoilt',
      'nothing-heard',
    ],
  },
  {
    page: 'pxe-e53',
    title: 'PXE-E53: no boot file name, or UEFI goes back to its menu',
    screens: ['PXE-E53: no boot filename received', 'UEFI returns to its menu or setup without a word'],
    seen: 'The machine was offered an address and nothing to boot. UEFI firmware drops such an offer silently, asks four times in 28 seconds and gives up.',
    rules: ['no-boot-file'],
  },
  {
    page: 'pxe-e55',
    title: 'PXE-E55, or PXE-E16 after some seconds',
    screens: [
      'PXE-E55: proxyDHCP service did not reply on port 4011',
      'PXE-E16 after 7 to 15 seconds, although it has an address',
    ],
    seen: 'The firmware was sent to a boot server on port 4011, and nobody answers there.',
    rules: ['boot-server-silent'],
  },
  {
    page: 'pxe-e18',
    title: 'PXE-E18, PXE-E32, PXE-E11: the server does not answer',
    screens: [
      'PXE-E18: server response timeout',
      'PXE-E32: TFTP open timeout',
      'PXE-E11: ARP timeout',
      'the first file stops at its beginning',
      'a file stops at 32, 64 or 92 MB',
    ],
    seen: 'The machine has its address and cannot load, or not to the end. Where it stops tells the cause: before its request arrives, before our answer arrives, at the first full block, or at block 65535.',
    rules: [
      'tftp-answers-lost',
      'boot-file-not-asked',
      'path-mtu',
      'no-route-to-server',
      'tftp-elsewhere',
      'block-rollover',
    ],
  },
  {
    page: 'file-not-found',
    title: 'PXE-T01, PXE-E3B, PXE-E23, PXE-E99: the file is not there, or is no boot file',
    screens: [
      'PXE-T01 or PXE-E3B: file not found',
      'PXE-E23: TFTP error from server',
      'PXE-E99, “NBP filesize is 0 Bytes”',
      'PXE-E05: the buffer is smaller than the file',
      'a file name with strange characters behind it',
      '“NBP filename is http://…”',
    ],
    seen: 'Some DHCP server named a boot file that is not here, is empty, or is none for this firmware. Names that rackready makes are always here: find out who named it.',
    rules: ['boot-file-not-there', 'url-as-file-name', 'name-with-tail', 'empty-boot-file'],
  },
  {
    page: 'http-boot',
    title: 'UEFI HTTP boot: it has an address, then an error',
    screens: [
      '“Error: Could not retrieve NBP file size from HTTP server”',
      'HTTP boot ends after the address was given',
    ],
    seen: 'HTTP boot got its URL and never connected.',
    rules: ['http-boot-not-asked'],
  },
  {
    page: 'boots-something-else',
    title: 'It boots something else',
    screens: [
      'another system or menu than ours appears',
      'it boots from us one time, and another time not',
      'it starts from its disk although it is to be installed',
    ],
    seen: 'Another DHCP server was faster, or the network was not asked at all.',
    rules: ['other-dhcp-server', 'other-server-later', 'other-server-naks', 'booted-from-disk'],
  },
  {
    page: 'address',
    title: 'Wrong address, or an address that somebody else has',
    screens: ['“duplicate address”, DECLINE', 'SSH to the reserved address fails after the installation'],
    seen: 'An address belongs to a network card, and to one at a time.',
    rules: ['address-in-use', 'address-changed'],
  },
  {
    page: 'hangs-after-loader',
    title: 'It loads its boot file, then hangs, resets, or says “unsupported”',
    screens: ['“Unsupported image”, “Load Error”', 'a black screen or a reset right after the boot file'],
    seen: 'The boot file arrived whole and does not run on this firmware.',
    rules: ['wrong-architecture'],
  },
  {
    page: 'shim',
    title: 'shim: “Verification failed”, “Access denied”, “TFTP Error”',
    screens: [
      '“Verification failed: (0x1A) Security Violation”, “Access denied”',
      '“SBAT self-check failed”',
      '“Unable to fetch TFTP image: TFTP Error”',
    ],
    seen: 'shim runs. Either it does not accept GRUB, or it looks for it in the wrong place.',
    rules: ['secure-boot-rejected', 'shim-lost-folder'],
  },
  {
    page: 'grub-prompt',
    title: 'It stops at `grub>`',
    screens: ['`grub>`', '“error: no such device”, “error: disk … not found” from GRUB'],
    seen: 'GRUB runs and has no configuration. Whether it asked for one, and by which name, tells the cause.',
    rules: ['grub-config-missing', 'grub-without-network', 'grub-without-http'],
  },
  {
    page: 'pxelinux',
    title: 'PXELINUX: “Failed to load ldlinux.c32”',
    screens: ['“Failed to load ldlinux.c32”'],
    seen: 'PXELINUX runs and lacks its own library.',
    rules: ['ldlinux-missing'],
  },
  {
    page: 'ipxe',
    title: 'iPXE: starts again and again, “Nothing to boot”, “Operation not permitted”',
    screens: [
      'iPXE starts over about every 18 seconds',
      'iPXE: “Nothing to boot”, “No more network devices”',
      'iPXE: “Operation not permitted”, “Operation not supported”',
    ],
    seen: 'iPXE was told something that it cannot do, or what leads back to itself. rackready gives iPXE a script and an address that its build can load from, so the word comes from another server.',
    rules: ['ipxe-loop', 'ipxe-no-http', 'ipxe-no-https'],
  },
  {
    page: 'slow',
    title: 'Loading takes minutes',
    screens: ['the progress of kernel or initrd crawls'],
    seen: 'Blocks that are lost and blocks that are small look the same on the screen, and different here.',
    rules: ['slow-transfer'],
  },
  {
    page: 'no-kernel',
    title: 'The loader has its configuration and loads no kernel',
    screens: [
      'a boot menu that waits',
      'GRUB: “error: file … not found”',
      'rackready: “the installer could not be loaded”',
    ],
    seen: 'The loader knows what to do. Its screen says why it does not do it.',
    rules: ['kernel-not-there', 'config-no-kernel'],
  },
  {
    page: 'kernel-panic',
    title: 'Kernel panic, “VFS: unable to mount root fs”, “invalid magic”',
    screens: [
      '“Kernel panic - not syncing: VFS: Unable to mount root fs”',
      '“invalid magic number”, “Booting kernel failed”',
    ],
    seen: 'The kernel runs without its initrd.',
    rules: ['initrd-missing'],
  },
  {
    page: 'installer-asks',
    title: 'The installer asks questions, or does not come up',
    screens: [
      'the installer asks for a language, a keyboard or name servers',
      '“dracut-initqueue timeout”',
      'the kernel starts, and then nothing',
    ],
    seen: 'The installer runs without its answer file. How far it came on the network tells why: no address, an address and no request, or a request that was refused.',
    rules: [
      'answer-refused',
      'template-error',
      'answer-not-asked',
      'installer-silent',
      'installer-other-card',
      'arguments-cut',
    ],
  },
  {
    page: 'packages',
    title: 'The installation stops at its packages',
    screens: ['“Bad archive mirror”, “no kernel modules were found”', '“Failed to download metadata for repo”'],
    seen: 'The package source lacks something that the installer needs.',
    rules: ['repository-incomplete'],
  },
  {
    page: 'held',
    title: '“rackready: holds …”',
    screens: ['“rackready: holds …”, then it boots from its disk'],
    seen: 'An installation was begun and not reported, and would have begun again.',
    rules: ['install-loop'],
  },
  {
    page: 'firmware-setup',
    title: 'After “boots from disk” it lands in the firmware’s setup, or asks the network again',
    screens: [
      'the firmware’s setup or boot menu appears after “rackready: boots from disk”',
      'it boots from the network round and round',
    ],
    seen: 'The loader gave the boot back to the firmware, and the firmware found nothing to start.',
    rules: ['local-boot-loop'],
  },
  {
    page: 'mac-globe',
    title: 'A Mac shows a globe',
    screens: ['a blinking globe, then the Mac boots from its disk', 'a turning globe, and the Mac starts over'],
    seen: 'A blinking globe: the Mac looks for NetBoot and gets no answer. A turning globe: it loads. A Mac without a grant gets no answer on purpose, and that raises no diagnosis.',
    rules: ['mac-not-started', 'mac-cannot-boot', 'mac-not-answered', 'mac-image-refused', 'mac-file-not-asked'],
  },
];

const PAGES: ReadonlyMap<string, string> = new Map(
  symptoms.flatMap(({ page, rules }) => rules.map((id) => [id, page])),
);

/** Where a rule is explained, from the project's folder: "docs/symptoms/pxe-e53.md#no-boot-file". */
export function sectionOf(rule: string): string {
  return `docs/symptoms/${PAGES.get(rule) ?? 'README'}.md#${rule}`;
}
