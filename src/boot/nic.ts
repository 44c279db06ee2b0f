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
  address=$(cat "$sys/address" 2>/dev/null) || continue;
  case "$address" in ${all.join('|') || '-'}) pins="$pins \${sys##*/}=$address";; esac;
  [ "$address" != '${boot ?? '-'}' ] || nic=\${sys##*/};
done;`;
}

/**
 * Commands that give each card of `$pins` its present name for good, below `$root` (empty: /): the name that the installer
 * saw, also when another kernel would call it something else. Names that the kernel itself counts (`eth0`) are left alone,
 * since they cannot be exchanged while cards come up.
 */
export const PIN_SCRIPT = `for pin in $pins; do
  name=\${pin%%=*};
  case "$name" in eth*) continue;; esac;
  mkdir -p "$root/etc/systemd/network";
  { echo '[Match]'; echo "PermanentMACAddress=\${pin#*=}"; echo; echo '[Link]'; echo "Name=$name";
    echo 'AlternativeNamesPolicy=database onboard slot path';
  } >"$root/etc/systemd/network/10-rackready-$name.link";
done;`;
