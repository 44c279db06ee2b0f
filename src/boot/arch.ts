import type { Platform } from './client.ts';

/** What an architecture number stands for: something that we can serve, or why not. */
export type Arch =
  | { readonly name: string; readonly platform: Platform; readonly transport: 'pxe' | 'http' }
  | { readonly name: string; readonly reason: string };

const NO_LOADER = 'no boot loader for this processor is offered here (x86 and 64-bit ARM are)';
const U_BOOT = 'U-Boot boots by its own scripts, which are not offered here';
const POWER = 'POWER firmware wants an Open Firmware or petitboot configuration, which is not offered here';
const S390 = 's390 network boot is not offered here';
const HISTORIC = 'this firmware is out of use, and no boot loader for it exists here';

const none = (name: string, reason = NO_LOADER): Arch => ({ name, reason });
const pxe = (name: string, platform: Platform): Arch => ({ name, platform, transport: 'pxe' });
const http = (name: string, platform: Platform): Arch => ({ name, platform, transport: 'http' });

/**
 * Option 93, RFC 4578 section 2.1 with the IANA registry "Processor Architecture Types".
 * 7 and 9 both mean x64 in practice: RFC 4578's text swapped them, and firmware of both readings exists.
 * 256 was sent by old U-Boot builds.
 */
const ARCHS: ReadonlyMap<number, Arch> = new Map([
  [0, pxe('x86 BIOS', 'bios-x86')],
  [1, none('NEC PC-98', HISTORIC)],
  [2, none('Itanium', HISTORIC)],
  [3, none('DEC Alpha', HISTORIC)],
  [4, none('Arc x86', HISTORIC)],
  [5, none('Intel Lean Client', HISTORIC)],
  [6, pxe('x86 UEFI, 32 bit', 'uefi-ia32')],
  [7, pxe('x64 UEFI', 'uefi-x64')],
  [8, none('Xscale EFI', HISTORIC)],
  [9, pxe('x64 UEFI (EBC)', 'uefi-x64')],
  [10, none('ARM UEFI, 32 bit')],
  [11, pxe('ARM UEFI, 64 bit', 'uefi-arm64')],
  [12, none('POWER Open Firmware', POWER)],
  [13, none('POWER ePAPR', POWER)],
  [14, none('POWER OPAL v3', POWER)],
  [15, http('x86 UEFI HTTP, 32 bit', 'uefi-ia32')],
  [16, http('x64 UEFI HTTP', 'uefi-x64')],
  [17, http('x64 UEFI HTTP (EBC)', 'uefi-x64')],
  [18, none('ARM UEFI HTTP, 32 bit')],
  [19, http('ARM UEFI HTTP, 64 bit', 'uefi-arm64')],
  [20, none('x86 BIOS HTTP', 'BIOS HTTP boot wants a disk image, which is not offered here; use PXE')],
  [21, none('ARM U-Boot, 32 bit', U_BOOT)],
  [22, none('ARM U-Boot, 64 bit', U_BOOT)],
  [23, none('ARM U-Boot HTTP, 32 bit', U_BOOT)],
  [24, none('ARM U-Boot HTTP, 64 bit', U_BOOT)],
  [25, none('RISC-V UEFI, 32 bit')],
  [26, none('RISC-V UEFI HTTP, 32 bit')],
  [27, none('RISC-V UEFI, 64 bit')],
  [28, none('RISC-V UEFI HTTP, 64 bit')],
  [29, none('RISC-V UEFI, 128 bit')],
  [30, none('RISC-V UEFI HTTP, 128 bit')],
  [31, none('s390 basic', S390)],
  [32, none('s390 extended', S390)],
  [33, none('MIPS UEFI, 32 bit')],
  [34, none('MIPS UEFI, 64 bit')],
  [35, none('Sunway UEFI, 32 bit')],
  [36, none('Sunway UEFI, 64 bit')],
  [37, none('LoongArch UEFI, 32 bit')],
  [38, none('LoongArch UEFI HTTP, 32 bit')],
  [39, none('LoongArch UEFI, 64 bit')],
  [40, none('LoongArch UEFI HTTP, 64 bit')],
  [41, none('ARM rpiboot', 'Raspberry Pi firmware wants its own files, which are not offered here')],
  [256, none('ARM U-Boot (old number)', U_BOOT)],
]);

/** What option 93's number stands for. Numbers outside the table give a reason. */
export function archOf(arch: number): Arch {
  return ARCHS.get(arch) ?? none('unknown', `architecture ${arch} is not in the table of known ones`);
}

/** Option 93 may list several: the first that we can serve, else the first. Undefined for an empty list. */
export function pickArch(archs: readonly number[]): number | undefined {
  return archs.find((arch) => 'platform' in archOf(arch)) ?? archs[0];
}

/** The number in "PXEClient:Arch:00007:UNDI:003016" (option 60), for firmware that leaves option 93 out. */
export function archInVendorClass(vendorClass: string | undefined): number | undefined {
  const digits = /(?:^|:)Arch:(\d{1,5})/.exec(vendorClass ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}
