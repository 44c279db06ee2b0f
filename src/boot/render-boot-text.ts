import type { BootTextInput, Dialect } from './boot-text.ts';
import { renderGrubConfig } from './render-grub.ts';
import { renderIpxeScript } from './render-ipxe.ts';
import { renderPxelinuxConfig } from './render-pxelinux.ts';

/** The configuration that a loader is given. Previews are made by the same call. */
export function renderBootText(dialect: Dialect, input: BootTextInput): string {
  switch (dialect) {
    case 'grub':
      return renderGrubConfig(input);
    case 'ipxe':
      return renderIpxeScript(input);
    case 'pxelinux':
      return renderPxelinuxConfig(input);
  }
}
