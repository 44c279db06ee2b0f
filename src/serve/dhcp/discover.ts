import { chooseAddress } from '../../lease/choose.ts';
import { formatIpv4, type Ipv4 } from '../../net/ipv4.ts';
import { seedOfferAreas } from '../bsdp/seed-offer.ts';
import { abandonLease, addressQuestion, HOLD_MS } from './allocation.ts';
import { chooseDestination } from './destination.ts';
import { chooseLeaseSeconds } from './lease-times.ts';
import { encodeLeaseReply } from './reply.ts';
import { describeDestination, tellDiscover, tellSeen, withAddress } from './say.ts';
import { serverIdentifierFor } from './server-identifier.ts';
import { type Case, ignore, type Told, type Verdict } from './verdict.ts';

/** DISCOVER: an offer, held for a minute and written nowhere (RFC 2131 4.3.1). */
export function answerDiscover(what: Case): Verdict {
  const { request, network, context } = what;
  const heard = tellDiscover(what);
  const boot = context.answerBoot(what.client, network, what.machine);
  if (boot.kind === 'silent') return ignore(boot.reason, heard);
  const choice = chooseAddress(context.view, addressQuestion(what));
  if (choice.kind === 'refused') return ignore(choice.reason, heard);
  if (choice.kind === 'none') {
    return ignore(choice.reason, heard, {
      id: 'dhcp.no-address',
      subject: what.subject,
      data: { reason: choice.reason },
    });
  }
  const { address } = choice;
  const offer = { network: network.name, client: request.client, address, expiresAt: context.now + HOLD_MS };
  if (needsProbe(what, address, choice.reason)) {
    const found = context.probed(address);
    if (found === undefined) return { kind: 'probe', offer };
    if (found === 'in-use') return abandonInUse(what, address);
  }
  const fields = boot.kind === 'boot' ? boot.fields : undefined;
  const parts = {
    request,
    network,
    machine: what.machine,
    boot: fields,
    serverIdentifier: serverIdentifierFor(what),
    seedAreas: seedOfferAreas(what),
  };
  const seconds = chooseLeaseSeconds(network, request.leaseSeconds);
  const told: Told[] = isNew(what) ? [tellSeen(what), heard] : [heard];
  if (boot.kind === 'unsupported') {
    told.push({ id: 'dhcp.no-boot-file', subject: what.subject, data: { arch: boot.arch, reason: boot.reason } });
  }
  const { replies } = network.dhcp;
  const to = chooseDestination(request, { isNak: false, yiaddr: address, replies }, what.reception.source);
  told.push({
    id: 'dhcp.offer',
    subject: withAddress(what.subject, address),
    data: {
      address: formatIpv4(address),
      reason: choice.reason,
      ...(fields && { bootFile: fields.bootFile }),
      nextServer: formatIpv4(network.address),
      to: describeDestination(what, to),
    },
  });
  return {
    kind: 'answer',
    offer,
    reply: { source: network.address, bytes: encodeLeaseReply(parts, 'offer', { address, seconds }), to },
    told,
  };
}

/** A machine that the configuration does not name and that was not here before. */
function isNew({ machine, request, network, context: { view } }: Case): boolean {
  if (machine !== undefined || request.mac === undefined) return false;
  return (
    view.leaseOf(network.name, request.client) === undefined && view.offerOf(network.name, request.client) === undefined
  );
}

/**
 * Only a pool address that this client does not hold yet is asked after: its own would answer for itself. Behind a relay
 * nobody can be asked by ARP.
 */
function needsProbe(what: Case, address: Ipv4, reason: string): boolean {
  if (what.request.relay !== undefined) return false;
  if (!what.network.dhcp.conflictProbe || (reason !== 'pool' && reason !== 'requested' && reason !== 'offer'))
    return false;
  return what.context.view.leaseAt(address)?.client !== what.request.client;
}

/** The address is set aside; the client repeats its DISCOVER and gets another one. */
function abandonInUse(what: Case, address: Ipv4): Verdict {
  const { change, minutes } = abandonLease(what, address);
  return {
    kind: 'answer',
    change,
    told: [
      {
        id: 'dhcp.conflict',
        subject: withAddress(what.subject, address),
        data: { address: formatIpv4(address), minutes },
      },
    ],
  };
}
