import { existsSync } from 'node:fs';

/** Where packages of boot loaders put what they have, and the programs that make GRUB images. */
const FOLDERS = [
  ...['/usr/lib/grub', '/usr/share/grub', '/usr/share/grub2', '/usr/lib/grub2', '/usr/local/lib/grub'],
  ...['/usr/lib/shim', '/usr/lib/ipxe', '/usr/share/ipxe'],
];
const PROGRAMS = ['grub-mkimage', 'grub2-mkimage', 'grub-glue-efi'].flatMap((name) => [
  `/usr/bin/${name}`,
  `/bin/${name}`,
]);

/** Goes before a command line, which runs as on a host without any package of boot loaders then. */
export function bareHost(): readonly string[] {
  const mounts = [
    ...FOLDERS.filter(existsSync).map((folder) => `mount -t tmpfs bare ${folder}`),
    ...PROGRAMS.filter(existsSync).map((program) => `mount --bind /dev/null ${program}`),
  ];
  return ['unshare', '--mount', 'sh', '-c', [...mounts, 'exec "$@"'].join(' && '), 'bare-host'];
}
