import { ANY, formatIpv4, type Ipv4 } from '../../net/ipv4.ts';
import { broadcastOf } from '../../net/subnet.ts';
import { type BsdpRequest, decodeBsdpRequest } from '../../wire/bsdp/request.ts';
import { BSDP_1_0, BSDP_1_1 } from '../../wire/bsdp/tags.ts';
import { DecodeError } from '../../wire/decode-error.ts';
import { Option } from '../../wire/dhcp4/option-codes.ts';
import { optionInstances } from '../../wire/dhcp4/packet.ts';
import type { Case } from '../dhcp/verdict.ts';
import { type Silence, silence } from './silence.ts';

/** A request that can be answered: what it says, and where the answer goes. */
export interface AskedBsdp {
  readonly kind: 'asked';
  readonly bsdp: BsdpRequest & { readonly message: 'list' | 'select'; readonly version: number };
  readonly address: Ipv4;
  readonly port: number;
}

const CLIENT_PORT = 68;
/** Only root may open one: that is how a Mac knows that its own system asks. */
const PRIVILEGED = 1024;

/**
 * A Mac's own checks, which Apple's server makes as well: what names another server is for that one. Applies to all of its
 * messages.
 */
export function isForOthers({ request, network, context }: Case): boolean {
  const { siaddr, sname } = request.packet;
  const isOurs = (address: Ipv4) => context.networks.some((network) => network.address === address);
  return (siaddr !== ANY && !isOurs(siaddr)) || (sname !== '' && sname !== formatIpv4(network.address));
}

/** Reads INFORM's BSDP part, and says why it cannot be answered. */
export function readBsdp(what: Case): AskedBsdp | Silence {
  const decoded = decode(what);
  if (decoded.kind === 'silence') return decoded;
  const { bsdp } = decoded;
  const { version, message, replyPort = CLIENT_PORT } = bsdp;
  if (version === undefined) return silence('no-version', 'it names no version of BSDP');
  if (version !== BSDP_1_0 && version !== BSDP_1_1) {
    return silence(
      'other-version',
      `it speaks version ${version >>> 8}.${version & 255} of BSDP; 1.0 and 1.1 are known`,
    );
  }
  if (bsdp.isNetBoot1) return silence('netboot-1', 'it has firmware older than BSDP (NetBoot 1.0)');
  if (replyPort === 0 || replyPort >= PRIVILEGED) {
    return silence('bad-port', `it wants the answer on port ${replyPort}, which is not below ${PRIVILEGED}`);
  }
  const address = addressOf(what);
  if (address === undefined) return silence('no-address', 'it names no address that an answer could go to');
  if (message !== 'list' && message !== 'select') {
    return silence('other-message', 'it neither asks for a list nor chooses an image');
  }
  return { kind: 'asked', bsdp: { ...bsdp, message, version }, address, port: replyPort };
}

function decode(what: Case): { readonly kind: 'decoded'; readonly bsdp: BsdpRequest } | Silence {
  try {
    return {
      kind: 'decoded',
      bsdp: decodeBsdpRequest(optionInstances(what.request.packet, Option.vendorSpecific)),
    };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return silence('bad-options', `its option 43 cannot be read: ${error.message}`);
  }
}

/**
 * Where the Mac can be reached: the header's ciaddr; some leave it out and name it in option 50, or only in the datagram's
 * source (`mac.clientAddress: strict` does not look there). The answer is as long as the asker wishes, so it goes to no
 * address but a single machine's.
 */
function addressOf({ request, reception, network, context }: Case): Ipv4 | undefined {
  const { ciaddr } = request.packet;
  const isLenient = context.mac.policy.settings.clientAddress === 'lenient';
  const named = ciaddr !== ANY ? ciaddr : isLenient ? (request.requested ?? reception.source.address) : ANY;
  const first = named >>> 24;
  const isOne = first !== 0 && first !== 127 && first < 224;
  return isOne && named !== broadcastOf(network.subnet) && named !== network.address ? named : undefined;
}
