import type { EventData } from '../../event/event.ts';
import type { Finding, Rule } from './rule.ts';
import {
  acks,
  after,
  discovers,
  type Heard,
  heard,
  isFirmware,
  isIpxeProgram,
  lastDeed,
  type Sender,
  sameFile,
  senderOf,
  type View,
} from './view.ts';
import { nameOf, since, whoIs } from './words.ts';

/** A machine that should be heard and is not, or that does not hear us. */

const EXPECTED_MS = 10 * 60_000;
/** Nobody has to go there; what tests itself for longer is a large server. */
const WOKEN_MS = 5 * 60_000;
/** A large server tests itself for up to eight minutes before it starts its disk. */
const JUST_WOKEN_MS = 10 * 60_000;
const UNHEARD_SPAN_MS = 5_000;
const UNHEARD_TRIES = 3;
/** Spanning tree takes 30 s from link to traffic, and iPXE has given up by then. */
const LINK_MS = 45_000;

/** Case 1: nothing but the grant, or the wake. */
const nothingHeard: Rule = {
  id: 'nothing-heard',
  when: ['install.granted', 'power.wake.sent'],
  help: 'An installation was granted, and ten minutes later nothing has been heard from the machine: no cable, another VLAN, the card’s network boot is switched off, the network is not first in the boot order, or nobody switched it on. rackready does not know whether a machine has power, so it can only say that nothing came. After `rackready wake` it says so after five minutes: nobody has to go there, though a large server may test itself for longer. Then it is likely that Wake-on-LAN is off in the firmware’s setup (also as “deep sleep”, “ErP” or “S5 wake”), or that the card does not listen for it: many forget it when power was cut, and until an operating system has switched them off in order (`ethtool -s IFACE wol g`). Or the packet did not get there: the MAC is another card’s, the switch port is in another VLAN, or the router of a network behind a relay drops directed broadcasts. Or the machine is on, which is said where it answered for its address when it was woken: then a magic packet does nothing, and a machine that starts from its disk with an address of its own asks for nothing. Look for the link light, the switch port’s VLAN, and the network boot entry of the firmware’s setup. `rackready watch` shows the first packet as soon as it comes.',
  find(view) {
    const wakes = heard(view.events, 'power.wake.sent');
    const wake = wakes.at(-1);
    if (wake !== undefined) return sinceWake(view, wake, wakes);
    const grant = heard(view.events, 'install.granted').at(-1);
    if (grant === undefined || view.now - grant.time < EXPECTED_MS) return undefined;
    const isQuiet = view.events.every(isOfOurs);
    if (!isQuiet || hasTail(view)) return undefined;
    return {
      evidence: [grant],
      confidence: 0.4,
      cause: `nothing has been heard from ${whoIs(view)} in the ${since(view, grant)} since its installation was granted`,
      remedy:
        'Switch it on with network boot first in its boot order; check cable, VLAN, and that network boot of this card is enabled in the firmware’s setup',
    };
  },
};

/** The boot before was still heard. */
function hasTail({ trace: { attempt }, events }: View): boolean {
  return attempt.lastAt > (events.at(-1)?.time ?? attempt.lastAt);
}

/** What is done about a machine here. */
function isOfOurs({ id }: { readonly id: string }): boolean {
  return /^(install|machine|power)\./.test(id);
}

/** What was heard before it was woken may be the system that it ran. */
function sinceWake(view: View, wake: Heard<'power.wake.sent'>, wakes: readonly Heard<'power.wake.sent'>[]) {
  if (view.now - wake.time < WOKEN_MS || hasTail(view)) return undefined;
  if (!after(view.events, wake).every(isOfOurs)) return undefined;
  const evidence = [...heard(view.events, 'install.granted'), ...wakes];
  const { answers } = wake.data;
  if (answers !== undefined) {
    return {
      evidence,
      confidence: 0.8,
      cause: `${whoIs(view)} answered at ${answers} when it was woken (${wayOf(wake)}), and nothing has been heard from it in the ${since(view, wake)} since: it is on already, and Wake-on-LAN starts only what is off or asleep`,
      remedy: 'Restart it, with network boot first in its boot order; if it only slept, it has gone on where it was',
    };
  }
  const routed = wakes.find(({ data }) => data.interface === undefined);
  return {
    evidence,
    confidence: 0.5,
    cause: `nothing has been heard from ${whoIs(view)} in the ${since(view, wake)} since it was woken (${wayOf(wake)}): it does not wake up, the packet does not reach it, or it is on already`,
    remedy: `Look whether it is on. If not, switch on Wake-on-LAN in its firmware’s setup (and ErP or deep sleep off), start it once by hand: after a power cut many cards have forgotten it; compare its MAC and the VLAN of its port${routed ? `; let the router of ${routed.network} pass directed broadcasts` : ''}. If it is on, restart it, with network boot first in its boot order`,
  };
}

function wayOf({ network, data }: Heard<'power.wake.sent'>): string {
  const { interface: name, to }: EventData<'power.wake.sent'> = data;
  return name === undefined ? `on ${network}, by directed broadcast to ${to}` : `on ${network}, by ${name}`;
}

/** Case 37, as far as it is seen without power control. */
const bootedFromDisk: Rule = {
  id: 'booted-from-disk',
  when: ['install.granted'],
  help: 'The machine may be installed, and then its installed system asked for an address, not its firmware: it started from its disk and never asked the network. A system that runs on and had its cable out and in asks as well: then nothing is wrong, and the grant waits for its next network boot. It is the likelier of the two where it only asks for the address that it had (INIT-REBOOT). The boot order has the disk first (installers put themselves there), or a one-time network boot by the BMC was lost (it expires after 60 s with many, and has separate flags for BIOS and UEFI). Choose network boot in the boot menu (F12 on most), or put the network first in the boot order. What `rackready wake` starts chooses its boot device by itself: Wake-on-LAN cannot say “from the network”.',
  find(view) {
    const grant = heard(view.history, 'install.granted').at(-1);
    if (grant === undefined) return undefined;
    const since = after(view.history, grant);
    if (heard(since, 'dhcp.discover').some(({ data }) => isFirmware(data.client))) return undefined;
    if (heard(since, 'boot.config', 'install.cancelled', 'answer.fetched').length > 0) return undefined;
    const started = discovers(since, 'system');
    const again = acks(since, 'system').filter(({ data }) => data.kind === 'init-reboot');
    if (started.length + again.length === 0) return undefined;
    // What was off and just woken has not had its cable out and in.
    const first = Math.min(...[...started, ...again].map(({ time }) => time));
    const isWoken = heard(since, 'power.wake.sent').some(
      ({ time, data }) => data.answers === undefined && time <= first && first - time <= JUST_WOKEN_MS,
    );
    const isNew = started.length > 0;
    const asked = isNew ? 'asked for an address instead of its firmware' : 'asked for its address again';
    const way = isWoken
      ? `${asked} after it was woken: it started from its disk`
      : `${asked}: it started from its disk, or its link was down for a moment`;
    return {
      evidence: [grant, ...started, ...again],
      confidence: isWoken ? 0.7 : isNew ? 0.6 : 0.4,
      cause: `${whoIs(view)} may be installed with ${grant.data.profile}, and its installed system ${way}`,
      remedy: `Restart it and choose network boot in the firmware’s boot menu, or put the network first in the boot order; \`rackready cancel ${nameOf(view)}\` takes the grant back`,
    };
  },
};

/** The DISCOVERs of one sender that nobody took an offer for, up to now. */
function untaken(view: View) {
  const last = heard(view.events, 'dhcp.ack').at(-1);
  const since = last === undefined ? view.events : after(view.events, last);
  if (heard(since, 'dhcp.chose-other', 'dhcp.nak', 'dhcp.other-nak', 'dhcp.no-boot-file').length > 0) return undefined;
  const asked = heard(since, 'dhcp.discover');
  const sender = asked.at(-1) && senderOf(asked.at(-1)?.data.client ?? '');
  const tries = asked.filter(({ data }) => senderOf(data.client) === sender);
  const offers = heard(since, 'dhcp.offer');
  const [first] = tries;
  const newest = tries.at(-1);
  if (first === undefined || newest === undefined || sender === undefined) return undefined;
  if (tries.length < UNHEARD_TRIES || offers.length < UNHEARD_TRIES) return undefined;
  if (newest.time - first.time < UNHEARD_SPAN_MS) return undefined;
  // An offer without a boot file is dropped by firmware: that is another rule.
  const needsFile: readonly Sender[] = ['pxe', 'http', 'ipxe'];
  if (needsFile.includes(sender) && offers.at(-1)?.data.bootFile === undefined) return undefined;
  // iPXE says itself that it has heard an offer.
  if (newest.data.heard === true) return undefined;
  return { before: last, sender, newest, offers, tries, isSure: newest.data.heard === false };
}

/** Case 10. */
const offersUnheard: Rule = {
  id: 'offers-unheard',
  when: ['dhcp.offer'],
  help: 'The machine asks again and again, rackready offers an address each time, and no offer is ever taken: its questions reach us, our answers do not reach it. Through a relay: the answer goes to the relay’s address, UDP from port 67 to port 67; look at the route from this host to it and at rules on the way. Without a relay: a rule on this host or the switch drops what comes from port 67 (DHCP snooping lets only trusted ports answer: make this host’s port one), the VLAN goes one way only, or the client takes no unicast before it has an address: set `replies: broadcast` under `dhcp` of the network.',
  find(view) {
    const seen = untaken(view);
    if (seen === undefined || seen.before !== undefined) return undefined;
    const { offers, tries, newest, isSure } = seen;
    const offer = offers.at(-1);
    const { relay } = newest.data;
    const way = relay === undefined ? `(sent by ${offer?.data.to ?? 'broadcast'})` : `(sent to relay ${relay})`;
    return {
      evidence: [...tries, ...offers].sort((one, other) => one.seq - other.seq),
      confidence: isSure ? 0.9 : 0.8,
      cause: `${tries.length} questions of ${whoIs(view)} were answered with an offer of ${offer?.data.address} ${way}, and none was taken: our answers do not reach it`,
      remedy:
        relay === undefined
          ? 'Trust this host’s switch port for DHCP snooping, look for rules that drop UDP from port 67 to 68, and try `replies: broadcast` under `dhcp` of the network'
          : `Check the route from this host to relay ${relay}, and that UDP from port 67 to port 67 is let through to it`,
    };
  },
};

/** Case 2. */
const portBlocked: Rule = {
  id: 'port-blocked',
  when: ['dhcp.offer', 'tftp.done'],
  help: 'The firmware got its address, and the next stage (iPXE, GRUB, the installer) does not get one, or only after 30 to 50 seconds: each stage resets the link, and the switch port then learns (spanning tree) or negotiates (LACP) before it lets anything through, in either direction: of an iPXE that asks meanwhile nothing is heard. Set the port to edge (`portfast`), or give the LACP group a fallback.',
  find(view) {
    const seen = untaken(view);
    if (seen?.before === undefined) return silentIpxe(view);
    const { sender, tries, offers, before, newest } = seen;
    if (senderOf(before.data.client) === sender) return undefined;
    const what = `${tries.length} questions as ${newest.data.client} got an offer each`;
    return blocked(view, before, [...tries, ...offers], what);
  },
};

/** What a port does not carry is not heard here, either: iPXE asks for some 25 s into the void and gives up. */
function silentIpxe(view: View) {
  const loaded = view.fetches.findLast((fetch) => fetch.kind === 'done' && isIpxeProgram(fetch));
  const before = acks(view.events, 'pxe', 'http').at(-1);
  if (loaded === undefined || lastDeed(view)?.seq !== loaded.event.seq) return undefined;
  // What another server named may be no iPXE for this firmware.
  if (before?.data.bootFile === undefined || !sameFile(before.data.bootFile, loaded.file)) return undefined;
  if (view.now - loaded.event.time < LINK_MS) return undefined;
  return {
    evidence: [before, loaded.event],
    confidence: 0.55,
    cause: `${whoIs(view)} loaded ${loaded.file}, and iPXE has asked for nothing in ${since(view, loaded.event)}: its switch port does not carry traffic after the link was reset, or this iPXE cannot use its card`,
    remedy:
      'Set the switch port to edge/portfast (spanning tree), or give its LACP group a fallback, then boot it again; its screen shows what iPXE waits for',
  };
}

function blocked(view: View, before: ReturnType<typeof acks>[number], evidence: Finding['evidence'], what: string) {
  return {
    evidence: [before, ...evidence].sort((one, other) => one.seq - other.seq),
    confidence: 0.7,
    cause: `${whoIs(view)} had ${before.data.address} as ${before.data.client}, then ${what}, and none was taken: its switch port does not carry traffic after the link was reset`,
    remedy:
      'Set the switch port to edge/portfast (spanning tree), or give its LACP group a fallback, then boot it again',
  };
}

export const silenceRules: readonly Rule[] = [nothingHeard, bootedFromDisk, offersUnheard, portBlocked];
