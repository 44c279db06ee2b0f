import { formatIpv4, type Ipv4 } from '../../net/ipv4.ts';
import { type Mac, macAt } from '../../net/mac.ts';
import { type BsdpReply, decodeBsdpReply } from '../../wire/bsdp/reply.ts';
import { BSDP_SERVER_CLASS } from '../../wire/bsdp/vendor-class.ts';
import { DecodeError } from '../../wire/decode-error.ts';
import { MessageType, Option } from '../../wire/dhcp4/option-codes.ts';
import { type DhcpPacket, optionInstances } from '../../wire/dhcp4/packet.ts';
import { asciiText, readAddress, readU8, readU32 } from '../../wire/dhcp4/values.ts';
import type { Asker, Lease } from './questions.ts';

/** `elsewhere`: an answer to somebody else, or to an older question. `ignored`: one that this Mac has no use for. */
type Unused = { readonly kind: 'elsewhere' } | { readonly kind: 'ignored'; readonly reason: string };

export type JudgedLease =
  | {
      readonly kind: 'lease';
      readonly type: 'offer' | 'ack';
      readonly lease: Lease;
      readonly note?: string | undefined;
    }
  | { readonly kind: 'refused'; readonly server?: Ipv4 | undefined }
  | Unused;

export interface Question {
  readonly mac: Mac;
  readonly xid: number;
}

/** Whether a packet is an OFFER, ACK or NAK for this question. */
export function judgeLease(packet: DhcpPacket, question: Question): JudgedLease {
  if (!isFor(packet, question)) return { kind: 'elsewhere' };
  return orMalformed(() => {
    const type = readU8(packet.options, Option.messageType);
    const server = readAddress(packet.options, Option.serverIdentifier);
    if (type === MessageType.nak) return { kind: 'refused', server };
    if (type !== MessageType.offer && type !== MessageType.ack) {
      return { kind: 'ignored', reason: `it is of DHCP type ${type ?? 'none'}` };
    }
    if (server === undefined) return { kind: 'ignored', reason: 'it names no server (option 54)' };
    // A server of BSDP alone may offer an image and no address (section 1.1); an address is what is wanted here.
    if (packet.yiaddr === 0) return { kind: 'ignored', reason: 'it offers no address' };
    const mask = readU32(packet.options, Option.subnetMask);
    const lease: Lease = {
      address: packet.yiaddr,
      prefix: mask === undefined ? 24 : 32 - Math.log2(2 ** 32 - mask),
      router: firstAddress(packet, Option.routers),
      server,
      seconds: readU32(packet.options, Option.leaseTime),
    };
    if (!Number.isInteger(lease.prefix)) return { kind: 'ignored', reason: 'its subnet mask is none' };
    const note = isLabelled(packet) ? 'it is labelled as an image offer, too (option 60)' : undefined;
    return { kind: 'lease', type: type === MessageType.offer ? 'offer' : 'ack', lease, note };
  });
}

export type JudgedAnswer =
  | { readonly kind: 'answer'; readonly server: Ipv4; readonly reply: BsdpReply; readonly packet: DhcpPacket }
  | Unused;

/** Whether a packet is a BSDP answer that this Mac takes: Startup Disk compares more than firmware does (sections 1.2, 1.3). */
export function judgeAnswer(packet: DhcpPacket, question: Question & { address: Ipv4; asker: Asker }): JudgedAnswer {
  if (!isFor(packet, question)) return { kind: 'elsewhere' };
  return orMalformed(() => {
    const ignored = (reason: string): JudgedAnswer => ({ kind: 'ignored', reason });
    const type = readU8(packet.options, Option.messageType);
    if (type !== MessageType.ack) return ignored(`it is of DHCP type ${type ?? 'none'}, not an ACK`);
    if (packet.ciaddr !== question.address) {
      return ignored(`its ciaddr is ${formatIpv4(packet.ciaddr)}, not this Mac's address`);
    }
    if (!isLabelled(packet)) return ignored('option 60 does not begin with AAPLBSDPC');
    const vendorClass = packet.options.get(Option.vendorClass);
    if (question.asker === 'macOS' && vendorClass?.length !== BSDP_SERVER_CLASS.length) {
      return ignored(
        `option 60 is "${asciiText(vendorClass ?? new Uint8Array(0))}": Startup Disk wants AAPLBSDPC and nothing else`,
      );
    }
    const server = readAddress(packet.options, Option.serverIdentifier);
    if (server === undefined) return ignored('it names no server (option 54)');
    return { kind: 'answer', server, packet, reply: decodeBsdpReply(optionInstances(packet, Option.vendorSpecific)) };
  });
}

function isFor(packet: DhcpPacket, { mac, xid }: Question): boolean {
  return (
    packet.op === 2 &&
    packet.htype === 1 &&
    packet.hlen === 6 &&
    packet.xid === xid &&
    macAt(packet.chaddr, 0, 6) === mac
  );
}

function isLabelled({ options }: DhcpPacket): boolean {
  const value = options.get(Option.vendorClass);
  return value !== undefined && BSDP_SERVER_CLASS.every((byte, at) => value[at] === byte);
}

function firstAddress(packet: DhcpPacket, code: number): Ipv4 | undefined {
  const value = packet.options.get(code);
  const first = new Map(value && value.length >= 4 ? [[code, value.subarray(0, 4)]] : []);
  return readAddress(first, code);
}

function orMalformed<Judged>(judge: () => Judged): Judged | Unused {
  try {
    return judge();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { kind: 'ignored', reason: `its options cannot be read: ${error.message}` };
  }
}
