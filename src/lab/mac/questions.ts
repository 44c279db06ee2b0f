import { type Ipv4, ipv4Bytes } from '../../net/ipv4.ts';
import { macBytes } from '../../net/mac.ts';
import type { ImageId } from '../../wire/bsdp/image-id.ts';
import { type BsdpRequest, encodeBsdpRequest } from '../../wire/bsdp/request.ts';
import { encodeAppleClass } from '../../wire/bsdp/vendor-class.ts';
import { Option } from '../../wire/dhcp4/option-codes.ts';
import { encodeQuestion } from '../../wire/dhcp4/packet.ts';
import { u16Bytes } from '../../wire/dhcp4/values.ts';
import { archOfModel, type MacOrder } from './order.ts';

/**
 * The packets that a Mac sends (BSDP notes, section 1.3). `firmware` and `macOS` ask for different things: before macOS
 * runs, DISCOVER and REQUEST carry Apple's class, too.
 */
export type Asker = 'firmware' | 'macOS';

type Options = readonly (readonly [code: number, value: Uint8Array])[];

/** What Intel firmware was seen to ask for: 1, 3, 67, 43, 60. */
const FIRMWARE_LIST = Uint8Array.of(1, 3, 67, 43, 60);
/** macOS's own DHCP client, and its Startup Disk. */
const SYSTEM_LIST = Uint8Array.of(1, 121, 3, 6, 15, 119, 252);
const STARTUP_DISK_LIST = Uint8Array.of(60, 43);
const MOST_BYTES = 1500;
/** Sub-option 12, which Startup Disk sends: it takes fragments. */
const STARTUP_DISK_BYTES = 8192;

export interface Lease {
  readonly address: Ipv4;
  /** Prefix length. */
  readonly prefix: number;
  readonly router?: Ipv4 | undefined;
  /** Option 54. */
  readonly server: Ipv4;
  readonly seconds?: number | undefined;
}

export function discover(order: MacOrder, asker: Asker, xid: number): Uint8Array {
  return encodeQuestion({ chaddr: macBytes(order.mac), xid, type: 'discover', options: dhcpOptions(order, asker) });
}

export function request(order: MacOrder, asker: Asker, xid: number, offer: Lease): Uint8Array {
  const wanted: Options = [
    [Option.requestedAddress, ipv4Bytes(offer.address)],
    [Option.serverIdentifier, ipv4Bytes(offer.server)],
  ];
  const options = [...wanted, ...dhcpOptions(order, asker)];
  return encodeQuestion({ chaddr: macBytes(order.mac), xid, type: 'request', options });
}

export function release(order: MacOrder, xid: number, lease: Lease): Uint8Array {
  const options: Options = [[Option.serverIdentifier, ipv4Bytes(lease.server)]];
  return encodeQuestion({ chaddr: macBytes(order.mac), xid, type: 'release', ciaddr: lease.address, options });
}

function dhcpOptions(order: MacOrder, asker: Asker): Options {
  const size = [Option.maxMessageSize, u16Bytes(MOST_BYTES)] as const;
  if (asker === 'macOS') {
    const client = Uint8Array.of(1, ...macBytes(order.mac));
    return [[Option.parameterRequestList, SYSTEM_LIST], size, [Option.clientIdentifier, client]];
  }
  const area = encodeBsdpRequest({ version: order.version, isNetBoot1: false });
  return [[Option.parameterRequestList, FIRMWARE_LIST], size, appleClass(order), [Option.vendorSpecific, area]];
}

/** Where a LIST or SELECT comes from. */
export interface Bsdp {
  readonly asker: Asker;
  readonly xid: number;
  readonly address: Ipv4;
  /** Not 68: said in sub-option 5. */
  readonly port: number;
}

export function list(order: MacOrder, bsdp: Bsdp): Uint8Array {
  const isMacOs = bsdp.asker === 'macOS';
  const size = isMacOs ? { maxMessageBytes: STARTUP_DISK_BYTES } : {};
  return inform(order, bsdp, { message: 'list', ...common(order, bsdp), ...size });
}

export function select(order: MacOrder, bsdp: Bsdp, server: Ipv4, selected: ImageId): Uint8Array {
  return inform(order, bsdp, { message: 'select', ...common(order, bsdp), server, selected });
}

function common({ version }: MacOrder, { port }: Bsdp) {
  return { version, isNetBoot1: false, ...(port === 68 ? {} : { replyPort: port }) };
}

function inform(order: MacOrder, bsdp: Bsdp, content: BsdpRequest): Uint8Array {
  // Firmware was seen to write the image before the server, Startup Disk writes the server first.
  const area = encodeBsdpRequest(content, bsdp.asker === 'macOS' ? 'server-first' : 'image-first');
  const wanted = bsdp.asker === 'macOS' ? STARTUP_DISK_LIST : FIRMWARE_LIST;
  return encodeQuestion({
    chaddr: macBytes(order.mac),
    xid: bsdp.xid,
    type: 'inform',
    ciaddr: bsdp.address,
    options: [
      [Option.parameterRequestList, wanted],
      [Option.maxMessageSize, u16Bytes(MOST_BYTES)],
      appleClass(order),
      [Option.vendorSpecific, area],
    ],
  });
}

function appleClass({ model }: MacOrder): readonly [number, Uint8Array] {
  return [Option.vendorClass, encodeAppleClass(archOfModel(model), model)];
}
