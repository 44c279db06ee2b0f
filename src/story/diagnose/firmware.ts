import type { Rule } from './rule.ts';
import { acks, type Heard, heard, isStuckAfter, lacksItsScheme, senderOf, type View } from './view.ts';
import { since, whoIs } from './words.ts';

/** From the firmware's lease to the first file. */

const FIRST_FILE_MS = 20_000;
/** iPXE on UEFI waits for IPv6 first: 13 s were seen, and 43 s on a host that emulates its processor. */
const FIRST_FILE_IPXE_MS = 60_000;

/** Case 6. */
const noBootFile: Rule = {
  id: 'no-boot-file',
  when: ['dhcp.no-boot-file'],
  help: 'There is no boot file for this machine’s firmware: a package with boot loaders is missing on this host, the processor is one that rackready has no loader for, or a combination cannot work (Secure Boot over HTTP). UEFI drops an offer without a boot file silently and goes back to its menu; BIOS says PXE-E53. The reason names the package: `apt-get install` it, and restart the server. `rackready doctor` lists all loaders.',
  find(view) {
    const told = heard(view.events, 'dhcp.no-boot-file').at(-1);
    if (told === undefined || view.fetches.some(({ event }) => event.seq > told.seq)) return undefined;
    const asked = heard(view.events, 'dhcp.discover').findLast(({ seq }) => seq < told.seq);
    const install = /Install it with: (.+)$/.exec(told.data.reason)?.[1];
    return {
      evidence: [...(asked ? [asked] : []), told],
      confidence: 0.95,
      cause: `there is no boot file for ${whoIs(view)} (architecture ${told.data.arch}): ${told.data.reason.replace(/\. Install it with: .+$/, '')}`,
      remedy: install
        ? `Run \`${install}\` on this host and restart the server`
        : 'Use another mode of the firmware that is served (UEFI x64 or BIOS, PXE instead of HTTP); `rackready doctor` lists the boot loaders that are here',
    };
  },
};

/** Case 8. */
const httpBootNotAsked: Rule = {
  id: 'http-boot-not-asked',
  when: ['dhcp.ack'],
  help: 'UEFI HTTP boot got its address and the URL, and never connected: many vendors’ firmware allows https only (“HTTP boot connections”: allow http in the setup), something drops TCP to our port, or the route is missing. Our URLs name an address, so DNS is not the reason. PXE works in the meantime: choose the PXE entry of the boot menu.',
  find(view) {
    const ack = acks(view.events, 'http').at(-1);
    if (ack?.data.bootFile === undefined || !isStuckAfter(view, ack, FIRST_FILE_MS)) return undefined;
    return {
      evidence: [ack],
      confidence: 0.8,
      cause: `${whoIs(view)} was told to boot ${ack.data.bootFile} and has not connected in ${since(view, ack)}: its firmware may allow https only`,
      remedy:
        'Allow plain HTTP boot in the firmware’s setup, or boot the PXE entry instead; check that TCP to the boot listener is let through',
    };
  },
};

/** The firmware's newest lease with a boot file that it did nothing about. */
function notFollowed(view: View): Heard<'dhcp.ack'> | undefined {
  const ack = acks(view.events, 'pxe', 'ipxe').at(-1);
  if (ack?.data.bootFile === undefined) return undefined;
  const patience = senderOf(ack.data.client) === 'ipxe' ? FIRST_FILE_IPXE_MS : FIRST_FILE_MS;
  if (!isStuckAfter(view, ack, patience)) return undefined;
  const others = heard(view.events, 'dhcp.other-nak', 'dhcp.other-answer', 'dhcp.chose-other', 'dhcp.decline');
  return others.length > 0 ? undefined : ack;
}

function isInside(address: string, subnet: string): boolean {
  const [base = '', length = '32'] = subnet.split('/');
  const number = (text: string) => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(length));
  return Math.floor(number(address) / size) === Math.floor(number(base) / size);
}

function hasRoute({ data }: Heard<'dhcp.ack'>): boolean {
  const { nextServer, subnet, router } = data;
  return nextServer === undefined || subnet === undefined || router !== undefined || isInside(nextServer, subnet);
}

/** Case 15. */
const noRouteToServer: Rule = {
  id: 'no-route-to-server',
  when: ['dhcp.ack'],
  help: 'PXE-E18 or PXE-E11 after the address was given: the server to load from is in another subnet, and the machine was told of no router. Set `router` of its network.',
  find(view) {
    const ack = notFollowed(view);
    if (ack === undefined || hasRoute(ack)) return undefined;
    const { nextServer, subnet } = ack.data;
    return {
      evidence: [ack],
      confidence: 0.9,
      cause: `${whoIs(view)} is to load from ${nextServer}, which is not in its subnet ${subnet}, and it was told of no router`,
      remedy: `Set \`router\` of network ${ack.network ?? 'NAME'}`,
    };
  },
};

/** Case 12 b, and 27 where the missing HTTP is known. */
const bootFileNotAsked: Rule = {
  id: 'boot-file-not-asked',
  when: ['dhcp.ack'],
  help: 'The machine has its address and knows what to load, and its request never arrives: something drops UDP to port 69 (iPXE: TCP to the boot listener) on the way in. On this host `rackready doctor` finds the rules that do; on the way, a switch or router may filter. In a container, use the host’s network: a bridge loses the ports.',
  find(view) {
    const ack = notFollowed(view);
    if (ack === undefined || !hasRoute(ack) || lacksItsScheme(view, ack.data.bootFile ?? '')) return undefined;
    const { address, bootFile, nextServer } = ack.data;
    const isHttp = bootFile?.startsWith('http');
    return {
      evidence: [ack],
      confidence: 0.65,
      cause: `${whoIs(view)} has ${address} and was told to load ${bootFile} from ${nextServer ?? 'us'}, and no request for it has arrived in ${since(view, ack)}`,
      remedy: `Let ${isHttp ? 'TCP to the boot listener’s port' : 'UDP to port 69'} in on this host (\`rackready doctor\` finds rules that drop it) and on the way`,
    };
  },
};

export const firmwareRules: readonly Rule[] = [noBootFile, httpBootNotAsked, noRouteToServer, bootFileNotAsked];
