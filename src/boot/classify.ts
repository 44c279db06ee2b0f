import { type Arch, archInVendorClass, archOf, pickArch } from './arch.ts';
import type { BootClient, ClientFacts } from './client.ts';

/** iPXE's feature code for HTTP in option 175. */
const IPXE_HTTP = 0x13;
const RASPBERRY_OUIS = ['b8:27:eb', 'dc:a6:32', 'e4:5f:01', '28:cd:c1', 'd8:3a:dd', '2c:cf:67'];
/** The UUID of Raspberry Pi firmware begins with the bytes "RPi4", which SMBIOS order turns round. */
const RASPBERRY_UUID = '34695052-';

/** Who asks, by the first rule that fits. The order matters: iPXE, for example, also says PXEClient. */
export function classifyClient(facts: ClientFacts): BootClient {
  const vendorClass = facts.vendorClass ?? '';
  if (facts.apple) return { kind: 'apple', ...facts.apple };
  const arch = pickArch(facts.archs) ?? archInVendorClass(vendorClass);
  if (isRaspberryRom(facts, arch)) return unsupported(41, archOf(41));
  if (isIpxe(facts)) return classifyIpxe(facts, arch ?? 0);
  if (vendorClass.startsWith('HTTPClient')) return classifyHttp(arch);
  if (vendorClass.startsWith('PXEClient') || facts.archs.length > 0) return classifyPxe(vendorClass, arch);
  if (/^u-boot/i.test(vendorClass)) return classifyUBoot(vendorClass);
  if (vendorClass === 'd-i' || /^anaconda/i.test(vendorClass)) return { kind: 'installer', vendorClass };
  if (facts.isBare) return { kind: 'grub' };
  return { kind: 'system', vendorClass: facts.vendorClass };
}

/** iPXE and gPXE say so in option 77; builds that do not still send their own option 175. */
function isIpxe(facts: ClientFacts): boolean {
  return facts.ipxe !== undefined || facts.userClasses.some((name) => /^[gi]PXE$/.test(name));
}

/**
 * The boot ROM of a Raspberry Pi claims to be an x86 BIOS (arch 0) or rpiboot (41). The same board with UEFI firmware
 * (arch 11) or running Linux (no arch) is nothing special.
 */
function isRaspberryRom(facts: ClientFacts, arch: number | undefined): boolean {
  if (arch !== 0 && arch !== 41) return false;
  const isPi = RASPBERRY_OUIS.some((oui) => facts.mac?.startsWith(oui)) || facts.uuid?.startsWith(RASPBERRY_UUID);
  return isPi === true && facts.ipxe === undefined;
}

/** iPXE without option 93 is an old BIOS build; the UEFI builds always sent it. */
function classifyIpxe(facts: ClientFacts, arch: number): BootClient {
  const entry = archOf(arch);
  if (!('platform' in entry)) return unsupported(arch, entry);
  const hasHttp = facts.ipxe?.features.includes(IPXE_HTTP) ?? false;
  return { kind: 'ipxe', platform: entry.platform, arch, hasHttp };
}

function classifyHttp(arch: number | undefined): BootClient {
  if (arch === undefined) return { kind: 'unsupported', arch: -1, reason: 'HTTP boot without an architecture' };
  const entry = archOf(arch);
  return 'platform' in entry ? { kind: 'http', platform: entry.platform, arch } : unsupported(arch, entry);
}

/** PXE ROMs older than RFC 4578 send no architecture at all: they are BIOS ROMs. */
function classifyPxe(vendorClass: string, arch = 0): BootClient {
  const entry = archOf(arch);
  if (!('platform' in entry)) return unsupported(arch, entry);
  const kind = vendorClass.startsWith('PXEClient') ? 'pxe' : entry.transport;
  return { kind, platform: entry.platform, arch };
}

function classifyUBoot(vendorClass: string): BootClient {
  const arch = /armv8|arm64|aarch64/i.test(vendorClass) ? 22 : 21;
  return unsupported(arch, archOf(arch));
}

function unsupported(arch: number, entry: Arch): BootClient {
  const why = 'reason' in entry ? entry.reason : 'not offered here';
  return { kind: 'unsupported', arch, reason: `${entry.name}: ${why}` };
}
