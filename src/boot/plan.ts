import type { Machine } from '../machine/machine.ts';
import type { BootClient, Platform } from './client.ts';
import type { BootPath, LoaderCatalog, PlatformLoaders } from './loaders.ts';

/** What DHCP tells a client to boot. */
export type BootFilePlan =
  | {
      readonly kind: 'file';
      /** For the header's `file` field (when it fits) and option 67: a TFTP name, or a URL. */
      readonly bootFile: string;
      /** Set when `bootFile` is a URL. */
      readonly url?: string | undefined;
      /** Option 60 of the reply; undefined: leave it out. `PXEClient` wants option 43 = 06 01 08 FF beside it. */
      readonly vendorClass?: 'PXEClient' | 'HTTPClient' | undefined;
      readonly via: 'tftp' | 'http';
      readonly loader: 'grub' | 'shim' | 'ipxe' | 'script';
    }
  /** The client wants no boot file: answer DHCP only. Next server is sent all the same. */
  | { readonly kind: 'none'; readonly reason: string }
  /** Do not answer the boot side at all. */
  | { readonly kind: 'silent'; readonly reason: string }
  /** It wants to boot and cannot. `install`: the command that would change this. */
  | { readonly kind: 'unsupported'; readonly reason: string; readonly install?: string | undefined };

export interface PlanOptions {
  readonly machine?: Machine | undefined;
  readonly loaders: LoaderCatalog;
  /** Our address on the client's network, dotted. */
  readonly host: string;
  readonly httpPort: number;
  /** The configured answer to machines that the configuration does not name. */
  readonly unknown: 'local' | 'ignore' | 'install';
  /** Another server gives out the addresses on this network, and we only say what to boot. */
  readonly isProxy?: boolean | undefined;
}

type Firmware = Extract<BootClient, { kind: 'pxe' | 'http' | 'ipxe' }>;
type Named = Extract<BootFilePlan, { kind: 'file' }>;

/**
 * Which boot file a client gets. Firmware always gets a loader, also when the machine is to boot from its disk: UEFI drops
 * an offer without a boot file without a word (seen with EDK2), so it is the loader's configuration that says what to do.
 */
export function planBootFile(client: BootClient, options: PlanOptions): BootFilePlan {
  switch (client.kind) {
    case 'apple':
      return { kind: 'none', reason: 'a Mac asks by BSDP what to boot' };
    case 'grub':
      return { kind: 'none', reason: 'GRUB has its boot file already' };
    case 'installer':
      return { kind: 'none', reason: 'an installer is running' };
    case 'system':
      return { kind: 'none', reason: 'does not boot from the network' };
    case 'unsupported':
      return { kind: 'unsupported', reason: client.reason };
    case 'pxe':
    case 'http':
    case 'ipxe':
      break;
  }
  if (options.machine === undefined && options.unknown === 'ignore') {
    return { kind: 'silent', reason: 'unknown machines are ignored (unknownMachines: ignore)' };
  }
  if (client.kind === 'pxe') return planPxe(client, options);
  return client.kind === 'http' ? planHttp(client, options) : planIpxe(client, options);
}

/** "http://172.22.10.2" or "http://172.22.10.2:8080". */
export function httpBase(host: string, port: number): string {
  return port === 80 ? `http://${host}` : `http://${host}:${port}`;
}

function planPxe(client: Firmware, options: PlanOptions): BootFilePlan {
  const chosen = choose(client.platform, options);
  if (chosen.kind !== 'file') return chosen;
  // EDK2 takes "PXEClient" without a boot server list for a request to come back on port 4011; BIOS ROMs of PXE 2.0 and older want it.
  return client.platform === 'bios-x86' ? { ...chosen, vendorClass: 'PXEClient' } : chosen;
}

function planHttp(client: Firmware, options: PlanOptions): BootFilePlan {
  const chosen = choose(client.platform, options);
  if (chosen.kind !== 'file') return chosen;
  if (chosen.loader === 'shim') {
    return {
      kind: 'unsupported',
      reason: 'the signed GRUB behind shim cannot load over HTTP; use PXE for Secure Boot',
    };
  }
  if (chosen.loader === 'grub' && !options.loaders.platforms[client.platform].grubHasHttp) {
    return { kind: 'unsupported', reason: 'our GRUB image for this firmware has no HTTP; use PXE' };
  }
  const url = `${httpBase(options.host, options.httpPort)}/${chosen.bootFile}`;
  return { ...chosen, bootFile: url, url, via: 'http', vendorClass: 'HTTPClient' };
}

/** A script and never iPXE itself, so that there is no loop. The script is looked up by the requester's address. */
function planIpxe(client: Firmware, options: PlanOptions): BootFilePlan {
  const { machine } = options;
  // iPXE in a card's ROM can chain what the firmware could: GRUB, or shim where Secure Boot wants a signed loader.
  if (machine?.loader === 'grub' || (machine?.secureBoot && client.platform !== 'bios-x86')) {
    return choose(client.platform, options);
  }
  const hasHttp = client.kind === 'ipxe' && client.hasHttp;
  const base = hasHttp ? httpBase(options.host, options.httpPort) : `tftp://${options.host}`;
  const url = `${base}/ipxe/boot.ipxe`;
  return { kind: 'file', bootFile: url, url, via: hasHttp ? 'http' : 'tftp', loader: 'script' };
}

function choose(platform: Platform, options: PlanOptions): BootFilePlan {
  const { machine } = options;
  const have: PlatformLoaders = options.loaders.platforms[platform];
  if (machine?.secureBoot && platform !== 'bios-x86') return offered('shim', have.shim, platform, options);
  // GRUB only knows the server of the DHCP reply, which is not us in proxy mode; iPXE takes the proxy's word.
  const prefersIpxe = options.isProxy && machine?.loader !== 'grub' && have.ipxe !== undefined;
  const wanted = machine?.loader === 'ipxe' || prefersIpxe ? 'ipxe' : 'grub';
  return offered(wanted, have[wanted], platform, options);
}

function offered(
  loader: 'grub' | 'shim' | 'ipxe',
  bootFile: BootPath | undefined,
  platform: Platform,
  options: PlanOptions,
): Named | Extract<BootFilePlan, { kind: 'unsupported' }> {
  if (bootFile !== undefined) return { kind: 'file', bootFile, via: 'tftp', loader };
  const gap = options.loaders.missing.find((entry) => entry.platform === platform && entry.loader === loader);
  const why = gap?.reason ?? 'this host has none';
  return { kind: 'unsupported', reason: `no ${loader} for ${platform}: ${why}`, install: gap?.install };
}
