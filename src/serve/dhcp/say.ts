import type { BootClient } from '../../boot/client.ts';
import type { Subject } from '../../event/event.ts';
import { formatIpv4, type Ipv4 } from '../../net/ipv4.ts';
import type { Destination } from './destination.ts';
import type { Case, Told } from './verdict.ts';

/** The client in a word or two, for events. */
export function describeClient(client: BootClient): string {
  switch (client.kind) {
    case 'pxe':
      return `PXE firmware, ${client.platform}`;
    case 'http':
      return `HTTP boot firmware, ${client.platform}`;
    case 'ipxe':
      return `iPXE, ${client.platform}`;
    case 'unsupported':
      return `firmware of architecture ${client.arch}`;
    case 'apple':
      return `Mac, ${client.model}`;
    case 'grub':
      return 'GRUB';
    case 'installer':
      return `installer, ${client.vendorClass}`;
    case 'system':
      return client.vendorClass ? `system, ${client.vendorClass}` : 'system';
  }
}

/** "through interface br0", or the relay that it came through. */
export function describeWay(what: Case): string {
  const { relay } = what.request;
  return relay === undefined ? `interface ${what.reception.interface}` : `relay ${formatIpv4(relay)}`;
}

export function withAddress(subject: Subject, address: Ipv4): Subject {
  return { ...subject, address: formatIpv4(address) };
}

/** The event of a DISCOVER, with the machine's own words. */
export function tellDiscover(what: Case): Told {
  const { facts } = what.request;
  return {
    id: 'dhcp.discover',
    subject: what.subject,
    data: {
      client: describeClient(what.client),
      via: describeWay(what),
      ...(facts.archs[0] !== undefined && { arch: facts.archs[0] }),
      ...(facts.vendorClass && { vendorClass: facts.vendorClass }),
      ...(facts.userClasses[0] && { userClass: facts.userClasses[0] }),
      ...(facts.uuid && { uuid: facts.uuid }),
      ...(facts.ipxe?.nic && { nic: facts.ipxe.nic }),
      ...tellTimes(what),
      ...(what.request.relay !== undefined && { relay: formatIpv4(what.request.relay) }),
    },
  };
}

/** iPXE shifts the count of its tries into `secs`, and sets the second bit when it has had an offer (ipxe, net/udp/dhcp.c). */
function tellTimes({ request: { packet, facts } }: Case) {
  if (facts.ipxe === undefined) return { secs: packet.secs };
  const { features } = facts.ipxe;
  const loads = [...(features.includes(0x13) ? ['http'] : []), ...(features.includes(0x14) ? ['https'] : [])];
  return { heard: (packet.secs & 2) !== 0, loads };
}

/** "broadcast", "unicast", or the relay that a reply is sent to. */
export function describeDestination({ request }: Case, to: Destination): string {
  if (request.relay !== undefined) return `relay ${formatIpv4(request.relay)}`;
  return to.kind === 'broadcast' ? 'broadcast' : 'unicast';
}

/** The event of a machine that is not in the configuration, when it comes for the first time. */
export function tellSeen({ subject, request: { facts } }: Case): Told {
  const { vendorClass, uuid } = facts;
  return { id: 'machine.seen', subject, data: { ...(vendorClass && { vendorClass }), ...(uuid && { uuid }) } };
}
