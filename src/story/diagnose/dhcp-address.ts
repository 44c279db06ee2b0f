import type { Rule } from './rule.ts';
import { acks, after, heard, isFirmware, senderOf, type View } from './view.ts';
import { nameOf, whoIs } from './words.ts';

/** Addresses: none left, none meant for this machine, two users of one. */

/** A system that uses both of its cards asks with both at nearly the same time. */
const BOTH_CARDS_MS = 60_000;

function hasLeaseAfter({ events }: View, seq: number): boolean {
  return heard(events, 'dhcp.ack', 'dhcp.offer').some((event) => event.seq > seq);
}

const WHY_NOT: readonly (readonly [pattern: RegExp, remedy: string])[] = [
  [/unknown machines are ignored/, 'Name it under `machines` (`rackready machines add`), or change `unknownMachines`'],
  [
    /unknown clients are off/,
    'Name it under `machines` (`rackready machines add`), or set `unknownClients: true` under `dhcp` of the network',
  ],
  [/DHCP is off/, 'Set `mode` under `dhcp` of the network to authoritative or proxy'],
  [/no network is configured/, 'Add a network with this `interface` under `networks`'],
];

/** Case 6, the half that is meant so. */
const notAnswered: Rule = {
  id: 'not-answered',
  when: ['dhcp.ignored'],
  help: 'The firmware says that it has no offers, and rackready has heard it and keeps silent on purpose: the configuration says so. The reason names the key: `unknownMachines: ignore`, `unknownClients: false`, `mode: off`. Name the machine under `machines` (`rackready machines discovered` shows how), or change the key.',
  find(view) {
    const silent = heard(view.events, 'dhcp.ignored').findLast(({ data }) => data.message === 'DISCOVER');
    if (silent === undefined || silent.data.wanted !== undefined || hasLeaseAfter(view, silent.seq)) return undefined;
    const found = WHY_NOT.find(([pattern]) => pattern.test(silent.data.reason));
    const asked = heard(view.events, 'dhcp.discover').at(-1);
    if (found === undefined || (asked !== undefined && !isFirmware(asked.data.client))) return undefined;
    return {
      evidence: [silent],
      confidence: 0.85,
      cause: `${whoIs(view)} is not answered: ${silent.data.reason}`,
      remedy: found[1],
    };
  },
};

/** Case 11. */
const relayUnserved: Rule = {
  id: 'relay-unserved',
  when: ['dhcp.ignored'],
  help: 'A relay hands on the request of a machine in a subnet that the configuration does not name, so there is no address to give. Add a network with that `subnet`, without `interface`, with the `address` of ours that the relay sends to. If it is the wrong subnet: the relay’s own address (giaddr) or its link selection (option 82) names it.',
  find(view) {
    const silent = heard(view.events, 'dhcp.ignored').findLast(({ data }) => data.wanted !== undefined);
    if (silent === undefined || hasLeaseAfter(view, silent.seq)) return undefined;
    const { relay, wanted } = silent.data;
    return {
      evidence: [silent],
      confidence: 0.95,
      cause: `relay ${relay ?? wanted} asks for an address in the subnet of ${wanted}, and no network of the configuration has it`,
      remedy: `Add a network under \`networks\` whose \`subnet\` holds ${wanted}, without \`interface\` and with this host’s \`address\` that the relay sends to`,
    };
  },
};

/** Case 14. */
const poolFull: Rule = {
  id: 'pool-full',
  when: ['dhcp.no-address'],
  help: 'No address is left for this machine. `rackready leases` shows who has them: leases of machines that are gone end by themselves, BOOTP leases never do. Enlarge the range under `pools`, shorten `leaseTime`, give known machines a reservation (`address`), or free an address with `rackready leases forget ADDRESS`.',
  find(view) {
    const full = heard(view.events, 'dhcp.no-address').at(-1);
    if (full === undefined || hasLeaseAfter(view, full.seq) || /reserved address/.test(full.data.reason))
      return undefined;
    return {
      evidence: [full],
      confidence: 0.95,
      cause: `there is no address for ${whoIs(view)}: ${full.data.reason}`,
      remedy: /no pool/.test(full.data.reason)
        ? `Add \`pools\` under \`dhcp\` of the network, or give it an \`address\` under \`machines\``
        : 'Enlarge `pools`, shorten `leaseTime`, or free addresses: `rackready leases` shows who has them, `rackready leases forget ADDRESS` frees one',
    };
  },
};

/** Case 24. */
const addressInUse: Rule = {
  id: 'address-in-use',
  when: ['dhcp.decline', 'dhcp.conflict', 'dhcp.no-address'],
  help: 'Two devices use one address: the machine found somebody else at the address that it was given (DECLINE), we found somebody there before offering it, or its reserved address is leased to another MAC. The address is set aside for some minutes and another one of the pools is offered, also in the place of a reserved one; a network without pools has none. Find the other device (a static address inside our range, or another DHCP server’s), then `rackready leases forget ADDRESS`.',
  find(view) {
    const found = heard(view.events, 'dhcp.decline', 'dhcp.conflict').at(-1);
    const full = heard(view.events, 'dhcp.no-address').findLast(({ data }) => /reserved address/.test(data.reason));
    const shown = found ?? full;
    if (shown === undefined) return undefined;
    const newest = full && full.seq > shown.seq ? full : shown;
    // Another address did it.
    if (heard(view.events, 'dhcp.ack').some(({ seq }) => seq > newest.seq)) return undefined;
    const what = found
      ? `${found.data.address}, meant for ${whoIs(view)}, is used by somebody else; it is not given out for ${found.data.minutes} min`
      : `there is no address for ${whoIs(view)}: ${full?.data.reason}`;
    return {
      evidence: [...(found ? [found] : []), ...(full ? [full] : [])],
      confidence: 0.9,
      cause: what,
      remedy: findOther(found?.data.address ?? full?.address ?? 'ADDRESS'),
    };
  },
};

function findOther(address: string): string {
  return `Find the device that uses ${address} and give it another address; \`rackready leases forget ${address}\` then makes it available at once`;
}

/** Case 39. */
const addressChanged: Rule = {
  id: 'address-changed',
  when: ['dhcp.ack'],
  help: 'The machine has another address as an installed system than it had as firmware: another of its network cards became the one with the default route, or the lease was lost in between. rackready keys leases by MAC and by nothing else, so one card keeps its address whatever client identifier it sends; two cards are two addresses. List all cards of the machine under `macs`: they share the reserved `address`. With other DHCP servers, set `dhcp-identifier: mac` in the system.',
  find(view) {
    const system = acks(view.events, 'system').at(-1);
    const firmware = acks(view.events, 'pxe', 'http', 'ipxe', 'mac', 'installer').findLast(
      ({ seq }) => system === undefined || seq < system.seq,
    );
    if (firmware === undefined) return undefined;
    if (system !== undefined) {
      if (system.data.address === firmware.data.address || system.network !== firmware.network) return undefined;
      const { address } = firmware.data;
      const declined = heard(view.events, 'dhcp.decline').find(({ data }) => data.address === address);
      return {
        evidence: [firmware, ...(declined ? [declined] : []), system],
        confidence: declined ? 0.9 : 0.6,
        cause: `${whoIs(view)} had ${address} as ${firmware.data.client} and has ${system.data.address} as installed system${declined ? `: it found somebody else at ${address}` : ''}`,
        remedy: declined ? findOther(address) : 'Give it a reserved `address` under `machines`, outside the pools',
      };
    }
    const sibling = acks(view.trace.siblings ?? [], 'system').findLast(({ seq }) => seq > firmware.seq);
    if (sibling === undefined || !isOnItsOwn(view) || view.now - sibling.time < BOTH_CARDS_MS) return undefined;
    return {
      evidence: [firmware, sibling],
      confidence: 0.45,
      cause: `the installed system of ${nameOf(view)} asks with another card, ${sibling.mac}, and has ${sibling.data.address}; it was booted with ${view.trace.attempt.mac} as ${firmware.data.address}`,
      remedy: `Connect one of the cards only, or look up the machine under ${sibling.data.address}; both cards belong under its \`macs\``,
    };
  },
};

/** It was told to boot from its disk, or has reported. */
function isOnItsOwn({ events }: View): boolean {
  return events.some(
    ({ id, data }) => (id === 'boot.config' && data.decision === 'local') || id === 'install.reported',
  );
}

/** Case 35 b. */
const installerOtherCard: Rule = {
  id: 'installer-other-card',
  when: ['boot.config'],
  help: 'Kernel and initrd were loaded with one card, and the installer asks for its address with another card of the machine, perhaps one without a way to this host. The kernel line that rackready makes names the card it booted from (`BOOTIF`, `interface`); an operating system of `os: custom` needs it in its `arguments`. Check that the profile’s `arguments` name no other interface.',
  find(view) {
    const other = [...acks(view.trace.siblings ?? [], 'installer')].at(-1);
    if (other === undefined || heard(view.events, 'boot.config').length === 0) return undefined;
    if (heard(view.events, 'dhcp.discover').some(({ data }) => senderOf(data.client) === 'installer')) return undefined;
    if (after(view.events, other).some(({ id }) => id.startsWith('answer.'))) return undefined;
    return {
      evidence: [...heard(view.events, 'boot.config').slice(-1), other],
      confidence: 0.9,
      cause: `${nameOf(view)} was booted with ${view.trace.attempt.mac}, and its installer asks with its other card, ${other.mac} (${other.data.address})`,
      remedy:
        'Check that the `arguments` of the profile name no interface; with `os: custom`, add the one for the boot card, made from {{ machine.mac }}',
    };
  },
};

export const addressRules: readonly Rule[] = [
  notAnswered,
  relayUnserved,
  poolFull,
  addressInUse,
  addressChanged,
  installerOtherCard,
];
