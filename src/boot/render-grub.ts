import { type BootTextInput, FAILURE_SECONDS, HOLD_SECONDS } from './boot-text.ts';
import { type SerialConsole, wrapText } from './console.ts';
import type { KernelLine } from './kernel-line.ts';

/** Boot loaders of installed systems, below an EFI system partition. `$arch` is x64, ia32 or aa64. */
const EFI_LOADERS = [
  ...['debian', 'ubuntu', 'centos', 'redhat', 'fedora', 'rocky', 'almalinux', 'opensuse', 'sles'].flatMap((name) => [
    `/EFI/${name}/shim$arch.efi`,
    `/EFI/${name}/grub$arch.efi`,
  ]),
  '/EFI/Microsoft/Boot/bootmgfw.efi',
];

/**
 * A word in GRUB's shell. Inside single quotes nothing is special but the quote itself, so `;` `$` `&` `{` `}` survive.
 * Control characters would end the line and are taken out.
 */
export function grubQuote(word: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed.
  const clean = word.replace(/[\u0000-\u001f\u007f]/g, '');
  return `'${clean.replaceAll("'", "'\\''")}'`;
}

/** A grub.cfg that works in BIOS and UEFI builds of 2.02 and later, with or without loadable modules. */
export function renderGrubConfig(input: BootTextInput): string {
  const { order } = input;
  const lines = ['# Made by rackready for this request.', ...serialLines(input.serial)];
  switch (order.kind) {
    case 'install':
      lines.push(...say(`rackready: ${order.title}`), ...installLines(input, order.line));
      break;
    case 'local':
      lines.push(...say(`rackready: boots from disk: ${order.reason}`));
      break;
    case 'hold':
      lines.push(...say(`rackready: ${order.title}: ${order.reason}.`), ...say(order.next));
      lines.push(`echo 'It boots from its disk in ${HOLD_SECONDS} seconds.'`, `sleep ${HOLD_SECONDS}`);
      break;
  }
  return `${[...lines, ...localLines()].join('\n')}\n`;
}

/** Every command may fail, above all for lack of a module; then the next one still has its turn. */
function installLines(input: BootTextInput, line: KernelLine): string[] {
  const words = line.words.map(grubQuote).join(' ');
  return [
    ...baseLines(input),
    "echo 'Loading the kernel ...'",
    `if linux $base/${line.kernel} ${words}; then`,
    "  echo 'Loading the initial ramdisk ...'",
    `  if initrd $base/${line.initrd}; then`,
    '    boot',
    '  fi',
    'fi',
    "echo 'rackready: the installer could not be loaded. The lines above say why.'",
    `sleep ${FAILURE_SECONDS}`,
  ];
}

/** An address with a port is GRUB's own notation: (http,172.22.10.2:8080). */
function baseLines({ host, httpPort, carrier }: BootTextInput): string[] {
  const http = httpPort === 80 ? `(http,${host})` : `(http,${host}:${httpPort})`;
  const tftp = `(tftp,${host})`;
  if (carrier === 'http') return [`set base="${http}"`];
  if (carrier === 'tftp') return [`set base="${tftp}"`];
  // An image without HTTP asks for the module by TFTP, does not find it, and stays with TFTP.
  return [`set base="${tftp}"`, `if insmod http; then set base="${http}"; fi`];
}

/** Only when the arguments name a serial console: on UEFI the firmware often sends its console there already. */
function serialLines(serial: SerialConsole | undefined): string[] {
  if (serial === undefined) return [];
  return [
    `if serial --unit=${serial.unit} --speed=${serial.speed}; then`,
    '  terminal_input console serial',
    '  terminal_output console serial',
    'fi',
  ];
}

/**
 * BIOS: `exit` is INT 18h, the next boot device. UEFI: chain what is installed, and else fail, because firmware takes success
 * for a finished boot and shows its setup. Files are found by `search`; GRUB's `[ -e … ]` is false for every file on the net.
 * The disk must be GRUB's root: the chained loader is told that it came from there (2.06; Debian's own GRUB, told that it came
 * from the network card, stops at "disk `,gpt2' not found").
 * EFI/BOOT/BOOTX64.EFI is left to the firmware: GRUB cannot tell a disk from a USB stick with an installer on it.
 */
function localLines(): string[] {
  return [
    'if [ "$grub_platform" = "efi" ]; then',
    '  set arch=x64',
    '  if [ "$grub_cpu" = "i386" ]; then set arch=ia32; fi',
    '  if [ "$grub_cpu" = "arm64" ]; then set arch=aa64; fi',
    `  for file in ${EFI_LOADERS.join(' ')}; do`,
    '    if search --no-floppy --file --set=root $file; then',
    '      echo "Starting $file on $root"',
    '      if chainloader $file; then boot; fi',
    '    fi',
    '  done',
    '  exit 1',
    'fi',
    'exit',
  ];
}

function say(text: string): string[] {
  return wrapText(text).map((line) => `echo ${grubQuote(line)}`);
}
