import type { Ipv4 } from '../net/ipv4.ts';

/** Where each machine's shim came from: it looks for GRUB beside itself, and sometimes in the root by mistake. */
export interface ShimFolders {
  /** Takes note of a file that a machine is given. */
  note(address: Ipv4, name: string): void;
  /** The folder of the machine's shim, with a slash at its end; undefined: it had none, or one in the root. */
  of(address: Ipv4): string | undefined;
}

const SHIM = /^(.+\/)(?:shim|boot)(?:x64|aa64|ia32)\.efi$/i;
/** The oldest are forgotten. */
const MOST = 4096;

export function createShimFolders(): ShimFolders {
  const folders = new Map<Ipv4, string>();
  return {
    note(address, name) {
      const folder = SHIM.exec(name)?.[1];
      if (folder === undefined) return;
      folders.delete(address);
      folders.set(address, folder);
      const [oldest] = folders.keys();
      if (folders.size > MOST && oldest !== undefined) folders.delete(oldest);
    },
    of: (address) => folders.get(address),
  };
}
