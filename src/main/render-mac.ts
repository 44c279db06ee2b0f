import type { MacRecord } from '../machine/mac-record.ts';
import { ANY, formatIpv4, type Ipv4 } from '../net/ipv4.ts';
import { macBytes } from '../net/mac.ts';
import { type AskingMac, planMacOffer } from '../serve/bsdp/offer.ts';
import { answerDhcp } from '../serve/dhcp/answer.ts';
import { readRequest } from '../serve/dhcp/request.ts';
import { formatImageId } from '../wire/bsdp/image-id.ts';
import { decodeBsdpReply } from '../wire/bsdp/reply.ts';
import { encodeBsdpRequest } from '../wire/bsdp/request.ts';
import { BSDP_1_1 } from '../wire/bsdp/tags.ts';
import { encodeAppleClass } from '../wire/bsdp/vendor-class.ts';
import { Option } from '../wire/dhcp4/option-codes.ts';
import { type DhcpPacket, decodePacket, encodeQuestion, optionInstances } from '../wire/dhcp4/packet.ts';
import { asciiText, u16Bytes } from '../wire/dhcp4/values.ts';
import type { DhcpPreview, PreviewedDhcp } from './render-dhcp.ts';

export interface MacPreview extends DhcpPreview {
  readonly asking: AskingMac;
  readonly record: MacRecord | undefined;
}

interface Answered {
  readonly reply: DhcpPacket | undefined;
  readonly reason: string | null;
}

/** Asks as a Mac's firmware does: for an address, for a list, and for the list's default. Changes nothing. */
export function previewMac(preview: MacPreview): PreviewedDhcp {
  const offer = ask(preview, 'discover', []);
  const address = offer.reply?.yiaddr || preview.machine.address;
  const list = informs(preview, address, { message: 'list', version: BSDP_1_1, isNetBoot1: false });
  const base = { firmware: 'mac', notAsked: [], address } as const;
  const listed = list.reply && decodeBsdpReply(optionInstances(list.reply, Option.vendorSpecific));
  if (list.reply === undefined || listed === undefined) {
    return { ...base, answer: 'none', reason: list.reason, bootFile: null, loader: null, options: [] };
  }
  const { network } = preview;
  const select = { message: 'select', version: BSDP_1_1, isNetBoot1: false } as const;
  const chosen = listed.selected ?? listed.defaultImage;
  const { reply } = informs(preview, address, { ...select, server: network.address, selected: chosen });
  const bootFile = reply?.file ?? null;
  return {
    ...base,
    answer: `list of ${listed.images.length}`,
    reason: null,
    bootFile,
    loader: isGrub(preview, bootFile) ? 'grub' : null,
    options: [...describeList(listed, preview), ...(reply ? describeSelect(reply, preview) : [])],
  };
}

function informs(
  preview: MacPreview,
  address: Ipv4 | undefined,
  request: Parameters<typeof encodeBsdpRequest>[0],
): Answered {
  if (address === undefined) return { reply: undefined, reason: 'it has no address from us, and none is reserved' };
  return ask(preview, 'inform', [[Option.vendorSpecific, encodeBsdpRequest(request)]], address);
}

function ask(
  { asking, machine, network, setup, view, now, record }: MacPreview,
  type: 'discover' | 'inform',
  options: readonly (readonly [number, Uint8Array])[],
  ciaddr: Ipv4 = ANY,
): Answered {
  const relay = network.router ?? ((network.subnet.base + 1) as Ipv4);
  const bytes = encodeQuestion({
    chaddr: macBytes(asking.mac),
    xid: 1,
    type,
    ciaddr,
    ...(network.interface === undefined && { giaddr: relay }),
    options: [
      [Option.parameterRequestList, Uint8Array.of(1, 3, 43, 60)],
      [Option.maxMessageSize, u16Bytes(1500)],
      [Option.vendorClass, encodeAppleClass(asking.arch, asking.model)],
      ...options,
    ],
  });
  const reception = { interface: network.interface ?? '', source: { address: ciaddr, port: 68 }, port: 67 } as const;
  const verdict = answerDhcp(readRequest(decodePacket(bytes)), reception, {
    ...setup,
    machineByMac: () => machine,
    mac: { ...setup.mac, record: () => record, loaded: () => undefined },
    view,
    now,
    probed: () => 'free',
  });
  if (verdict.kind === 'ignore') return { reply: undefined, reason: verdict.reason };
  const reply = verdict.kind === 'answer' ? verdict.reply : undefined;
  return { reply: reply && decodePacket(reply.bytes), reason: null };
}

function isGrub({ asking, setup }: MacPreview, bootFile: string | null): boolean {
  const offer = planMacOffer({ ...asking, filter: 'any' }, setup.mac.policy);
  if (offer.kind === 'none') return false;
  const image = offer.images.find((one) => one.bootFile === bootFile)?.image;
  return image?.what.kind === 'linux' || image?.what.kind === 'localboot';
}

function describeList(
  { images, priority, defaultImage, selected }: ReturnType<typeof decodeBsdpReply>,
  { origins }: MacPreview,
): PreviewedDhcp['options'] {
  const builtIn = 'its decision, and the images of the configuration';
  const row = (name: string, value: string, origin: string) => ({ name, code: null, value, origin });
  return [
    row('list: priority', String(priority), origins.of([['mac', 'priority']], 'built-in default')),
    ...images.map(({ id, name }) => row('list: image', `${name} (${formatImageId(id)})`, builtIn)),
    ...(defaultImage ? [row('list: default', formatImageId(defaultImage), builtIn)] : []),
    ...(selected ? [row('list: chosen before', formatImageId(selected), 'its last choice')] : []),
  ];
}

function describeSelect({ siaddr, file, options }: DhcpPacket, { machine, network, origins }: MacPreview) {
  const rootPath = options.get(Option.rootPath);
  const address = origins.of([['networks', network.name, 'address']], 'address of the network');
  const image = origins.of(
    [
      ['machines', machine.name, 'firmware'],
      ['mac', 'bootFile'],
    ],
    'its model, or the image of the configuration',
  );
  return [
    { name: 'select: siaddr', code: null, value: formatIpv4(siaddr), origin: address },
    { name: 'select: file', code: null, value: file, origin: image },
    ...(rootPath
      ? [{ name: 'select: rootPath', code: Option.rootPath, value: asciiText(rootPath), origin: 'the image' }]
      : []),
  ];
}
