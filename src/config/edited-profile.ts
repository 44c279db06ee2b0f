import { type AnswerInput, renderAnswer } from '../boot/answer.ts';
import { checkTemplates, DUMMY_TOKEN, networkOf } from '../boot/check-templates.ts';
import { planKernelLine } from '../boot/kernel-line.ts';
import type { Profile } from '../boot/profile.ts';
import { createTemplates, type ReadTemplate, type Templates } from '../boot/template.ts';
import type { Machine } from '../machine/machine.ts';
import { formatIpv4 } from '../net/ipv4.ts';
import type { CheckReport } from './check-aside.ts';
import { createMask } from './mask.ts';
import { readPlainYaml } from './plain-yaml.ts';
import type { Settings } from './settings.ts';

/** A machine that an edit concerns, and what would be different for it: "kernel line", "answer file" … */
export interface MachineChange {
  readonly machine: string;
  readonly what: readonly string[];
}

interface Edited {
  readonly before: Settings;
  readonly after: Settings;
  readonly profile: string;
  readonly preview?: string | undefined;
}

/**
 * What an edited profile comes to: the machines that would break, those that would get something else, and what one machine
 * would be sent. An anchor may carry the edit into other profiles: their machines count, too.
 */
export function checkEditedProfile(edited: Edited, read: ReadTemplate): Omit<CheckReport, 'problems'> {
  const { before, after, profile } = edited;
  const isOther = ({ name }: Profile) =>
    JSON.stringify(before.profiles.get(name)) !== JSON.stringify(after.profiles.get(name));
  const others = new Set([...after.profiles.values()].filter(isOther).map(({ name }) => name));
  const users = [...after.machines.values()].filter(({ profile: own = '' }) => own === profile || others.has(own));
  const machines = new Map(users.map((machine) => [machine.name, machine]));
  const { networks, defaults, profiles, server } = after;
  const templateSettings = { machines, profiles, networks, defaults, httpPort: server.httpPort };
  const templates = createTemplates(read);
  const changes = users
    .filter(({ profile: own = '' }) => others.has(own))
    .map(({ name }) => ({ machine: name, what: differences(edited, templates, name) }));
  const shown = edited.preview === undefined ? undefined : render(after, templates, edited.preview, profile);
  const seen = after.machines.get(edited.preview ?? '');
  const mask = seen && createMask(after, seen);
  return {
    machines: users.map(({ name }) => name),
    broken: checkTemplates(templateSettings, { readTemplate: read, readYaml: readPlainYaml }),
    changes: changes.filter(({ what }) => what.length > 0),
    preview: shown?.answer && mask?.(shown.answer),
    kernelLine: shown && mask?.(shown.kernelLine),
  };
}

function differences({ before, after }: Edited, templates: Templates, name: string): string[] {
  const [old, now] = [before, after].map((settings) => ({
    profile: settings.profiles.get(settings.machines.get(name)?.profile ?? ''),
    rendered: render(settings, templates, name),
  }));
  const differs = (part: (one: typeof now) => unknown) => JSON.stringify(part(old)) !== JSON.stringify(part(now));
  const isOnce = now?.profile?.install === 'once';
  return [
    differs((one) => one?.profile?.install) && (isOnce ? 'installed without being asked' : 'installed only when asked'),
    differs((one) => [one?.profile?.kernel, one?.profile?.initrd, one?.profile?.iso]) && 'kernel and initrd',
    differs((one) => one?.rendered?.kernelLine) && 'kernel line',
    differs((one) => one?.rendered?.answer) && 'answer file',
    differs((one) => one?.profile?.source) && 'source',
    differs((one) => one?.profile?.deadlineSeconds) && 'deadline',
  ].filter((what) => what !== false);
}

/** What a machine is sent as it installs, with a token that stands for the grant's. `other`: under another profile than its own. */
function render(settings: Settings, templates: Templates, name: string, other?: string) {
  const { machines, profiles, networks, defaults, server } = settings;
  const machine: Machine | undefined = machines.get(name);
  const profile = profiles.get(other ?? machine?.profile ?? '');
  const network = machine && networkOf(machine, networks);
  const mac = machine?.macs[0];
  if (!machine || !profile || !network || mac === undefined) return undefined;
  const { httpPort } = server;
  const input: AnswerInput = {
    machine,
    profile,
    network,
    defaults,
    mac,
    address: machine.address,
    httpPort,
    token: DUMMY_TOKEN,
  };
  const answer = renderAnswer(templates, input);
  const { words } = planKernelLine({ ...input, host: formatIpv4(network.address) });
  return { kernelLine: words.join(' '), answer: answer.kind === 'problem' ? undefined : answer.text };
}
