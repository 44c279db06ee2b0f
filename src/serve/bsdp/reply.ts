import { httpBase } from '../../boot/plan.ts';
import { formatIpv4 } from '../../net/ipv4.ts';
import { bsdpPayloadLimit } from '../../wire/bsdp/message-size.ts';
import { encodeFailedReply, encodeListReply, encodeSelectReply } from '../../wire/bsdp/reply.ts';
import { BSDP_SERVER_CLASS } from '../../wire/bsdp/vendor-class.ts';
import { MessageType, Option } from '../../wire/dhcp4/option-codes.ts';
import { encodeReply, replyBytes } from '../../wire/dhcp4/packet.ts';
import { textBytes, u32Bytes } from '../../wire/dhcp4/values.ts';
import type { Case } from '../dhcp/verdict.ts';
import { IMAGE_FOLDER, type MacOffer, type OfferedImage } from './offer.ts';
import type { AskedBsdp } from './request.ts';

type OptionEntry = readonly [code: number, value: Uint8Array];
type Images = Extract<MacOffer, { kind: 'images' }>;

export interface EncodedList {
  readonly bytes: Uint8Array;
  /** Images that the Mac’s limit leaves no room for. */
  readonly dropped: number;
  /** That limit, as payload. */
  readonly limit: number;
}

/** ACK[LIST]. */
export function encodeList(
  what: Case,
  { bsdp }: AskedBsdp,
  offer: Images,
  selected: OfferedImage | undefined,
): EncodedList {
  const limit = bsdpPayloadLimit({ bsdpBytes: bsdp.maxMessageBytes, dhcpBytes: what.request.maxMessageSize });
  const around = replyBytes([...head(what), ...tail(what)]);
  const { areas, dropped } = encodeListReply(
    {
      priority: what.context.mac.policy.settings.priority,
      defaultImage: offer.preferred.image.id,
      selected: selected?.image.id,
      images: offer.images.map(({ image, title }) => ({ id: image.id, name: title })),
    },
    { version: bsdp.version, room: limit - around },
  );
  return { bytes: encode(what, areas, {}), dropped, limit };
}

/** ACK[SELECT]: where the boot file is, and for Apple's own systems where the rest is. */
export function encodeSelect(what: Case, chosen: OfferedImage): Uint8Array {
  const { image, bootFile } = chosen;
  const rootPath = rootPathOf(what, chosen);
  const areas = encodeSelectReply({
    image: image.id,
    // GRUB takes its name from elsewhere; macOS calls itself so.
    machineName: image.what.kind === 'nbi' ? what.machine?.hostName : undefined,
  });
  return encode(what, areas, { file: bootFile, rootPath });
}

/** ACK[FAILED]. */
export function encodeFailed(what: Case): Uint8Array {
  return encode(what, encodeFailedReply(), {});
}

interface Body {
  readonly file?: string;
  readonly rootPath?: string | undefined;
}

/** Relays answer nothing here: the Mac has an address, and the answer goes there. Its ciaddr goes back as it came. */
function encode(what: Case, areas: readonly Uint8Array[], { file, rootPath }: Body): Uint8Array {
  const { packet } = what.request;
  return encodeReply({
    request: packet,
    flags: packet.flags,
    ciaddr: packet.ciaddr,
    siaddr: what.network.address,
    ...(file !== undefined && { file }),
    options: [
      ...head(what),
      ...(rootPath === undefined ? [] : [[Option.rootPath, textBytes(rootPath)] as const]),
      ...areas.map((area) => [Option.vendorSpecific, area] as const),
      ...tail(what),
    ],
  });
}

/** The server identifier is the datagram's source, also through a relay: the answer does not go back by it. */
function head({ network }: Case): OptionEntry[] {
  return [
    [Option.messageType, Uint8Array.of(MessageType.ack)],
    [Option.serverIdentifier, u32Bytes(network.address)],
    [Option.vendorClass, BSDP_SERVER_CLASS],
  ];
}

/** RFC 3046 2.2: the relay's option goes back, last of all. */
function tail({ request }: Case): OptionEntry[] {
  const relayInfo = request.packet.options.get(Option.relayAgentInfo);
  return relayInfo ? [[Option.relayAgentInfo, relayInfo]] : [];
}

/** Option 17 for images of Apple's kind. The booter knows no DNS: the host is an address. */
function rootPathOf({ network, context }: Case, { image }: OfferedImage): string | undefined {
  if (image.what.kind !== 'nbi') return undefined;
  const { rootPath, rootImage } = image.what.nbi;
  if (rootPath !== undefined || rootImage === undefined) return rootPath;
  const path = rootImage.split('/').map(encodeURIComponent).join('/');
  return `${httpBase(formatIpv4(network.address), context.mac.httpPort)}/${IMAGE_FOLDER}/${image.name}/${path}`;
}
