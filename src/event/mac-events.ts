import { entry } from './entry.ts';

/** What NetBoot (BSDP) and Macs tell. */
export const macEvents = {
  'mac.seen': entry<{ model: string; arch: string; firmware: string }>(
    'info',
    'A Mac said its model for the first time. `firmware` follows from the model: what its EFI can run, or why it cannot boot from the network.',
    (d) => `is a ${d.model} (${d.firmware})`,
  ),
  'mac.unknown-model': entry<{ model: string; vendorClass: string }>(
    'warning',
    'An Intel Mac whose model is in no list: it is taken for one with 64-bit EFI. If GRUB does not start on it, set `firmware: efi32` for the machine, and tell us the model.',
    (d) => `is a model that is in no list, ${d.model}: taken for one with 64-bit EFI`,
  ),
  'mac.other-model': entry<{ model: string; before: string }>(
    'warning',
    'One hardware address was seen with two models. It belongs to a network adapter that was moved to another Mac, or the configuration names the wrong model. What is granted to this machine is done to whatever Mac the adapter is in.',
    (d) => `says that it is a ${d.model}, and was a ${d.before} before: is its network adapter in another Mac?`,
  ),
  'bsdp.list': entry<{
    images: number;
    default: string;
    selected?: string;
    dropped: number;
    address: string;
    port: number;
  }>(
    'info',
    'A Mac looks for NetBoot images and was told which it may boot. With the N key it takes `selected`, else `default`; the Option key and Startup Disk show them all.',
    (d) =>
      `looks for NetBoot images: ${d.images} offered, default "${d.default}"${d.selected === undefined ? '' : `, chosen before "${d.selected}"`}`,
  ),
  'bsdp.list-cut': entry<{ dropped: number; bytes: number }>(
    'warning',
    'The list of images is longer than what the Mac takes in one answer. The last ones were left out; the default never is. Give the images to fewer Macs (`machines`, `models`), or shorter names.',
    (d) => `cannot take the whole list of images: ${d.dropped} left out of an answer of at most ${d.bytes} bytes`,
  ),
  'bsdp.select': entry<{ image: string; id: string; bootFile: string; address: string; port: number }>(
    'info',
    'A Mac chose an image of ours and was told the file to load. The next that is heard of it is TFTP.',
    (d) => `chose "${d.image}" (${d.id}) and is told to load ${d.bootFile}`,
  ),
  'bsdp.failed': entry<{ id: string; reason: string }>(
    'warning',
    'A Mac chose an image that it cannot have (any more), and was told so. It starts over after ten seconds, or boots from its disk.',
    (d) => `may not have image ${d.id}: ${d.reason}`,
  ),
  'bsdp.ignored': entry<{ code: string; reason: string }>(
    'info',
    'A NetBoot request was not answered, with the reason. Told once an hour for each Mac and reason; `rackready status` counts them all. `not-armed` is the usual one: nothing may be booted, so the Mac boots from its disk after a while.',
    (d) => `its NetBoot request is not answered: ${d.reason}`,
  ),
  'bsdp.cannot-boot': entry<{ reason: string }>(
    'warning',
    'A Mac wants to boot from the network and cannot, or cannot boot what it is to become. The reason says what to do. Told once an hour for each Mac.',
    (d) => `cannot be booted: ${d.reason}`,
  ),
  'bsdp.not-started': entry<{ bootFile: string; next: string }>(
    'warning',
    'The Mac loaded GRUB and asked for images again without GRUB having been heard: its firmware did not start the file. The likely cause is the wrong width of EFI.',
    (d) => `loaded ${d.bootFile} and did not start it. ${d.next}`,
  ),
} as const;
