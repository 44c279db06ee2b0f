import type { BootDecision } from '../../src/boot/decide.ts';
import { AUTOMATIC_IMAGE, type MacImage, type MacSettings } from '../../src/boot/mac-image.ts';
import type { MacRecord } from '../../src/machine/mac-record.ts';
import { createMacs, type Macs } from '../../src/machine/macs.ts';
import type { MacContext } from '../../src/serve/dhcp/verdict.ts';
import { openMemoryStore } from '../../src/store/memory/memory-store.ts';
import { debian, macLoaders } from '../boot-values.ts';

/** Builders for tests of NetBoot. */

export const macSettings: MacSettings = {
  offerCompat: 'plain',
  bootFile: 'model',
  priority: 0x8000,
  clientAddress: 'lenient',
};

/** The machine may be installed with Debian 12. */
export const mayInstall: BootDecision = { kind: 'may-grant', profile: debian, reason: '`install: once`' };
export const bootsFromDisk: BootDecision = { kind: 'local', reason: 'no installation is granted' };

export interface MacParts {
  readonly settings?: Partial<MacSettings>;
  readonly images?: readonly MacImage[];
  readonly loaders?: MacContext['policy']['loaders'];
  readonly decision?: BootDecision;
  readonly record?: MacRecord | undefined;
  readonly loaded?: string;
  readonly httpPort?: number;
}

/** Without further words: one Linux image, both images of GRUB, and no grant. */
export function macContext(parts: MacParts = {}): MacContext {
  return {
    policy: {
      settings: { ...macSettings, ...parts.settings },
      images: parts.images ?? [AUTOMATIC_IMAGE],
      loaders: parts.loaders ?? macLoaders,
    },
    httpPort: parts.httpPort ?? 80,
    decide: () => parts.decision ?? bootsFromDisk,
    record: () => parts.record,
    loaded: () => parts.loaded,
  };
}

export function memoryMacs(loaded: readonly MacRecord[] = []): Macs {
  return createMacs(loaded, openMemoryStore().macs);
}

export function macImage(
  name: string,
  what: MacImage['what'],
  parts: Partial<Omit<MacImage, 'id' | 'entitled'>> & {
    readonly id?: Partial<MacImage['id']>;
    readonly entitled?: Partial<MacImage['entitled']>;
  } = {},
): MacImage {
  return {
    name,
    title: name,
    isDefault: false,
    isFilterOnly: false,
    forUnknown: true,
    ...parts,
    id: { install: false, kind: 1, index: 1, ...parts.id },
    entitled: { notModels: [], notMacs: [], ...parts.entitled },
    what,
  };
}
