/**
 * What a Mac's model says of its firmware and processor. A NetBoot request does not: every Intel Mac says `i386`.
 *
 * The lists hold the models that are known; an Intel model that is in none of them is taken for a 64-bit one. Their
 * sources are Apple's own identifiers, distributions' lists of 32-bit EFI hardware, and the models that OS X 10.8 left out
 * for want of a 64-bit booter.
 */
export type MacModel =
  /** Boots EFI programs from the network. */
  | {
      readonly kind: 'efi';
      readonly efiBits: 32 | 64;
      /** 32: Core Solo and Core Duo, which run no x86_64 kernel at all. */
      readonly cpuBits: 32 | 64;
      /** Whether the model is in the table; if not, the rest is a guess. */
      readonly isKnown: boolean;
    }
  /** Cannot boot from the network; `reason` is a sentence for the operator. */
  | { readonly kind: 'unsupported'; readonly why: 't2' | 'apple-silicon' | 'powerpc'; readonly reason: string };

/** Early 2006 to early 2008: EFI programs of 32 bits, on some of them with a 64-bit processor. */
const EFI32 = new Set(
  [
    'iMac4,1 iMac4,2 iMac5,1 iMac5,2 iMac6,1 MacBook1,1 MacBook2,1 MacBook3,1 MacBook4,1 MacBookAir1,1 MacBookPro1,1',
    'MacBookPro1,2 MacBookPro2,1 MacBookPro2,2 Macmini1,1 Macmini2,1 MacPro1,1 MacPro2,1 Xserve1,1',
  ].flatMap((line) => line.split(' ')),
);

const CPU32 = new Set('iMac4,1 iMac4,2 MacBook1,1 MacBookPro1,1 MacBookPro1,2 Macmini1,1'.split(' '));

const T2 = new Set(
  [
    'iMacPro1,1 iMac20,1 iMac20,2 Macmini8,1 MacPro7,1 MacBookAir8,1 MacBookAir8,2 MacBookAir9,1 MacBookPro15,1',
    'MacBookPro15,2 MacBookPro15,3 MacBookPro15,4 MacBookPro16,1 MacBookPro16,2 MacBookPro16,3 MacBookPro16,4',
  ].flatMap((line) => line.split(' ')),
);

const APPLE_SILICON = new Set(
  [
    'Macmini9,1 MacBookAir10,1 MacBookPro17,1 MacBookPro18,1 MacBookPro18,2 MacBookPro18,3 MacBookPro18,4 iMac21,1',
    'iMac21,2',
  ].flatMap((line) => line.split(' ')),
);

/** First and last model with 64-bit EFI that boots from the network, by family: major and minor number. */
const EFI64: Readonly<Record<string, readonly [first: number, last: number]>> = {
  iMac: [order(7, 1), order(19, 2)],
  MacBook: [order(5, 1), order(10, 1)],
  MacBookAir: [order(2, 1), order(7, 2)],
  MacBookPro: [order(3, 1), order(14, 3)],
  Macmini: [order(3, 1), order(7, 1)],
  MacPro: [order(3, 1), order(6, 1)],
  Xserve: [order(2, 1), order(3, 1)],
};

/**
 * Judges a model ("Macmini6,2"); what follows its numbers does not count ("MacPro1,1,Quad"). `arch` is the word before
 * it in a request: i386, ppc, or arm.
 */
export function macModel(model: string, arch?: string): MacModel {
  const [name = model, family = '', major, minor] = /^([A-Za-z]+)(\d{1,4}),(\d{1,4})/.exec(model) ?? [];
  if (arch === 'ppc' || /^(PowerMac|PowerBook|RackMac|iBook)/.test(model)) {
    return unsupported('powerpc', 'PowerPC Mac: Open Firmware cannot run EFI images; unsupported.');
  }
  if (arch === 'arm' || family === 'Mac' || APPLE_SILICON.has(name)) {
    return unsupported(
      'apple-silicon',
      `${model} is an Apple-silicon Mac: it has no EFI and cannot boot this deploy host's images. Use Apple's own tools (Configurator/MDM); this machine is marked unsupported.`,
    );
  }
  if (T2.has(name)) {
    return unsupported(
      't2',
      `${model} has an Apple T2 chip: its firmware cannot network-boot (N key, Option menu and bless have no effect). Allow external boot in Startup Security Utility (secure boot off) and start this machine from a USB installer, or use another machine.`,
    );
  }
  if (EFI32.has(name)) return { kind: 'efi', efiBits: 32, cpuBits: CPU32.has(name) ? 32 : 64, isKnown: true };
  const range = Object.hasOwn(EFI64, family) ? EFI64[family] : undefined;
  const place = order(Number(major), Number(minor));
  const isKnown = range !== undefined && place >= range[0] && place <= range[1];
  return { kind: 'efi', efiBits: 64, cpuBits: 64, isKnown };
}

/** "64-bit EFI", "32-bit EFI, 32-bit processor", or why not. */
export function describeMacModel(judged: MacModel): string {
  if (judged.kind === 'unsupported') return `cannot boot from the network: ${judged.why}`;
  const guess = judged.isKnown ? '' : ' (a guess: the model is in no list)';
  return `${judged.efiBits}-bit EFI${judged.cpuBits === 32 ? ', 32-bit processor' : ''}${guess}`;
}

/** Why a Mac cannot run a system that exists for x86_64 only. */
export function cpu32Reason(model: string): string {
  return `${model} has a 32-bit CPU; the selected OS is x86_64 only.`;
}

function unsupported(why: 't2' | 'apple-silicon' | 'powerpc', reason: string): MacModel {
  return { kind: 'unsupported', why, reason };
}

function order(major: number, minor: number): number {
  return major * 10_000 + minor;
}
