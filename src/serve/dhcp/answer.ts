import type { Subject } from '../../event/event.ts';
import type { Network } from '../../lease/network.ts';
import { formatIpv4 } from '../../net/ipv4.ts';
import { messageName } from '../../wire/dhcp4/option-codes.ts';
import { answerMac } from '../bsdp/answer.ts';
import { answerRequest } from './confirm.ts';
import { answerDiscover } from './discover.ts';
import { networkOf } from './network-of.ts';
import {
  answerBootp,
  answerBootServer,
  answerDecline,
  answerInform,
  answerProxyDiscover,
  answerRelease,
} from './others.ts';
import type { DhcpRequest } from './request.ts';
import { describeClient, tellDiscover, withAddress } from './say.ts';
import { isOurs } from './server-identifier.ts';
import {
  type Case,
  type DhcpContext,
  ignore,
  type MacNote,
  type Reception,
  type Told,
  type Verdict,
} from './verdict.ts';

/** Decides about one request. Pure: what is to be held, written, sent and told comes back as a value. */
export function answerDhcp(request: DhcpRequest, reception: Reception, context: DhcpContext): Verdict {
  if (request.packet.op !== 1) return ignore('it is a reply');
  // RFC 2131 4.2: all such clients would be one, with one address.
  const isSomebody = request.mac !== undefined || Boolean(request.clientId) || request.message === 'inform';
  if (!isSomebody) return ignore('it names neither a hardware address nor a client identifier');
  const machine = request.mac && context.machineByMac(request.mac);
  const choice = networkOf(request, context.networks, reception.interface, machine?.address);
  if (choice.kind === 'none') {
    const { reason, wanted } = choice;
    const isQuestion = request.message === 'discover' && wanted !== undefined;
    const subject: Subject = { mac: request.mac, machine: machine?.name };
    const client = context.classify(request.facts);
    // Somebody set a relay up to send it here.
    const told = isQuestion ? [tellDiscover({ request, reception, client, subject })] : [];
    return { kind: 'ignore', reason, wanted, told };
  }
  const { network } = choice;
  const subject: Subject = { mac: request.mac, machine: machine?.name, network: network.name };
  const what: Case = {
    request,
    reception,
    network,
    machine,
    client: context.classify(request.facts),
    context,
    subject,
  };
  if (network.dhcp.mode === 'off') return ignore(`DHCP is off on network ${network.name}`);
  return answerMac(what, answerAsConfigured);
}

function answerAsConfigured(what: Case): Verdict {
  const { network, request, reception } = what;
  const verdict =
    network.dhcp.mode === 'observe'
      ? observe(what)
      : reception.port === 4011
        ? answerBootServer(what)
        : network.dhcp.mode === 'proxy'
          ? answerAsProxy(what)
          : answerAsAuthority(what);
  return request.appleClass.kind === 'malformed' ? noteMalformed(what, verdict) : verdict;
}

/** Somebody whose option 60 only begins like a Mac's is no Mac, and is counted. */
function noteMalformed({ request, subject, machine }: Case, verdict: Verdict): Verdict {
  if (verdict.kind === 'probe' || request.mac === undefined || request.appleClass.kind !== 'malformed') return verdict;
  const reason = `option 60 is no Mac’s: ${request.appleClass.reason}`;
  const told: Told = { id: 'bsdp.ignored', subject, data: { code: 'bad-class', reason } };
  const note: MacNote = {
    mac: request.mac,
    isKnown: machine !== undefined,
    counted: 'bad-class',
    rarely: [{ key: 'bad-class', told }],
  };
  return { ...verdict, note };
}

function answerAsAuthority(what: Case): Verdict {
  switch (what.request.message) {
    case 'discover':
      return answerDiscover(what);
    case 'request':
      return answerRequest(what);
    case 'decline':
      return answerDecline(what);
    case 'release':
      return answerRelease(what);
    case 'inform':
      return answerInform(what);
    case 'bootp':
      return answerBootp(what);
    case 'offer':
    case 'ack':
    case 'nak':
      return ignore('a client does not send this message');
  }
}

function answerAsProxy(what: Case): Verdict {
  const { message, serverIdentifier, ciaddr } = what.request;
  if (message === 'discover') return answerProxyDiscover(what);
  const reason = 'addresses come from another server on this network';
  const isToUs = serverIdentifier !== undefined && isOurs(serverIdentifier, what.request, what.context.networks);
  if (message !== 'request' || !isToUs || ciaddr !== undefined) return ignore(reason);
  const data = { client: describeClient(what.client) };
  return ignore(reason, { id: 'dhcp.asks-proxy', subject: what.subject, data });
}

/** What we would do, told and not done. Only requests that start something are worth a line. */
function observe(what: Case): Verdict {
  const { message } = what.request;
  const reason = `network ${what.network.name} is only observed`;
  if (message !== 'discover' && message !== 'request' && message !== 'bootp') return ignore(reason);
  const verdict = answerAsAuthority({ ...what, network: withoutProbe(what.network) });
  const answer = verdict.kind === 'ignore' ? `no answer: ${verdict.reason}` : describeReply(verdict);
  const { uuid } = what.request.facts;
  const data = { message, answer, client: describeClient(what.client), ...(uuid && { uuid }), ...chosen(what) };
  const { requested } = what.request;
  const subject = 'server' in data && requested !== undefined ? withAddress(what.subject, requested) : what.subject;
  return ignore(reason, { id: 'dhcp.would-answer', subject, data });
}

/** Whose offer a REQUEST takes. */
function chosen({ request, context }: Case): { readonly server?: string; readonly address?: string } {
  const { serverIdentifier, requested } = request;
  if (serverIdentifier === undefined || isOurs(serverIdentifier, request, context.networks)) return {};
  return {
    server: formatIpv4(serverIdentifier),
    ...(requested !== undefined && { address: formatIpv4(requested) }),
  };
}

function withoutProbe(network: Network): Network {
  return { ...network, dhcp: { ...network.dhcp, conflictProbe: false } };
}

function describeReply(verdict: Verdict): string {
  if (verdict.kind !== 'answer' || verdict.reply === undefined) return 'nothing';
  const [byte16 = 0, byte17 = 0, byte18 = 0, byte19 = 0] = verdict.reply.bytes.subarray(16, 20);
  // Option 53 is the first option of every reply that has one.
  const name = verdict.reply.bytes[240] === 53 ? messageName(verdict.reply.bytes[242] ?? 0) : 'BOOTP reply';
  return `${name} ${byte16}.${byte17}.${byte18}.${byte19}`;
}
