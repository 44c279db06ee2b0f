/** "Universal EFI": Apple's container for a program in both widths. Two magic bytes less and nobody else reads it. */
const FAT_MAGIC = 0x0ef1fab9;
const FAT_ENTRY_BYTES = 20;
/** Mach's numbers for i386 and x86_64. */
const FAT_CPUS: ReadonlyMap<number, EfiBits> = new Map([
  [7, 32],
  [0x01000007, 64],
]);
/** PE/COFF machine types. */
const PE_MACHINES: ReadonlyMap<number, EfiBits> = new Map([
  [0x014c, 32],
  [0x8664, 64],
]);

const MACHINES: ReadonlyMap<number, 'ia32' | 'x64' | 'arm' | 'arm64'> = new Map([
  [0x014c, 'ia32'],
  [0x8664, 'x64'],
  [0x01c0, 'arm'],
  [0x01c2, 'arm'],
  [0x01c4, 'arm'],
  [0xaa64, 'arm64'],
]);

export type EfiBits = 32 | 64;

/** How many bytes of a file's beginning are enough to judge it. */
export const EFI_HEADER_BYTES = 4096;

/** What firmware a plain EFI program is for, by the beginning of its file; undefined for everything else. */
export function efiMachineOf(bytes: Uint8Array): 'ia32' | 'x64' | 'arm' | 'arm64' | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = view.byteLength < 0x40 ? 0 : view.getUint32(0x3c, true);
  if (header === 0 || header + 6 > view.byteLength) return undefined;
  if (view.getUint16(0, true) !== 0x5a4d || view.getUint32(header, true) !== 0x4550) return undefined;
  return MACHINES.get(view.getUint16(header + 4, true));
}

/** PE32 and PE32+ (the optional header's magic) to where their table of directories begins. */
const DIRECTORIES: ReadonlyMap<number, number> = new Map([
  [0x010b, 96],
  [0x020b, 112],
]);
/** Of 8 bytes each: the one with the signatures is the fifth. */
const CERTIFICATES = 4 * 8;

/**
 * Whether an EFI program carries a signature, whoever made it, by the beginning of its file (PE specification, "Optional
 * Header Data Directories"); undefined for what is none.
 */
export function isSignedEfi(bytes: Uint8Array): boolean | undefined {
  if (efiMachineOf(bytes) === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const optional = view.getUint32(0x3c, true) + 24;
  const directories = optional + 2 > view.byteLength ? undefined : DIRECTORIES.get(view.getUint16(optional, true));
  if (directories === undefined) return undefined;
  const size = optional + directories + CERTIFICATES + 4;
  return size + 4 > view.byteLength ? undefined : view.getUint32(size, true) > 0;
}

/** Which Intel firmware can run a program, by the beginning of its file; empty for what is no EFI program for Intel. */
export function efiBitsOf(bytes: Uint8Array): readonly EfiBits[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u32 = (at: number) => (at + 4 <= view.byteLength ? view.getUint32(at, true) : 0);
  if (u32(0) === FAT_MAGIC) {
    const count = Math.min(u32(4), 8);
    const cpus = Array.from({ length: count }, (_, index) => FAT_CPUS.get(u32(8 + index * FAT_ENTRY_BYTES)));
    return ([32, 64] as const).filter((bits) => cpus.includes(bits));
  }
  const header = u32(0x3c);
  if ((u32(0) & 0xffff) !== 0x5a4d || u32(header) !== 0x4550) return [];
  const bits = PE_MACHINES.get(u32(header + 4) & 0xffff);
  return bits === undefined ? [] : [bits];
}
