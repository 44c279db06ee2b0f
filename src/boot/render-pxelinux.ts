import { type BootTextInput, HOLD_SECONDS } from './boot-text.ts';
import { type SerialConsole, wrapText } from './console.ts';
import { type KernelLine, kernelQuote } from './kernel-line.ts';
import { httpBase } from './plan.ts';

/** A configuration for PXELINUX 4 and later. */
export function renderPxelinuxConfig(input: BootTextInput): string {
  const { order } = input;
  // SERIAL has to be the first directive.
  const lines = [...serialLines(input.serial), '# Made by rackready for this request.'];
  switch (order.kind) {
    case 'install':
      lines.push(
        ...say(`rackready: ${order.title}`),
        'DEFAULT install',
        'PROMPT 0',
        ...installLines(input, order.line),
      );
      break;
    case 'local':
      lines.push(...say(`rackready: boots from disk: ${order.reason}`), 'DEFAULT local', 'PROMPT 0');
      break;
    case 'hold':
      lines.push(...say(`rackready: ${order.title}: ${order.reason}.`), ...say(order.next));
      lines.push(`SAY It boots from its disk in ${HOLD_SECONDS} seconds.`);
      lines.push('DEFAULT local', 'PROMPT 1', `TIMEOUT ${HOLD_SECONDS * 10}`);
      break;
  }
  // -1 reports a failed boot to the BIOS, which some want in the place of 0 (SYSLINUX, "LOCALBOOT").
  const isOtherWay = order.kind === 'local' && order.isOtherWay === true;
  return `${[...lines, 'LABEL local', `  LOCALBOOT ${isOtherWay ? '-1' : '0'}`].join('\n')}\n`;
}

/** "::" turns off the prefix of pxelinux.0's own folder. A configuration that came over HTTP was asked for by lpxelinux.0. */
function installLines({ host, httpPort, carrier }: BootTextInput, line: KernelLine): string[] {
  const base = carrier === 'http' ? `${httpBase(host, httpPort)}/` : '::';
  return [
    'LABEL install',
    `  KERNEL ${base}${line.kernel}`,
    `  INITRD ${base}${line.initrd}`,
    `  APPEND ${line.words.map(kernelQuote).join(' ')}`,
  ];
}

function serialLines(serial: SerialConsole | undefined): string[] {
  return serial ? [`SERIAL ${serial.unit} ${serial.speed}`] : [];
}

function say(text: string): string[] {
  return wrapText(text).map((line) => `SAY ${line}`);
}
