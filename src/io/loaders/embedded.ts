import {
  EMBEDDED_SCRIPT_NAME,
  GRUB_PREFIX,
  renderEarlyConfig,
  renderEmbeddedScript,
} from '../../boot/grub-embedded.ts';
import { renderMacScript } from '../../boot/grub-embedded-mac.ts';
import type { EmbeddedConfig } from './grub-image.ts';

/** Whose firmware an image is for: Apple's leaves GRUB another state than that of PCs. */
export type ImageKind = 'bios' | 'uefi' | 'mac';

const PATIENCE = { tries: 5, waitSeconds: 5 } as const;

/** What is compiled into an image. `server` is our dotted address, where it is known who will hand the image out. */
export function embeddedConfig(kind: ImageKind, server: string | undefined): EmbeddedConfig {
  const options = { ...PATIENCE, server };
  const script = kind === 'mac' ? renderMacScript(options) : renderEmbeddedScript({ ...options, firmware: kind });
  return { early: renderEarlyConfig(), scriptName: EMBEDDED_SCRIPT_NAME, script, prefix: GRUB_PREFIX };
}
