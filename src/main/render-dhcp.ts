import { type BootFilePlan, planBootFile } from '../boot/plan.ts';
import { namedOption } from '../config/dhcp-options.ts';
import type { FirmwareKind, RenderedBoot } from '../http/api/render-view.ts';
import type { LeaseView } from '../lease/book.ts';
import type { Network } from '../lease/network.ts';
import type { Machine } from '../machine/machine.ts';
import { ANY, formatIpv4, type Ipv4, ipv4At } from '../net/ipv4.ts';
import { type Mac, macBytes } from '../net/mac.ts';
import { answerDhcp } from '../serve/dhcp/answer.ts';
import type { BootPolicy } from '../serve/dhcp/boot-answer.ts';
import { readRequest } from '../serve/dhcp/request.ts';
import type { DhcpSetup } from '../serve/dhcp/service.ts';
import { MessageType, messageName, Option } from '../wire/dhcp4/option-codes.ts';
import { BROADCAST_FLAG, type DhcpPacket, decodePacket } from '../wire/dhcp4/packet.ts';
import { asciiText, hexText, textBytes, u16Bytes } from '../wire/dhcp4/values.ts';
import type { Origins } from './render-origin.ts';

/** Who is to be answered, and with what. */
export interface DhcpPreview {
  readonly machine: Machine;
  readonly mac: Mac;
  readonly network: Network;
  readonly setup: DhcpSetup;
  readonly policy: BootPolicy;
  readonly view: LeaseView;
  readonly origins: Origins;
  readonly now: number;
}

export type PreviewedDhcp = Omit<RenderedBoot, 'config' | 'isLastSeen'> & {
  /** The address that it would get; undefined: none from us. */
  readonly address: Ipv4 | undefined;
};

interface Firmware {
  readonly vendorClass: string;
  readonly arch: number;
  readonly wanted: readonly number[];
  readonly more?: readonly (readonly [number, Uint8Array])[];
}

/** Option 55 of PXE ROMs (Intel's boot agent), of EDK2, and of iPXE, as they were captured. */
const ROM_WANTS = [1, 2, 3, 5, 6, 11, 12, 13, 15, 16, 17, 18, 43, 54, 60, 67, 128, 129, 130, 131, 132, 133, 134, 135];
const EDK2_WANTS = [
  1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67, 97, 128, 129, 130,
  131, 132, 133, 134, 135,
];
const HTTP_WANTS = [1, 3, 6, 12, 15, 28, 43, 51, 54, 60, 66, 67];
const IPXE_WANTS = [
  1, 3, 6, 7, 12, 15, 17, 26, 42, 43, 60, 66, 67, 119, 128, 129, 130, 131, 132, 133, 134, 135, 175, 203,
];

const pxe = (arch: number, wanted: readonly number[]): Firmware => ({
  vendorClass: `PXEClient:Arch:${String(arch).padStart(5, '0')}:UNDI:002001`,
  arch,
  wanted,
});

/** A Mac asks otherwise: see render-mac.ts. */
export type PcFirmware = Exclude<FirmwareKind, 'mac'>;

const FIRMWARE: Readonly<Record<PcFirmware, Firmware>> = {
  bios: pxe(0, ROM_WANTS),
  'uefi-x64': pxe(7, EDK2_WANTS),
  'uefi-ia32': pxe(6, EDK2_WANTS),
  'uefi-arm64': pxe(11, EDK2_WANTS),
  http: { vendorClass: 'HTTPClient:Arch:00016:UNDI:003001', arch: 16, wanted: HTTP_WANTS },
  ipxe: {
    ...pxe(0, IPXE_WANTS),
    more: [
      [Option.userClass, textBytes('iPXE')],
      // Feature 0x13: HTTP.
      [Option.ipxe, Uint8Array.of(0x13, 1, 1)],
    ],
  },
};

/** Answers a made-up DISCOVER as the service would, without holding, writing, sending or telling anything. */
export function previewDhcp(firmware: PcFirmware, preview: DhcpPreview): PreviewedDhcp {
  const asked = ask(FIRMWARE[firmware], preview, true);
  const { plan, reply, reason } = asked;
  const all = ask(FIRMWARE[firmware], preview, false).reply;
  const notAsked = [...(all?.options.keys() ?? [])].filter((code) => reply && !reply.options.has(code)).map(nameOf);
  const isProxy = preview.network.dhcp.mode === 'proxy';
  return {
    firmware,
    answer: reply === undefined ? 'none' : isProxy ? 'proxy offer' : 'offer',
    reason,
    bootFile: plan.kind === 'file' && reply ? plan.bootFile : null,
    loader: plan.kind === 'file' && reply ? plan.loader : null,
    options: reply === undefined ? [] : [...header(reply, preview), ...options(reply, preview)],
    notAsked,
    address: reply === undefined || reply.yiaddr === ANY ? undefined : reply.yiaddr,
  };
}

function ask(firmware: Firmware, preview: DhcpPreview, withList: boolean) {
  const { network, machine, setup, view, now } = preview;
  const request = readRequest(discover(firmware, preview, withList));
  const client = setup.classify(request.facts);
  const plan = planBootFile(client, {
    ...preview.policy,
    machine,
    host: formatIpv4(network.address),
    isProxy: network.dhcp.mode === 'proxy',
  });
  const reception = { interface: network.interface ?? '', source: { address: ANY, port: 68 }, port: 67 } as const;
  const verdict = answerDhcp(request, reception, {
    ...setup,
    mac: { ...setup.mac, record: () => undefined, loaded: () => undefined },
    view,
    now,
    probed: () => 'free',
  });
  const reply = verdict.kind === 'answer' && verdict.reply ? decodePacket(verdict.reply.bytes) : undefined;
  const planReason = plan.kind === 'file' ? null : plan.reason + installHint(plan);
  return { plan, reply, reason: verdict.kind === 'ignore' ? verdict.reason : planReason };
}

function installHint(plan: BootFilePlan): string {
  return plan.kind === 'unsupported' && plan.install !== undefined ? `. Install it with: ${plan.install}` : '';
}

/** Through a relay where the network has no interface of ours. */
function discover(firmware: Firmware, { mac, network }: DhcpPreview, withList: boolean): DhcpPacket {
  const chaddr = new Uint8Array(16);
  chaddr.set(macBytes(mac));
  const relay = network.router ?? ((network.subnet.base + 1) as Ipv4);
  return {
    op: 1,
    htype: 1,
    hlen: 6,
    hops: network.interface === undefined ? 1 : 0,
    xid: 1,
    secs: 0,
    flags: BROADCAST_FLAG,
    ciaddr: ANY,
    yiaddr: ANY,
    siaddr: ANY,
    giaddr: network.interface === undefined ? relay : ANY,
    chaddr,
    sname: '',
    file: '',
    repeated: new Map(),
    isWhole: true,
    options: new Map([
      [Option.messageType, Uint8Array.of(MessageType.discover)],
      ...(withList ? [[Option.parameterRequestList, Uint8Array.from(firmware.wanted)] as const] : []),
      [Option.maxMessageSize, u16Bytes(1472)],
      [Option.vendorClass, textBytes(firmware.vendorClass)],
      [Option.clientArch, u16Bytes(firmware.arch)],
      [Option.clientUndi, Uint8Array.of(1, 2, 1)],
      ...(firmware.more ?? []),
    ]),
  };
}

function header(reply: DhcpPacket, { machine, network, origins }: DhcpPreview): PreviewedDhcp['options'] {
  const own = origins.of([['networks', network.name, 'address']], 'address of the network');
  const address =
    reply.yiaddr === machine.address
      ? origins.of([['machines', machine.name, 'address']], 'its reservation')
      : `a lease or a free address of ${origins.of([['networks', network.name, 'dhcp', 'pools']], 'the pools')}`;
  const fields: PreviewedDhcp['options'] = [
    ...(reply.yiaddr === ANY ? [] : [{ name: 'yiaddr', code: null, value: formatIpv4(reply.yiaddr), origin: address }]),
    { name: 'siaddr', code: null, value: formatIpv4(reply.siaddr), origin: own },
    { name: 'sname', code: null, value: reply.sname, origin: own },
    { name: 'file', code: null, value: reply.file, origin: bootFileOrigin(machine, origins) },
  ];
  return fields.filter(({ value }) => value !== '');
}

function options(reply: DhcpPacket, preview: DhcpPreview): PreviewedDhcp['options'] {
  return [...reply.options].map(([code, value]) => ({
    name: nameOf(code),
    code,
    value: formatOption(code, value),
    origin: originOf(code, preview),
  }));
}

const names = new Map<number, string>(Object.entries(Option).map(([name, code]) => [code, name]));

function nameOf(code: number): string {
  return names.get(code) ?? namedOption(code)?.name ?? `option ${code}`;
}

const ADDRESSES = new Set<number>([
  Option.subnetMask,
  Option.routers,
  Option.dnsServers,
  Option.broadcastAddress,
  Option.ntpServers,
  Option.serverIdentifier,
]);
const SECONDS = new Set<number>([Option.leaseTime, Option.renewalTime, Option.rebindingTime]);

function formatOption(code: number, value: Uint8Array): string {
  const kind = namedOption(code)?.kind;
  if (code === Option.messageType) return messageName(value[0] ?? 0) ?? hexText(value);
  if (SECONDS.has(code)) return `${ipv4At(value, 0)} s`;
  if (code === Option.interfaceMtu) return String(((value[0] ?? 0) << 8) | (value[1] ?? 0));
  if ((ADDRESSES.has(code) || kind === 'addresses') && value.length % 4 === 0) {
    return Array.from({ length: value.length / 4 }, (_, index) => formatIpv4(ipv4At(value, index * 4))).join(', ');
  }
  const text = asciiText(value);
  return kind === 'text' || (text !== '' && !text.includes('?')) ? text : `hex:${hexText(value)}`;
}

/** Each option's origin follows the code that makes it: serve/dhcp/reply.ts and config/build-settings.ts. */
function originOf(code: number, { machine, network, origins }: DhcpPreview): string {
  const net = (...keys: string[]) => ['networks', network.name, ...keys];
  const host = (key: string) => ['machines', machine.name, key];
  switch (code) {
    case Option.subnetMask:
    case Option.broadcastAddress:
      return origins.of([net('subnet')], 'subnet of the network');
    case Option.routers:
      return origins.of([net('router')], 'router of the network');
    case Option.dnsServers:
      return origins.of([net('dns'), ['defaults', 'dns'], net('router'), net('address')], 'the network');
    case Option.hostName:
      return origins.of([host('hostName'), ['machines', machine.name]], 'its name');
    case Option.domainName:
      return origins.of([host('domain'), ['defaults', 'domain'], net('domain')], 'the network');
    case Option.interfaceMtu:
      return origins.of([net('mtu')], 'mtu of the network');
    case Option.ntpServers:
      return origins.of([net('ntp'), ['defaults', 'ntp']], 'the network');
    case Option.leaseTime:
    case Option.renewalTime:
    case Option.rebindingTime:
      return origins.of([net('dhcp', 'leaseTime')], 'built-in default of leaseTime');
    case Option.serverIdentifier:
    case Option.tftpServerName:
      return origins.of([net('address')], 'address of the network');
    case Option.bootFileName:
      return bootFileOrigin(machine, origins);
    case Option.messageType:
    case Option.vendorClass:
    case Option.vendorSpecific:
    case Option.ipxe:
      return 'the protocol, for this firmware';
    default: {
      const name = namedOption(code)?.name;
      const keys = name === undefined ? [String(code)] : [String(code), name];
      return origins.of(
        keys.map((key) => net('dhcp', 'options', key)),
        'the protocol, for this firmware',
      );
    }
  }
}

function bootFileOrigin(machine: Machine, origins: Origins): string {
  const paths = (['secureBoot', 'loader'] as const).flatMap((key) => [
    ['machines', machine.name, key],
    ['defaults', key],
  ]);
  return origins.of(paths, 'built-in choice for this firmware (loader: auto)');
}
