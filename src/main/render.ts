import { type AnswerInput, answerVariables } from '../boot/answer.ts';
import { answerFileName } from '../boot/answer-files.ts';
import { DUMMY_TOKEN, networkOf } from '../boot/check-templates.ts';
import { planKernelLine } from '../boot/kernel-line.ts';
import type { LoaderCatalog } from '../boot/loaders.ts';
import type { Profile } from '../boot/profile.ts';
import { createMask, type Mask } from '../config/mask.ts';
import type { Settings } from '../config/settings.ts';
import type { Emit } from '../event/event.ts';
import type { MacRow, RenderOptions } from '../http/api/ports.ts';
import {
  type FirmwareKind,
  firmwareKinds,
  type RenderedBoot,
  type RenderedInstallation,
  type RenderedValue,
  type RenderView,
} from '../http/api/render-view.ts';
import type { LeaseBook } from '../lease/book.ts';
import type { Network } from '../lease/network.ts';
import { createLives, type Lives } from '../machine/lives.ts';
import type { Machine } from '../machine/machine.ts';
import { ANY, formatIpv4, type Ipv4 } from '../net/ipv4.ts';
import { formatMacDashed, type Mac } from '../net/mac.ts';
import type { MirrorLookup } from '../serve/boot-deps.ts';
import type { BootResource, Requester } from '../serve/boot-resource.ts';
import type { Base } from './base.ts';
import { type BootState, createBoot } from './boot.ts';
import { askingMac, describeMac } from './macs.ts';
import { type PreviewedDhcp, previewDhcp } from './render-dhcp.ts';
import { previewMac } from './render-mac.ts';
import { createOrigins, type Origins } from './render-origin.ts';
import { answerValues, describeWords } from './render-values.ts';
import { dhcpSetup, type Serving } from './serving.ts';

/** What is rendered for, and with. Everything that answers is the real thing; what it would change is a copy. */
interface Scene {
  readonly state: BootState;
  readonly settings: Settings;
  readonly catalog: LoaderCatalog;
  readonly machine: Machine;
  readonly mac: Mac;
  readonly network: Network;
  readonly address: Ipv4;
  readonly book: LeaseBook;
  readonly lives: Lives;
  readonly mirrors: MirrorLookup;
  readonly now: () => number;
  readonly origins: Origins;
  readonly mask: Mask;
  /** What is known of it as a Mac. */
  readonly macRow: MacRow | undefined;
}

export type RenderMachine = (name: string, options: RenderOptions) => Promise<RenderView | undefined>;

/** Wires `render`: what a machine would be sent now. Takes no step, tells no event, holds no address. */
export function createRender(
  { book, lives, macs, store, now }: Pick<Base, 'book' | 'lives' | 'macs' | 'store' | 'now'>,
  serving: Pick<Serving, 'state' | 'catalog' | 'mirrors'>,
): RenderMachine {
  return async (name, options) => {
    const state = serving.state();
    const { settings } = state;
    const machine = settings.machines.get(name);
    const mac = machine?.macs[0];
    if (machine === undefined || mac === undefined) return undefined;
    const lastSeen = await findLastFirmware(store.events.list, name);
    const leased = settings.networks.find((one) => book.leaseOf(one.name, mac)?.state === 'bound');
    const network =
      machine.address === undefined ? (leased ?? settings.networks[0]) : networkOf(machine, settings.networks);
    if (network === undefined) return withoutNetwork(name, lastSeen);
    const origins = createOrigins(settings);
    const catalog = serving.catalog();
    const setup = dhcpSetup({ state, catalog, lives, now });
    const policy = { loaders: catalog, httpPort: settings.server.httpPort, unknown: settings.unknownMachines.kind };
    const preview = { machine, mac, network, setup, policy, view: book, origins, now: now() };
    const record = machine.macs.map(macs.get).find((one) => one !== undefined);
    const answer = (kind: FirmwareKind) =>
      kind === 'mac'
        ? previewMac({ ...preview, record, asking: askingMac(machine, record, setup.mac) })
        : previewDhcp(kind, preview);
    const usual = firmwareKinds.filter((kind) => (kind === 'mac') === (machine.kind === 'mac'));
    const answers = (options.firmware === undefined ? usual : [options.firmware]).map(answer);
    const address = answers.find((one) => one.address !== undefined)?.address ?? machine.address ?? ANY;
    const mask = options.showSecrets ? (text: string) => text : createMask(settings, machine);
    const macRow = describeMac(machine, macs, { macSetup: () => setup.mac });
    const { mirrors } = serving;
    const who = { machine, mac, network, address };
    const scene = { ...who, state, settings, catalog, book, lives, mirrors, now, origins, mask, macRow };
    return renderScene(scene, answers, lastSeen);
  };
}

async function renderScene(
  scene: Scene,
  answers: readonly PreviewedDhcp[],
  lastSeen: FirmwareKind | null,
): Promise<RenderView> {
  const decision = decide(scene);
  const boots = answers.map(({ address: _address, ...one }) => renderBoot(scene, one, lastSeen));
  return {
    machine: scene.machine.name,
    facts: describeFacts(scene),
    decision: { kind: decision.kind, reason: decision.reason },
    lastSeen,
    boots,
    installation: await renderInstallation(scene, decision.kind === 'install' ? decision.profile : undefined),
  };
}

function withoutNetwork(machine: string, lastSeen: FirmwareKind | null): RenderView {
  const reason = 'the configuration has no network';
  return { machine, facts: [], decision: { kind: 'ignore', reason }, lastSeen, boots: [], installation: null };
}

/** A copy of the machine's life, with a placeholder for its token, that nothing is written of. */
function copyLives({ lives, machine, now }: Scene): Lives {
  const life = lives.get(machine.name);
  const operation = life?.operation && {
    ...life.operation,
    grant: { ...life.operation.grant, token: DUMMY_TOKEN },
  };
  return createLives(life ? [{ ...life, operation }] : [], {
    store: { loadLives: async () => [], saveLife: async () => {} },
    now,
    tell: () => {},
  });
}

/** The boot side as it serves, on a copy of the life, with the machine at its address. */
function openBoot(scene: Scene, lives: Lives, emit: Emit) {
  const { state, book, network, mac, address, machine, now } = scene;
  const lease = {
    address,
    network: network.name,
    client: mac,
    state: 'bound',
    kind: 'dhcp',
    startsAt: 0,
    endsAt: null,
  } as const;
  return createBoot({
    state: () => state,
    catalog: () => scene.catalog,
    lives,
    macs: { get: () => undefined },
    mirrors: scene.mirrors,
    book: { leaseAt: (asked) => (asked === address ? lease : book.leaseAt(asked)) },
    observedAt: (asked) => (asked === address ? machine.macs[0] : undefined),
    newToken: () => DUMMY_TOKEN,
    emit,
    now,
  });
}

const silent: Emit = () => {};

function requesterOf({ address, network }: Scene, via: Requester['via']): Requester {
  return { via, address, network: network.name };
}

interface Decision {
  readonly kind: string;
  readonly reason: string;
  readonly profile: string | undefined;
}

/** The decision as the server itself would tell it. */
function decide(scene: Scene): Decision {
  const told: Decision[] = [];
  const listen: Emit = (id, _subject, data) => {
    if (id !== 'boot.config') return;
    const { decision, reason, profile } = data as { decision: string; reason: string; profile?: string };
    told.push({ kind: decision, reason, profile });
  };
  openBoot(scene, copyLives(scene), listen).resolve('boot/grub/grub.cfg', requesterOf(scene, 'tftp'));
  return told[0] ?? { kind: 'ignore', reason: 'its configuration was refused', profile: undefined };
}

/** What the loader asks for by itself: our GRUB by MAC, a signed GRUB in its own folder, iPXE for its script. */
function configAsked(loader: string, mac: Mac): { readonly file: string; readonly dialect: string } {
  if (loader === 'grub') return { file: `boot/grub/grub.cfg-01-${formatMacDashed(mac)}`, dialect: 'grub' };
  if (loader === 'shim') return { file: 'grub/grub.cfg', dialect: 'grub' };
  return { file: 'ipxe/boot.ipxe', dialect: 'ipxe' };
}

function renderBoot(scene: Scene, answer: Omit<PreviewedDhcp, 'address'>, lastSeen: FirmwareKind | null): RenderedBoot {
  const common = { ...answer, isLastSeen: answer.firmware === lastSeen };
  if (answer.loader === null) return { ...common, config: null };
  const { file, dialect } = configAsked(answer.loader, scene.mac);
  const via = answer.bootFile?.startsWith('http:') || dialect === 'ipxe' ? 'http' : 'tftp';
  const found = openBoot(scene, copyLives(scene), silent).resolve(file, requesterOf(scene, via));
  return { ...common, config: { file, dialect, text: scene.mask(textOf(found)) } };
}

function textOf(found: BootResource): string {
  if (found.kind === 'text') return found.text;
  return found.kind === 'refused' ? `refused: ${found.reason}\n` : `${found.kind}: ${found.name}\n`;
}

/** The installer's side: under the grant that there is, else under one that is made up for this. */
async function renderInstallation(scene: Scene, granted: string | undefined): Promise<RenderedInstallation | null> {
  const { settings, machine, network, mac, address, mask, origins } = scene;
  const profile = settings.profiles.get(granted ?? machine.profile ?? '');
  if (profile === undefined) return null;
  const name = answerFileName(profile.family);
  const ask = (lives: Lives) => {
    const boot = openBoot(scene, lives, silent);
    boot.resolve('boot/grub/grub.cfg', requesterOf(scene, 'tftp'));
    return boot.resolveAnswer(DUMMY_TOKEN, name, requesterOf(scene, 'http'));
  };
  const made = await ask(grantedLives(scene, profile));
  // A grant whose answer file was handed over gives none: that is said, and the file is shown all the same.
  const given = granted === undefined ? made : await ask(copyLives(scene));
  const { httpPort } = settings.server;
  const host = formatIpv4(network.address);
  const line = planKernelLine({ machine, profile, mac, host, httpPort, token: DUMMY_TOKEN });
  const { defaults } = settings;
  const input: AnswerInput = { machine, profile, network, defaults, mac, address, httpPort, token: DUMMY_TOKEN };
  const builtIn = `built-in description ${profile.os}`;
  const file = (key: 'kernel' | 'initrd', served: string): RenderedValue => ({
    name: served,
    value: profile[key],
    origin: origins.of([['profiles', profile.name, key]], builtIn),
  });
  return {
    profile: profile.name,
    isNow: granted !== undefined,
    kernel: file('kernel', line.kernel),
    initrd: file('initrd', line.initrd),
    words: describeWords(line.words, input, origins).map((word) => ({ ...word, value: mask(word.value) })),
    answerFile: {
      name,
      template: profile.answerFile,
      text: made.kind === 'text' ? mask(made.text) : null,
      problem: given.kind === 'text' ? null : given.reason,
      values: answerValues(answerVariables(input), input, origins).map((one) => ({ ...one, value: mask(one.value) })),
    },
  };
}

function grantedLives(scene: Scene, profile: Profile): Lives {
  const { machine, now } = scene;
  const grant = { token: DUMMY_TOKEN, profile: profile.name, via: 'command', grantedAt: now() } as const;
  const life = {
    machine: machine.name,
    state: 'ready',
    onceUsed: true,
    operation: { kind: 'install', stage: 'granted', grant },
  } as const;
  return createLives([life], {
    store: { loadLives: async () => [], saveLife: async () => {} },
    now,
    tell: () => {},
  });
}

function describeFacts({ machine, mac, network, address, origins, macRow }: Scene): RenderedValue[] {
  const own = (key: string) => ['machines', machine.name, key];
  const facts: RenderedValue[] = [
    { name: 'machine', value: machine.name, origin: origins.of([['machines', machine.name]], 'the configuration') },
    { name: 'MAC', value: mac, origin: origins.of([own('mac'), [...own('macs'), 0]], 'the configuration') },
    {
      name: 'network',
      value: `${network.name} (${network.dhcp.mode})`,
      origin: origins.of([['networks', network.name]], 'the configuration'),
    },
  ];
  if (address !== ANY) {
    const origin =
      address === machine.address ? origins.of([own('address')], 'its reservation') : 'lease, or the next free one';
    facts.push({ name: 'address', value: formatIpv4(address), origin });
  }
  if (macRow) {
    const value = `${macRow.model ?? 'model not known yet'}, ${macRow.firmware}`;
    const origin = macRow.seen.length > 0 ? 'what it said itself' : origins.of([own('model')], 'the configuration');
    facts.push({ name: 'Mac', value, origin });
  }
  if (machine.profile !== undefined) {
    facts.push({ name: 'profile', value: machine.profile, origin: origins.of([own('profile')], 'the configuration') });
  }
  return facts;
}

const CLIENTS: readonly (readonly [RegExp, FirmwareKind])[] = [
  [/^Mac, /, 'mac'],
  [/^PXE firmware, bios-x86/, 'bios'],
  [/^PXE firmware, uefi-x64/, 'uefi-x64'],
  [/^PXE firmware, uefi-ia32/, 'uefi-ia32'],
  [/^PXE firmware, uefi-arm64/, 'uefi-arm64'],
  [/^HTTP boot firmware/, 'http'],
  [/^iPXE/, 'ipxe'],
];

/** By the newest DISCOVER that firmware sent; GRUB, installers and systems do not count. */
async function findLastFirmware(list: Base['store']['events']['list'], machine: string): Promise<FirmwareKind | null> {
  const events = await list({ machine, minLevel: 'info', limit: 1000 });
  for (const { id, data } of events.toReversed()) {
    const client = id === 'dhcp.discover' ? String(data.client) : '';
    const known = CLIENTS.find(([pattern]) => pattern.test(client));
    if (known) return known[1];
  }
  return null;
}
