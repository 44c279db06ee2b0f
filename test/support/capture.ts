import { readFileSync } from 'node:fs';
import type { LoaderCatalog } from '../../src/boot/loaders.ts';
import type { EventId, Subject } from '../../src/event/event.ts';
import type { Network } from '../../src/lease/network.ts';
import { ipv4 } from '../../src/net/ipv4.ts';
import type { FolderEntry } from '../../src/serve/boot-deps.ts';
import { loaders } from '../boot-values.ts';
import { network, range } from './dhcp.ts';

/** Traffic in the format of test/fixtures/netboot-captures.json, and the server that it meets. */

export const OURS = '172.22.10.2';

export interface Packet {
  readonly t: number | string;
  readonly src: string;
  readonly dst: string;
  readonly sport?: number | string;
  readonly dport?: number | string;
  readonly hex: string;
  /** In the place of so many acknowledgements, from block 1 on. */
  readonly acked?: number;
}

export interface HttpLine {
  readonly t: number | string;
  readonly src: string;
  readonly method: string;
  readonly uri: string;
  readonly ua: string;
  /** The connection ended after so many bytes. */
  readonly sent?: number;
  /** Seconds from the request to the last byte. Without it: a millisecond. */
  readonly took?: number;
}

/** What is told by other parts of the server, or done by an operator, between the packets. */
export interface Happening {
  readonly t: number;
  readonly do: 'grant' | 'cancel' | 'tell';
  readonly id?: EventId;
  readonly subject?: Subject;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** What is different from a healthy server. */
export interface Conditions {
  readonly mode?: 'authoritative' | 'proxy';
  readonly unknownMachines?: 'local' | 'ignore';
  readonly unknownClients?: boolean;
  readonly pool?: string;
  /** Platforms without a boot loader. */
  readonly without?: readonly ('bios-x86' | 'uefi-x64' | 'shim')[];
  /** Files of the operator's folder, with their sizes. */
  readonly files?: Readonly<Record<string, number>>;
  /** Names that are asked for, and the files that are given in their place. */
  readonly aliased?: Readonly<Record<string, string>>;
  /** Files that a profile names and that are gone. */
  readonly missingFiles?: readonly string[];
  /** The templates are broken. */
  readonly brokenTemplate?: boolean;
  /** What EFI programs run on, by name. */
  readonly runsOn?: Readonly<Record<string, string>>;
  /** EFI programs without a signature, by name. */
  readonly unsigned?: readonly string[];
  /** A network behind a relay whose machines are told of no router. */
  readonly far?: boolean;
  /** What is set for sm1. */
  readonly machine?: { readonly loader?: 'grub' | 'ipxe'; readonly secureBoot?: boolean };
  /** Who has addresses that another server gave out, as it was heard on the wire. */
  readonly holds?: Readonly<Record<string, string>>;
}

export interface Capture {
  readonly name: string;
  readonly what: string;
  readonly dhcp?: readonly Packet[];
  readonly tftp?: readonly Packet[];
  readonly http?: readonly HttpLine[];
  readonly also?: readonly Happening[];
  /** ACKs are recorded: where there is none, none came. Without it, transfers come to their end. */
  readonly hasAcks?: boolean;
  readonly conditions?: Conditions;
}

export function networksOf({ mode = 'authoritative', unknownClients = true, pool, far }: Conditions): Network[] {
  const here = network({
    dhcp: {
      mode,
      unknownClients,
      pools: mode === 'proxy' ? [] : [{ range: range(pool ?? '172.22.10.100-172.22.10.120'), clients: 'dhcp' }],
    },
  });
  if (!far) return [here];
  const { router: _, ...there } = network({
    name: 'far',
    subnet: { base: ipv4('10.1.2.0'), prefix: 24 },
    interface: undefined,
  });
  const dhcp = { ...there.dhcp, pools: [{ range: range('10.1.2.50-10.1.2.60'), clients: 'dhcp' as const }] };
  return [here, { ...there, dhcp }];
}

export function catalogOf({ without = [] }: Conditions): LoaderCatalog {
  const { shim: _, ...noShim } = loaders.platforms['uefi-x64'];
  const files = new Map(loaders.files);
  if (without.includes('shim')) for (const name of files.keys()) if (name.startsWith('efi/x64/')) files.delete(name);
  return {
    ...loaders,
    files,
    platforms: {
      ...loaders.platforms,
      ...(without.includes('shim') && { 'uefi-x64': noShim }),
      ...(without.includes('uefi-x64') && { 'uefi-x64': { grubHasHttp: false } }),
      ...(without.includes('bios-x86') && { 'bios-x86': { grubHasHttp: false } }),
    },
    missing: [
      ...loaders.missing,
      ...without
        .filter((platform) => platform !== 'shim')
        .map((platform) => ({
          platform,
          loader: 'grub' as const,
          reason: 'its package is not installed',
          install: 'apt-get install grub-efi-amd64-bin',
        })),
    ],
  };
}

/** What the capture's own server had: what it did not answer with ERROR 1 or 404. */
export function folderOf(capture: Capture): Record<string, FolderEntry> {
  const { files = {}, aliased = {} } = capture.conditions ?? {};
  const served = servedIn(capture).map((name) => aliased[name] ?? name);
  const names = new Set([...Object.keys(files), ...served]);
  return Object.fromEntries([...names].map((name) => [name, { kind: 'file', path: `/srv/boot/${name}` }]));
}

function servedIn({ tftp = [], http = [] }: Capture): string[] {
  const requests = tftp.filter(({ hex }) => hex.startsWith('0001'));
  const refused = (request: Packet) =>
    tftp.some(
      ({ hex, src, dport }) => src === OURS && hex.startsWith('0005') && String(dport) === String(request.sport),
    );
  const isOurs = tftp.some(({ src }) => src === OURS);
  const overTftp = isOurs ? requests.filter((request) => !refused(request)).map(({ hex }) => nameIn(hex)) : [];
  const overHttp = http.flatMap((line, index) => {
    const status = (http[index + 1] as { status?: string } | undefined)?.status;
    return status === '200' ? [line.uri.split('?')[0] ?? ''] : [];
  });
  // Configurations are ours to make.
  return [...overTftp, ...overHttp]
    .map((name) => name.replace(`http://${OURS}`, '').replace(/^\/+/, ''))
    .filter((name) => !/grub\.cfg|pxelinux\.cfg/.test(name));
}

function nameIn(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  return bytes.toString('latin1', 2, bytes.indexOf(0, 2));
}

/** The size that the capture's server told, or the fixture names. */
export function sizeOf({ tftp = [], conditions }: Capture, path: string, askedFor?: string): number {
  const name = path.replace(/^\/srv\/boot\//, '');
  const given = Object.entries(conditions?.files ?? {}).find(([file]) => file === name || path.endsWith(`/${file}`));
  if (given) return given[1];
  const isName = (asked: string) => (askedFor === undefined ? path.endsWith(asked) : asked === askedFor);
  const asked = tftp.find(({ hex }) => hex.startsWith('0001') && isName(nameIn(hex).replace(/^\/+/, '')));
  const oack = asked && tftp.find(({ hex, dport }) => hex.startsWith('0006') && String(dport) === String(asked.sport));
  const size = oack && /tsize\0(\d+)/.exec(Buffer.from(oack.hex, 'hex').toString('latin1'))?.[1];
  return size === undefined ? 20_000 : Number(size);
}

export function readCaptures<Value extends Capture>(file: string): readonly Value[] {
  return JSON.parse(readFileSync(new URL(`../fixtures/${file}`, import.meta.url), 'utf8')) as Value[];
}
