import { decodePeImage } from '../../io/loaders/pe-image.ts';
import { PE_MACHINES } from '../../io/loaders/platforms.ts';
import { DecodeError } from '../../wire/decode-error.ts';
import type { LoadedFile } from './told.ts';

/** "Universal EFI" (BSDP notes, section 4.2): the number 0x0ef1fab9, lowest byte first. */
const FAT = [0xb9, 0xfa, 0xf1, 0x0e];

/** What Apple's firmware makes of a file: by its header, as PE images are for one processor each. */
export function contentOf(bytes: Uint8Array): LoadedFile['content'] {
  if (FAT.every((byte, at) => bytes[at] === byte)) return 'fat';
  try {
    const { machine } = decodePeImage(bytes);
    if (machine === PE_MACHINES.x64) return 'efi64';
    return machine === PE_MACHINES.ia32 ? 'efi32' : 'other';
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return 'other';
  }
}
