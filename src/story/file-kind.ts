/** Which stage of a boot asks for a file of such a name. `any`: the name does not say. */
export type FileKind = 'loader' | 'kernel' | 'installer' | 'any';

const LOADER =
  /\.(?:efi|0|mod|lst|c32|e32|e64|kpxe|kkpxe|pxe|lkrn|ipxe|nbi|cfg|img\.sig|plist|mo|pf2|fi)$|(?:^|\/)(?:grub\.cfg|pxelinux\.cfg\/|booter$|wdsnbp)/;
const KERNEL =
  /^os\/[^/]+\/(?:linux|initrd)$|(?:^|\/)(?:vmlinuz|vmlinux|linux|bzimage|kernel|mach_kernel|initrd|initramfs)/;
const INSTALLER =
  /^(?:answer|report|tree|iso|repo)\/|^ks\.cfg$|\.(?:iso|squashfs|deb|udeb|rpm|xml|xml\.gz)$|(?:^|\/)(?:install\.img|\.?treeinfo|in?release|packages(?:\.[gx]z)?|user-data|meta-data|vendor-data|network-config)$/;

/** `file`: a TFTP name or an HTTP path. */
export function fileKind(file: string): FileKind {
  const name = file.replace(/^\/+/, '').toLowerCase();
  if (INSTALLER.test(name)) return 'installer';
  if (LOADER.test(name)) return 'loader';
  if (KERNEL.test(name)) return 'kernel';
  return name.startsWith('mirror/') ? 'installer' : 'any';
}

/** Whether the file is an iPXE: who runs it asks for an address once more. */
export function isIpxeProgram(file: string): boolean {
  return /(?:ipxe|undionly|snponly|snp)[^/]*\.(?:efi|k{0,2}pxe|0|lkrn|pxe)$/i.test(file);
}
