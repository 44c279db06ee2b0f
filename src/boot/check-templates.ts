import type { Network } from '../lease/network.ts';
import type { Machine } from '../machine/machine.ts';
import { formatIpv4 } from '../net/ipv4.ts';
import { subnetContains } from '../net/subnet.ts';
import { type AnswerDefaults, type AnswerInput, renderAnswer } from './answer.ts';
import type { ReadYaml } from './autoinstall-check.ts';
import type { Dialect } from './boot-text.ts';
import { checkFormat } from './check-format.ts';
import { serialConsole } from './console.ts';
import { type KernelLine, planKernelLine } from './kernel-line.ts';
import type { Profile } from './profile.ts';
import { renderBootText } from './render-boot-text.ts';
import { ipxeProblem } from './render-ipxe.ts';
import { createTemplates, type ReadTemplate, type TemplateProblem, type Templates } from './template.ts';

/** What has to be known of a configuration to render all its machines. */
export interface TemplateSettings {
  readonly machines: ReadonlyMap<string, Machine>;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly networks: readonly Network[];
  readonly defaults: AnswerDefaults;
  readonly httpPort: number;
}

export interface MachineProblem extends TemplateProblem {
  readonly machine: string;
}

/** Stands where a grant's token will stand. */
export const DUMMY_TOKEN = 'preview';
const DIALECTS: readonly Dialect[] = ['grub', 'ipxe', 'pxelinux'];

/** How templates and answer files are read. */
export interface TemplateReaders {
  readonly readTemplate: ReadTemplate;
  readonly readYaml: ReadYaml;
}

interface Checking extends TemplateReaders {
  readonly templates: Templates;
}

/**
 * Renders every machine's answer file and boot texts as its next installation would get them, and says what breaks: in
 * rendering, or by the rules of the answer file's own format.
 */
export function checkTemplates(settings: TemplateSettings, readers: TemplateReaders): MachineProblem[] {
  const checking = { ...readers, templates: createTemplates(readers.readTemplate) };
  return [...settings.machines.values()].flatMap((machine) =>
    checkMachine(settings, checking, machine).map((problem) => ({ machine: machine.name, ...problem })),
  );
}

/** The network that a machine's reservation lies in, else the first one. */
export function networkOf(machine: Machine, networks: readonly Network[]): Network | undefined {
  const { address } = machine;
  return networks.find((network) => address !== undefined && subnetContains(network.subnet, address)) ?? networks[0];
}

function checkMachine(settings: TemplateSettings, checking: Checking, machine: Machine): TemplateProblem[] {
  const profile = machine.profile === undefined ? undefined : settings.profiles.get(machine.profile);
  const network = networkOf(machine, settings.networks);
  const mac = machine.macs[0];
  // A Mac’s or a PC’s missing profile or network is the configuration’s business, and said there.
  if (profile === undefined || network === undefined || mac === undefined) return [];
  const { httpPort, defaults } = settings;
  const token = DUMMY_TOKEN;
  const input = { machine, profile, network, defaults, mac, address: machine.address, httpPort, token };
  const answer = checkAnswer(checking, input);
  const host = formatIpv4(network.address);
  const line = planKernelLine({ machine, profile, mac, host, httpPort, token });
  const inBoot = checkBootTexts(line, host, httpPort, machine);
  const at = (message: string) => ({ file: `profile ${profile.name}`, line: 1, column: 1, message });
  return [...answer, ...inBoot.map(at)];
}

function checkAnswer({ templates, readTemplate, readYaml }: Checking, input: AnswerInput): TemplateProblem[] {
  const { profile } = input;
  const answer = renderAnswer(templates, input);
  if (answer.kind === 'problem') return [answer.problem];
  const template = () => readTemplate(profile.answerFile) ?? '';
  return checkFormat(profile, answer.text, { template, readYaml });
}

function checkBootTexts(line: KernelLine, host: string, httpPort: number, machine: Machine): string[] {
  const order = { kind: 'install', title: `installs ${machine.name}`, line } as const;
  const serial = serialConsole(line.words);
  const texts = DIALECTS.map((dialect) => renderBootText(dialect, { order, host, httpPort, carrier: 'http', serial }));
  // COMMAND_LINE_SIZE of x86 Linux is 2048 bytes; what is longer is cut off without a word.
  const length = line.words.join(' ').length;
  const tooLong = length > 2000 ? `the kernel's command line is ${length} bytes long, more than 2000` : undefined;
  const control = texts.some((text) => /[^\P{Cc}\n]/u.test(text)) ? 'a boot text has control characters' : undefined;
  const ipxe = machine.loader === 'grub' ? undefined : ipxeProblem(line);
  return [tooLong, control, ipxe].filter((message) => message !== undefined);
}
