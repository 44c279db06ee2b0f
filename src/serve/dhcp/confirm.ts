import { chooseAddress, isUsable } from '../../lease/choose.ts';
import { ANY, formatIpv4, type Ipv4 } from '../../net/ipv4.ts';
import { formatSubnet, subnetContains } from '../../net/subnet.ts';
import { addressQuestion, bindLease, reservedAddress } from './allocation.ts';
import { chooseDestination } from './destination.ts';
import { chooseLeaseSeconds } from './lease-times.ts';
import { encodeLeaseReply, encodeNak } from './reply.ts';
import { describeClient, withAddress } from './say.ts';
import { isOurs, serverIdentifierFor } from './server-identifier.ts';
import { type Case, ignore, type Verdict } from './verdict.ts';

/** Which of the four a REQUEST is (RFC 2131 4.3.2): decided by options 54 and 50 and by ciaddr, never by one alone. */
type Kind = 'selecting' | 'init-reboot' | 'renewing';

function kindOf(what: Case): Kind {
  const { serverIdentifier, requested, ciaddr } = what.request;
  if (serverIdentifier !== undefined) return 'selecting';
  return requested !== undefined && ciaddr === undefined ? 'init-reboot' : 'renewing';
}

/** REQUEST: an ACK once the lease is written, a NAK, or silence. */
export function answerRequest(what: Case): Verdict {
  const { request, context, network } = what;
  const kind = kindOf(what);
  const address = request.requested ?? request.ciaddr;
  if (address === undefined) return ignore('it names no address');
  const { serverIdentifier } = request;
  if (serverIdentifier !== undefined && !isOurs(serverIdentifier, request, context.networks)) {
    return choseOther(what, serverIdentifier, address);
  }
  const problem = whyNot(what, address);
  if (problem !== undefined) return refuse(what, address, problem);
  const boot = context.answerBoot(what.client, network, what.machine);
  if (boot.kind === 'silent') return ignore(boot.reason);
  const fields = boot.kind === 'boot' ? boot.fields : undefined;
  const seconds = chooseLeaseSeconds(network, request.leaseSeconds);
  const parts = { request, network, machine: what.machine, boot: fields, serverIdentifier: serverIdentifierFor(what) };
  return {
    kind: 'answer',
    change: bindLease(what, address, seconds),
    reply: {
      source: network.address,
      bytes: encodeLeaseReply(parts, 'ack', { address, seconds }),
      to: chooseDestination(
        request,
        { isNak: false, yiaddr: address, replies: network.dhcp.replies },
        what.reception.source,
      ),
    },
    told: [
      {
        id: 'dhcp.ack',
        subject: withAddress(what.subject, address),
        data: {
          address: formatIpv4(address),
          seconds,
          kind,
          client: describeClient(what.client),
          ...(request.clientId && { clientId: request.clientId }),
          ...(request.facts.uuid && { uuid: request.facts.uuid }),
          ...(fields && { bootFile: fields.bootFile }),
          nextServer: formatIpv4(network.address),
          subnet: formatSubnet(network.subnet),
          ...(network.router !== undefined && { router: formatIpv4(network.router) }),
        },
      },
    ],
  };
}

/** Why the client may not have this address, in words for its screen; undefined when it may. */
function whyNot(what: Case, address: Ipv4): string | undefined {
  const { request, network, context } = what;
  if (!subnetContains(network.subnet, address)) {
    return `${formatIpv4(address)} is not in ${formatSubnet(network.subnet)}`;
  }
  const reserved = reservedAddress(what);
  const question = addressQuestion(what);
  if (reserved === address) {
    const choice = chooseAddress(context.view, question);
    return choice.kind === 'address' && choice.address === address ? undefined : `${formatIpv4(address)} is in use`;
  }
  // A reservation that was made while the machine had a pool address: it is told to ask again, and then gets it.
  if (reserved !== undefined && canHave(what, reserved)) return `${formatIpv4(reserved)} is reserved for this machine`;
  if (!question.mayUsePool) return 'unknown clients get no address here';
  const offered = context.view.offerOf(network.name, request.client);
  if (offered?.address === address) return undefined;
  // Also when nothing is known of it: a free pool address is confirmed, so that clients survive a lost lease file.
  return isUsable(context.view, question, address)
    ? undefined
    : `${formatIpv4(address)} is not available to this machine`;
}

function canHave(what: Case, reserved: Ipv4): boolean {
  const choice = chooseAddress(what.context.view, addressQuestion(what));
  return choice.kind === 'address' && choice.address === reserved;
}

function refuse(what: Case, address: Ipv4, reason: string): Verdict {
  const { request, network } = what;
  const parts = { request, network, serverIdentifier: serverIdentifierFor(what) };
  return {
    kind: 'answer',
    reply: {
      source: network.address,
      bytes: encodeNak(parts, reason),
      to: chooseDestination(
        request,
        { isNak: true, yiaddr: ANY, replies: network.dhcp.replies },
        what.reception.source,
      ),
    },
    told: [
      { id: 'dhcp.nak', subject: withAddress(what.subject, address), data: { address: formatIpv4(address), reason } },
    ],
  };
}

/** The client took another server's offer: ours is free again at once. */
function choseOther(what: Case, server: Ipv4, address: Ipv4): Verdict {
  const { network, request, context } = what;
  const offer = context.view.offerOf(network.name, request.client);
  return {
    kind: 'ignore',
    reason: `it takes the offer of ${formatIpv4(server)}`,
    told: [
      {
        id: 'dhcp.chose-other',
        subject: withAddress(what.subject, address),
        data: {
          server: formatIpv4(server),
          address: formatIpv4(address),
          client: describeClient(what.client),
        },
      },
    ],
    ...(offer && { dropOffer: offer }),
  };
}
