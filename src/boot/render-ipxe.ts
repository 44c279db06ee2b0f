import { type BootTextInput, FAILURE_SECONDS, HOLD_SECONDS } from './boot-text.ts';
import { wrapText } from './console.ts';
import { type KernelLine, kernelQuote } from './kernel-line.ts';
import { httpBase } from './plan.ts';

/** iPXE expands `${…}` everywhere and has no way to quote it; such words cannot reach the kernel through it. */
export function ipxeProblem(line: KernelLine): string | undefined {
  const word = line.words.find((text) => text.includes('${') || /^(;|&&|\|\|)$/.test(text));
  return word && `iPXE would read "${word}" as its own syntax, and the kernel would not get it`;
}

/** A script for iPXE of 2015 and later, BIOS and EFI. */
export function renderIpxeScript(input: BootTextInput): string {
  const { order } = input;
  const lines = ['#!ipxe', '# Made by rackready for this request.'];
  switch (order.kind) {
    case 'install':
      lines.push(...say(`rackready: ${order.title}`), ...installLines(input, order.line));
      break;
    case 'local':
      lines.push(...say(`rackready: boots from disk: ${order.reason}`));
      break;
    case 'hold':
      lines.push(...say(`rackready: ${order.title}: ${order.reason}.`), ...say(order.next));
      lines.push(`echo It boots from its disk in ${HOLD_SECONDS} seconds.`, `sleep ${HOLD_SECONDS}`);
      break;
  }
  const isOtherWay = order.kind === 'local' && order.isOtherWay === true;
  return `${[...lines, ...(isOtherWay ? ['exit 1'] : localLines())].join('\n')}\n`;
}

/**
 * autoexec.ipxe: what UEFI builds look for beside themselves before they ask DHCP for a script. It leads to the same
 * script by HTTP, and by TFTP for builds without HTTP.
 */
export function renderIpxeAutoexec(host: string, httpPort: number): string {
  const script = 'ipxe/boot.ipxe';
  return [
    '#!ipxe',
    '# Made by rackready: leads to the script of the machine that asks.',
    'dhcp ||',
    `chain --replace ${httpBase(host, httpPort)}/${script} ||`,
    `chain --replace tftp://${host}/${script} ||`,
    'exit 1',
    '',
  ].join('\n');
}

/** The EFI stub of Linux finds its ramdisk by `initrd=NAME`; without it the kernel panics. BIOS kernels overlook it. */
function installLines({ host, httpPort, carrier }: BootTextInput, line: KernelLine): string[] {
  const base = carrier === 'tftp' ? `tftp://${host}` : httpBase(host, httpPort);
  const words = line.words.map(kernelQuote).join(' ');
  return [
    `kernel ${base}/${line.kernel} initrd=initrd ${words} || goto failed`,
    `initrd --name initrd ${base}/${line.initrd} || goto failed`,
    'boot || goto failed',
    ':failed',
    'echo rackready: the installer could not be loaded. The lines above say why.',
    `sleep ${FAILURE_SECONDS}`,
    'imgfree ||',
  ];
}

/**
 * EFI: fail, so that the firmware goes on with its next boot entry. BIOS: start the first disk, and fail if there is none. The
 * other way is to fail at once: BIOS then goes on with its next boot device.
 */
function localLines(): string[] {
  return [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is iPXE's notation.
    'iseq ${platform} pcbios && sanboot --no-describe --drive 0x80 ||',
    'exit 1',
  ];
}

function say(text: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed.
  const clean = text.replace(/[\u0000-\u001f\u007f]/g, ' ').replaceAll('$', '');
  return wrapText(clean).map((line) => `echo ${line}`);
}
