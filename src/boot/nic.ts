import type { Mac } from '../net/mac.ts';

/**
 * Commands for any POSIX shell that look for the machine's network cards. Afterwards `$nic` is the name of the one that has
 * the first of the MAC addresses, empty when there is none, and `$pins` holds NAME=MAC of all that were found. Every
 * statement ends in `;`, so that the lines can be joined into one. Bridges, bonds and VLANs borrow a card's address and do
 * not count.
 */
export function renderNicScript([boot, ...others]: readonly Mac[]): string {
  const all = [boot, ...others].filter((mac) => mac !== undefined);
  return `nic=; pins=;
for sys in /sys/class/net/*; do
  [ -e "$sys/device" ] || continue;
  address=$(cat "$sys/address" 2>/dev/null);
  case "$address" in ${all.join('|') || '-'}) pins="$pins \${sys##*/}=$address";; esac;
  [ "$address" != '${boot ?? '-'}' ] || nic=\${sys##*/};
done;`;
}
