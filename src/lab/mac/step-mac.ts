import { macModel } from '../../machine/mac-model.ts';
import { formatIpv4, type Ipv4 } from '../../net/ipv4.ts';
import type { ImageId } from '../../wire/bsdp/image-id.ts';
import { Option } from '../../wire/dhcp4/option-codes.ts';
import type { DhcpPacket } from '../../wire/dhcp4/packet.ts';
import { asciiText } from '../../wire/dhcp4/values.ts';
import { chooseImage, nameOf, type Offer, whyHidden } from './choose.ts';
import { type JudgedAnswer, judgeAnswer, judgeLease } from './judge-reply.ts';
import type { MacOrder } from './order.ts';
import { type Asker, discover, type Lease, list, release, request, select } from './questions.ts';
import type { LoadedFile, Outcome, Told } from './told.ts';

/*
 * A Mac from power-on to its boot program, as a state machine without clock and sockets (BSDP notes, sections 1 and 3).
 *
 *   address: DISCOVER -> OFFER -> REQUEST -> ACK
 *   list:    INFORM[LIST] -> answers, gathered for some seconds -> choice
 *   select:  INFORM[SELECT] -> ACK[SELECT] with file and server, or ACK[FAILED]
 *   load:    TFTP
 *
 * Startup Disk goes through address, list and select in macOS, then restarts the Mac, which goes through all of it as
 * firmware, with the server that was chosen.
 */

export type Phase = 'off' | 'discover' | 'request' | 'address' | 'list' | 'select' | 'pause' | 'load' | 'done';

export interface MacState {
  readonly order: MacOrder;
  readonly phase: Phase;
  /** Who is running: macOS, for the first part of Startup Disk, else the firmware. */
  readonly asker: Asker;
  readonly xid: number;
  /** How often the question of this phase was asked. */
  readonly asked: number;
  /** Where BSDP answers are wanted. */
  readonly port: number;
  readonly lease?: Lease | undefined;
  readonly offers: readonly Offer[];
  readonly choice?: { readonly server: Ipv4; readonly image: ImageId } | undefined;
  /** The only server that counts. */
  readonly target?: Ipv4 | undefined;
  /** How often the whole of BSDP was begun anew after a refusal. */
  readonly rounds: number;
}

export type Timer = 'again' | 'gathered' | 'paused';

export type MacEvent =
  | { readonly kind: 'power-on' }
  | { readonly kind: 'timer'; readonly timer: Timer }
  /** A packet from port 67. `port` is where it came to: 68 before there is an address. */
  | { readonly kind: 'packet'; readonly packet: DhcpPacket; readonly source: Ipv4; readonly port: number }
  /** The card has the address that `configure` asked for. */
  | { readonly kind: 'configured' }
  | { readonly kind: 'loaded'; readonly file: LoadedFile }
  | { readonly kind: 'not-loaded'; readonly reason: string };

export type MacAction =
  /** From a card without an address to everybody: 0.0.0.0:68 to 255.255.255.255:67. */
  | { readonly kind: 'send-raw'; readonly bytes: Uint8Array }
  /** From the card's address and this port, to port 67 of everybody or of one server. */
  | { readonly kind: 'send'; readonly bytes: Uint8Array; readonly port: number; readonly to?: Ipv4 | undefined }
  /** Replaces the timer that runs, if one does. */
  | { readonly kind: 'wait'; readonly timer: Timer; readonly ms: number }
  /** Undefined: take the address away. */
  | { readonly kind: 'configure'; readonly lease: Lease | undefined }
  | { readonly kind: 'load'; readonly server: Ipv4; readonly file: string }
  | { readonly kind: 'tell'; readonly told: Told };

export interface Step {
  readonly state: MacState;
  readonly actions: readonly MacAction[];
}

/** 0 to below 1. */
export type Chance = () => number;

/** Apple's programs: doubling from two seconds to sixteen, with some chance added (section 1.1). */
const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 16_000;
const TRIES = { firmware: { list: 5, select: 5 }, macOS: { list: 7, select: 2 } } as const;
const ADDRESS_TRIES = 5;
/** After a refusal firmware has to wait before it starts over. */
const PAUSE_MS = 10_000;
const MOST_ROUNDS = 2;

/** A Mac that is switched off. */
export function createMac(order: MacOrder): MacState {
  return {
    order,
    phase: 'off',
    asker: order.way === 'startup-disk' ? 'macOS' : 'firmware',
    ...{ xid: 0, asked: 0, port: 68, offers: [], rounds: 0 },
    target: order.target?.kind === 'bsdp' ? order.target.server : undefined,
  };
}

/** What an event makes of a Mac, and what is to be done for it. An event that does not fit the phase changes nothing. */
export function stepMac(state: MacState, event: MacEvent, chance: Chance): Step {
  switch (event.kind) {
    case 'power-on':
      return state.phase === 'off' ? begin(state, 'discover', chance) : { state, actions: [] };
    case 'timer':
      return onTimer(state, event.timer, chance);
    case 'packet':
      return onPacket(state, event, chance);
    case 'configured':
      return state.phase === 'address' ? afterAddress(state, chance) : { state, actions: [] };
    case 'loaded':
      return state.phase === 'load' ? onLoaded(state, event.file) : { state, actions: [] };
    case 'not-loaded':
      return state.phase === 'load' ? end(state, { kind: 'not-loaded', reason: event.reason }) : { state, actions: [] };
  }
}

type Asking = 'discover' | 'request' | 'list' | 'select';

/** Asks a new question: with a number of its own, except for the REQUEST that belongs to a DISCOVER. */
function begin(state: MacState, phase: Asking, chance: Chance, lease = state.lease): Step {
  const xid = phase === 'request' ? state.xid : Math.floor(chance() * 2 ** 32);
  const isFirstList = phase === 'list' && state.asker === 'macOS';
  // Any privileged port but DHCP's own.
  const port = isFirstList ? 1023 - Math.floor(chance() * 400) : phase === 'list' ? 68 : state.port;
  return ask({ ...state, phase, xid, port, lease, asked: 0, offers: phase === 'list' ? [] : state.offers }, chance);
}

/** Asks, and waits for the time when it asks again. */
function ask(state: MacState, chance: Chance): Step {
  const asked = state.asked + 1;
  const ms = Math.min(FIRST_WAIT_MS * 2 ** (asked - 1), LONGEST_WAIT_MS) + Math.floor(chance() * 1_000);
  const { asker, port } = state;
  const told: Told = { kind: 'asks', what: state.phase as Asking, asker, attempt: asked, port, choice: state.choice };
  return {
    state: { ...state, asked },
    actions: [
      { kind: 'tell', told },
      isInform(state.phase)
        ? { kind: 'send', bytes: bytesOf(state), port }
        : { kind: 'send-raw', bytes: bytesOf(state) },
      { kind: 'wait', timer: 'again', ms },
    ],
  };
}

/** Sent by a host with an address, as against one that has none yet. */
function isInform(phase: Phase): boolean {
  return phase === 'list' || phase === 'select';
}

function bytesOf(state: MacState): Uint8Array {
  const { order, asker, xid, lease, port, choice } = state;
  if (state.phase === 'discover' || lease === undefined) return discover(order, asker, xid);
  if (state.phase === 'request') return request(order, asker, xid, lease);
  const bsdp = { asker, xid, address: lease.address, port };
  return state.phase === 'select' && choice ? select(order, bsdp, choice.server, choice.image) : list(order, bsdp);
}

function onTimer(state: MacState, timer: Timer, chance: Chance): Step {
  if (timer === 'gathered') return state.phase === 'list' ? choose(state, chance) : { state, actions: [] };
  if (timer === 'paused') return state.phase === 'pause' ? begin(state, 'list', chance) : { state, actions: [] };
  switch (state.phase) {
    case 'discover':
    case 'request':
      if (state.asked < (state.order.tries ?? ADDRESS_TRIES)) return ask(state, chance);
      return end(state, { kind: 'no-address', reason: 'no DHCP server gave it an address' });
    case 'list':
    case 'select':
      if (state.asked < (state.order.tries ?? TRIES[state.asker][state.phase])) return ask(state, chance);
      return end(state, { kind: 'no-image', reason: silence(state) });
    default:
      return { state, actions: [] };
  }
}

function silence({ phase, choice, target }: MacState): string {
  if (phase === 'select' && choice) return `${formatIpv4(choice.server)} did not answer to the choice`;
  return target === undefined ? 'no server offered one' : `${formatIpv4(target)} offered none`;
}

type PacketEvent = Extract<MacEvent, { kind: 'packet' }>;

function onPacket(state: MacState, event: PacketEvent, chance: Chance): Step {
  switch (state.phase) {
    case 'discover':
    case 'request':
      return onLease(state, event, chance);
    case 'list':
    case 'select':
      return onAnswer(state, event, chance);
    default:
      return { state, actions: [] };
  }
}

function onLease(state: MacState, { packet, source }: PacketEvent, chance: Chance): Step {
  const judged = judgeLease(packet, { mac: state.order.mac, xid: state.xid });
  switch (judged.kind) {
    case 'elsewhere':
      return { state, actions: [] };
    case 'ignored':
      return tell(state, { kind: 'ignores', source, reason: judged.reason });
    case 'refused':
      // Only the server that was asked may refuse what it offered.
      if (state.phase !== 'request' || judged.server !== state.lease?.server) return { state, actions: [] };
      return end(state, { kind: 'no-address', reason: `${formatIpv4(source)} refuses what it offered (NAK)` });
    case 'lease':
      break;
  }
  const { lease, type, note } = judged;
  const told: Told = { kind: type === 'offer' ? 'offered' : 'has-address', lease, note };
  if (state.phase === 'discover' && type === 'offer') return withTold(told, begin(state, 'request', chance, lease));
  if (state.phase === 'request' && type === 'ack' && lease.server === state.lease?.server) {
    return withTold(told, { state: { ...state, phase: 'address', lease }, actions: [{ kind: 'configure', lease }] });
  }
  return { state, actions: [] };
}

function afterAddress(state: MacState, chance: Chance): Step {
  const { target } = state.order;
  if (target?.kind === 'tftp') return load(state, target.server, target.file);
  return begin(state, 'list', chance);
}

function onAnswer(state: MacState, event: PacketEvent, chance: Chance): Step {
  const { order, xid, asker, lease, port } = state;
  if (lease === undefined) return { state, actions: [] };
  const judged: JudgedAnswer = judgeAnswer(event.packet, { mac: order.mac, xid, asker, address: lease.address });
  const ignore = (reason: string): Step => tell(state, { kind: 'ignores', source: event.source, reason });
  if (judged.kind === 'elsewhere') return { state, actions: [] };
  if (event.port !== port) return ignore(`it came to port ${event.port}; the answer was wanted on port ${port}`);
  if (judged.kind === 'ignored') return ignore(judged.reason);
  const { server, reply } = judged;
  const wanted = state.phase === 'list' ? state.target : state.choice?.server;
  if (wanted !== undefined && server !== wanted) return ignore(`${formatIpv4(wanted)} is wanted, and no other server`);
  if (state.phase === 'list') {
    if (reply.message !== 'list') return ignore(`it is no answer to LIST but ${reply.message ?? 'untyped'}`);
    return onListed(state, { ...reply, server }, chance);
  }
  if (reply.message === 'failed') return onFailed(state, server);
  if (reply.message !== 'select') return ignore(`it is no answer to SELECT but ${reply.message ?? 'untyped'}`);
  return onSelected(state, judged);
}

/** The first answer opens the time in which others are waited for. */
function onListed(state: MacState, offer: Offer, chance: Chance): Step {
  const others = state.offers.filter(({ server }) => server !== offer.server);
  const wait: MacAction = { kind: 'wait', timer: 'gathered', ms: 2_000 + Math.floor(chance() * 2_000) };
  return {
    state: { ...state, offers: [...others, offer] },
    actions: [
      { kind: 'tell', told: { kind: 'listed', offer, hidden: whyHidden(offer) } },
      ...(state.offers.length === 0 ? [wait] : []),
    ],
  };
}

function choose(state: MacState, chance: Chance): Step {
  const { order, asker, offers } = state;
  const choice = chooseImage(order, offers, asker === 'firmware');
  if (choice.kind === 'looked') return end(state, { kind: 'looked' });
  if (choice.kind === 'none') return end(state, { kind: 'no-image', reason: choice.reason });
  const { server, image, why } = choice;
  const told: Told = { kind: 'chooses', server, image, name: nameOf(image, offers), why };
  return withTold(told, begin({ ...state, choice: { server, image } }, 'select', chance));
}

/** macOS shows an error. Firmware waits and starts over, but not for ever. */
function onFailed(state: MacState, server: Ipv4): Step {
  const told: Told = { kind: 'refused', server };
  if (state.asker === 'macOS' || state.rounds + 1 >= MOST_ROUNDS) {
    return withTold(told, end(state, { kind: 'refused', server }));
  }
  const next: MacState = { ...state, phase: 'pause', choice: undefined, rounds: state.rounds + 1 };
  return withTold(told, { state: next, actions: [{ kind: 'wait', timer: 'paused', ms: PAUSE_MS }] });
}

function onSelected(state: MacState, { server, packet }: Extract<JudgedAnswer, { kind: 'answer' }>): Step {
  const option = packet.options.get(Option.bootFileName);
  const file = packet.file || (option ? asciiText(option) : '');
  const rootPath = packet.options.get(Option.rootPath);
  const told: Told = {
    kind: 'granted',
    ...{ server, file, tftp: packet.siaddr },
    rootPath: rootPath && asciiText(rootPath),
    serverName: packet.sname === '' ? undefined : packet.sname,
  };
  if (state.asker === 'macOS') return withTold(told, restart(state, server));
  if (file === '')
    return withTold(told, end(state, { kind: 'not-loaded', reason: 'the answer to SELECT names no file' }));
  if (packet.siaddr === 0) {
    return withTold(
      told,
      end(state, { kind: 'not-loaded', reason: 'the answer to SELECT names no TFTP server (siaddr)' }),
    );
  }
  return withTold(told, load(state, packet.siaddr, file));
}

/** Startup Disk has the server remember the image, writes the server into the firmware's settings, and restarts the Mac. */
function restart(state: MacState, target: Ipv4): Step {
  const firmware: MacState = {
    ...{ order: state.order, phase: 'off', asker: 'firmware', target },
    ...{ xid: 0, asked: 0, port: 68, offers: [], rounds: 0 },
  };
  return {
    state: firmware,
    actions: [
      { kind: 'tell', told: { kind: 'restarts', target } },
      { kind: 'configure', lease: undefined },
    ],
  };
}

function load(state: MacState, server: Ipv4, file: string): Step {
  return {
    state: { ...state, phase: 'load' },
    actions: [
      { kind: 'tell', told: { kind: 'loads', server, file } },
      { kind: 'load', server, file },
    ],
  };
}

function onLoaded(state: MacState, file: LoadedFile): Step {
  const told: Told = { kind: 'loaded', file };
  if (file.stalls !== undefined) return withTold(told, end(state, { kind: 'not-loaded', reason: file.stalls }));
  const model = macModel(state.order.model);
  const bits = model.kind === 'efi' ? model.efiBits : 64;
  if (file.content === 'other' || (file.content !== 'fat' && file.content !== `efi${bits}`)) {
    const reason = `${state.order.model} has ${bits}-bit EFI, and the file is ${contents[file.content]}`;
    return withTold(told, end(state, { kind: 'cannot-run', reason }));
  }
  return withTold(told, end(state, { kind: 'boots', file }));
}

const contents = {
  efi32: 'a 32-bit EFI program',
  efi64: 'a 64-bit EFI program',
  fat: 'for both',
  other: 'no EFI program for Intel processors',
} as const;

/** A Mac whose program runs keeps its address; every other one gives it back (section 1.1). */
function end(state: MacState, outcome: Outcome): Step {
  const { lease, order, xid } = state;
  const hasAddress = lease !== undefined && (isInform(state.phase) || state.phase === 'load');
  const gives: MacAction[] =
    hasAddress && outcome.kind !== 'boots'
      ? [{ kind: 'send', bytes: release(order, xid, lease), port: 68, to: lease.server }]
      : [];
  return {
    state: { ...state, phase: 'done' },
    actions: [...gives, { kind: 'tell', told: { kind: 'ends', outcome } }],
  };
}

function tell(state: MacState, told: Told): Step {
  return { state, actions: [{ kind: 'tell', told }] };
}

function withTold(told: Told, step: Step): Step {
  return { ...step, actions: [{ kind: 'tell', told }, ...step.actions] };
}
