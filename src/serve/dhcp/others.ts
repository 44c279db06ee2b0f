import { chooseAddress } from '../../lease/choose.ts';
import { ANY, formatIpv4 } from '../../net/ipv4.ts';
import { Option } from '../../wire/dhcp4/option-codes.ts';
import { decodeBootItem, encodeBootItem } from '../../wire/pxe/vendor-options.ts';
import { abandonLease, addressQuestion, bindLease } from './allocation.ts';
import { chooseDestination } from './destination.ts';
import { encodeBootpReply, encodeInformReply, encodeProxyReply } from './reply.ts';
import { describeWay, tellDiscover, withAddress } from './say.ts';
import { isOurs, serverIdentifierFor } from './server-identifier.ts';
import { type Case, ignore, type Verdict } from './verdict.ts';

/** DECLINE: the client found somebody else at its address (RFC 2131 4.3.3). No reply. */
export function answerDecline(what: Case): Verdict {
  const { request, context, network } = what;
  const address = request.requested;
  if (address === undefined) return ignore('it names no address');
  if (request.serverIdentifier !== undefined && !isOurs(request.serverIdentifier, request, context.networks)) {
    return ignore('it is for another server');
  }
  const holds =
    context.view.leaseOf(network.name, request.client)?.address === address ||
    context.view.offerOf(network.name, request.client)?.address === address;
  if (!holds) return ignore(`${formatIpv4(address)} was not given to it`);
  const { change, minutes } = abandonLease(what, address);
  return {
    kind: 'answer',
    change,
    told: [
      {
        id: 'dhcp.decline',
        subject: withAddress(what.subject, address),
        data: { address: formatIpv4(address), minutes },
      },
    ],
  };
}

/** RELEASE: the address is free, and remembered as this client's (RFC 2131 4.3.4). No reply. */
export function answerRelease(what: Case): Verdict {
  const { request, context, network } = what;
  const lease = context.view.leaseOf(network.name, request.client);
  if (lease === undefined || lease.address !== request.ciaddr || lease.state !== 'bound') {
    return ignore('it holds no lease of that address');
  }
  return {
    kind: 'answer',
    change: { kind: 'put', at: context.now, lease: { ...lease, state: 'released', endsAt: context.now } },
    told: [
      {
        id: 'dhcp.release',
        subject: withAddress(what.subject, lease.address),
        data: { address: formatIpv4(lease.address) },
      },
    ],
  };
}

/** INFORM: settings without an address (RFC 2131 4.3.5). */
export function answerInform(what: Case): Verdict {
  const { request, network, context, reception } = what;
  const address = request.ciaddr ?? (reception.source.address === ANY ? undefined : reception.source.address);
  if (address === undefined) return ignore('it names no address to answer to');
  const { kind } = request.appleClass;
  if (kind === 'bare' || kind === 'client') return ignore('it has the mark of a NetBoot server, and names no Mac');
  const boot = context.answerBoot(what.client, network, what.machine);
  const fields = boot.kind === 'boot' ? boot.fields : undefined;
  const parts = { request, network, machine: what.machine, boot: fields, serverIdentifier: serverIdentifierFor(what) };
  return {
    kind: 'answer',
    reply: {
      source: network.address,
      bytes: encodeInformReply(parts),
      to: chooseDestination(request, { isNak: false, yiaddr: ANY, replies: network.dhcp.replies }, reception.source),
    },
    told: [{ id: 'dhcp.inform', subject: withAddress(what.subject, address), data: { address: formatIpv4(address) } }],
  };
}

/** BOOTP: one exchange, an address without an end (RFC 951, RFC 2131 4.3.6 does not apply). */
export function answerBootp(what: Case): Verdict {
  const { request, network, context } = what;
  if (!network.dhcp.bootp) return ignore(`BOOTP is off on network ${network.name}`);
  // Its message type may be in what is missing, and the lease would have no end.
  if (!request.packet.isWhole) return ignore('its options break off');
  const choice = chooseAddress(context.view, addressQuestion(what));
  if (choice.kind === 'refused') return ignore(choice.reason);
  if (choice.kind === 'none') {
    return ignore(choice.reason, { id: 'dhcp.no-address', subject: what.subject, data: { reason: choice.reason } });
  }
  const { address } = choice;
  const boot = context.answerBoot(what.client, network, what.machine);
  const parts = {
    request,
    network,
    machine: what.machine,
    boot: boot.kind === 'boot' ? boot.fields : undefined,
    serverIdentifier: network.address,
  };
  return {
    kind: 'answer',
    change: bindLease(what, address, null),
    reply: {
      source: network.address,
      bytes: encodeBootpReply(parts, address),
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
        data: { address: formatIpv4(address), seconds: null, kind: 'bootp', client: `BOOTP, ${describeWay(what)}` },
      },
    ],
  };
}

/** proxyDHCP: boot information beside another server's address (PXE 2.1, 2.4). DISCOVER on port 67 only. */
export function answerProxyDiscover(what: Case): Verdict {
  const { request, network, context } = what;
  const boot = context.answerBoot(what.client, network, what.machine);
  if (boot.kind === 'none') return ignore('it does not ask to be booted, and addresses come from another server here');
  const heard = tellDiscover(what);
  if (boot.kind === 'silent') return ignore(boot.reason, heard);
  if (boot.kind === 'unsupported') {
    return ignore(boot.reason, heard, {
      id: 'dhcp.no-boot-file',
      subject: what.subject,
      data: { arch: boot.arch, reason: boot.reason },
    });
  }
  const fields = proxyFields(what, boot.fields);
  const parts = { request, network, machine: what.machine, boot: fields, serverIdentifier: serverIdentifierFor(what) };
  // The client has no address and we give it none: only a broadcast reaches it.
  const to = chooseDestination(request, { isNak: false, yiaddr: ANY, replies: 'broadcast' }, what.reception.source);
  return {
    kind: 'answer',
    reply: { source: network.address, bytes: encodeProxyReply(parts, 'offer'), to },
    told: [heard, { id: 'dhcp.proxy-offer', subject: what.subject, data: { bootFile: fields.bootFile, port: 67 } }],
  };
}

/**
 * The boot server on port 4011 (PXE 2.1, 2.4.5). EDK2 comes here when an offer had no discovery control, Intel's
 * boot agent with a boot item in option 43 that is echoed. The client has an address by now.
 */
export function answerBootServer(what: Case): Verdict {
  const { request, network, context, reception } = what;
  if (request.message !== 'request' && request.message !== 'inform' && request.message !== 'discover') {
    return ignore('the boot server only answers REQUEST and INFORM');
  }
  const boot = context.answerBoot(what.client, network, what.machine);
  if (boot.kind !== 'boot') return ignore(boot.kind === 'none' ? 'it does not ask to be booted' : boot.reason);
  const fields = proxyFields(what, boot.fields);
  const vendorSpecific = request.packet.options.get(Option.vendorSpecific);
  const item = vendorSpecific && decodeBootItem(vendorSpecific);
  const parts = { request, network, machine: what.machine, boot: fields, serverIdentifier: serverIdentifierFor(what) };
  const { source } = reception;
  return {
    kind: 'answer',
    reply: {
      source: network.address,
      bytes: encodeProxyReply(parts, 'ack', item && encodeBootItem(item.item, item.layer)),
      to: source.address === ANY ? { kind: 'broadcast', port: source.port } : { kind: 'unicast', ...source },
    },
    told: [
      {
        id: 'dhcp.proxy-offer',
        subject: { ...what.subject, ...(request.ciaddr !== undefined && { address: formatIpv4(request.ciaddr) }) },
        data: { bootFile: fields.bootFile, port: 4011 },
      },
    ],
  };
}

/** A proxy offer says whose it is by option 60; without it firmware takes it for a broken DHCP offer. */
function proxyFields(what: Case, fields: Parameters<typeof encodeProxyReply>[0]['boot']): typeof fields {
  return { ...fields, vendorClass: what.client.kind === 'http' ? 'HTTPClient' : 'PXEClient' };
}
