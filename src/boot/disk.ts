import { shellQuote } from './quote.ts';

/** Which disk a machine is installed on. Everything undefined: the only internal disk that it has. */
export interface DiskWish {
  /** A path (`/dev/disk/by-id/…`, `/dev/sda`), a serial number or a WWN, in full. */
  readonly name?: string | undefined;
  /** Bytes, inclusive. */
  readonly minSize?: number | undefined;
  readonly maxSize?: number | undefined;
}

const FORM =
  'a path like /dev/disk/by-id/ata-…, a serial number, a WWN, or sizes like {minSize: 200G, maxSize: 2T}, between which one disk lies';
const SIZE_KEYS = ['minSize', 'maxSize'];

/** Reads `vars.disk`. Sizes are bytes, or 200G and 2T as disks are sold (powers of 1000), or 200GiB (powers of 1024). */
export function parseDiskWish(value: unknown): DiskWish | { readonly problem: string } {
  if (value === undefined || value === null || value === '') return {};
  if (typeof value === 'string') {
    return /[\p{Cc}\p{Zl}\p{Zp}]/u.test(value)
      ? { problem: `vars.disk has control characters: expected ${FORM}` }
      : { name: value };
  }
  // A serial number of digits only is a number in YAML.
  if (typeof value === 'number') return { name: String(value) };
  if (typeof value !== 'object' || Array.isArray(value)) return { problem: `vars.disk is not ${FORM}` };
  const sizes = value as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(sizes).find((key) => !SIZE_KEYS.includes(key));
  if (unknown !== undefined) return { problem: `vars.disk.${unknown} is unknown: expected ${FORM}` };
  const minSize = parseSize(sizes.minSize);
  const maxSize = parseSize(sizes.maxSize);
  if (minSize === null || maxSize === null || (minSize ?? maxSize) === undefined) {
    return { problem: `vars.disk has a size that cannot be read: expected ${FORM}` };
  }
  if (minSize !== undefined && maxSize !== undefined && minSize > maxSize) {
    return { problem: 'vars.disk.minSize is greater than maxSize: no disk can fit' };
  }
  return { minSize, maxSize };
}

/** What a wish picks, in words: "the only internal disk of at least 200 GB". */
export function describeDiskWish(value: unknown): string {
  const wish = parseDiskWish(value);
  if ('problem' in wish) return `no disk: ${wish.problem}`;
  if (wish.name !== undefined) return `the disk ${wish.name}`;
  const bounds = [
    wish.minSize === undefined ? '' : `at least ${gigabytes(wish.minSize)}`,
    wish.maxSize === undefined ? '' : `at most ${gigabytes(wish.maxSize)}`,
  ].filter((bound) => bound !== '');
  return bounds.length === 0 ? 'its only internal disk' : `its only internal disk of ${bounds.join(' and ')}`;
}

/** As disks are sold: powers of 1000. */
function gigabytes(bytes: number): string {
  return `${Number((bytes / 1e9).toFixed(1))} GB`;
}

/** undefined: not given; null: unreadable. */
function parseSize(value: unknown): number | undefined | null {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : null;
  const match = typeof value === 'string' ? /^([0-9]{1,6}(?:\.[0-9]{1,3})?) ?([KMGTP])(i?B)?$/i.exec(value) : null;
  if (!match) return null;
  const power = 'KMGTP'.indexOf((match[2] ?? '').toUpperCase()) + 1;
  return Math.round(Number(match[1]) * (/^i/i.test(match[3] ?? '') ? 1024 : 1000) ** power);
}

/**
 * Commands for any POSIX shell that look for the disk. Afterwards `$found` is its path, `$stable` the name that it has at
 * every start (empty when it has none), `$bytes` its size, and `$problem` is empty; or `$problem` says why there is not
 * exactly one, and nothing may be erased. Every statement ends in `;`, so that the lines can be joined into one. USB disks, SD cards, removable and read-only disks never fit, not even by name.
 */
export function renderDiskScript(wish: DiskWish): string {
  const { minSize, maxSize } = wish;
  const sizes = [minSize === undefined ? '' : `minSize=${minSize}`, maxSize === undefined ? '' : `maxSize=${maxSize}`];
  const told = wish.name ?? sizes.filter((text) => text !== '').join(',');
  // /sys/block/*/size counts 512 bytes, whatever the disk's own sectors are.
  const least = minSize === undefined ? 1 : Math.max(1, Math.ceil(minSize / 512));
  const most = maxSize === undefined ? '' : String(Math.floor(maxSize / 512));
  return [
    `want=${shellQuote(wish.name ?? '')}; told=${shellQuote(told)}; least=${least}; most=${shellQuote(most)};`,
    ...SEARCH,
  ].join('\n');
}

const SEARCH = `found=; count=0; seen=;
for sys in /sys/block/*; do
  name=\${sys##*/}; dev=/dev/$name;
  case "$name" in loop*|ram*|zram*|sr*|fd*|md*|dm-*|nbd*|mmcblk*boot*|mmcblk*rpmb) continue;; esac;
  [ -e "$sys/device" ] && [ -b "$dev" ] || continue;
  [ "$(cat "$sys/removable")" = 0 ] && [ "$(cat "$sys/ro")" = 0 ] && [ "$(cat "$sys/size")" != 0 ] || continue;
  [ "$(cat "$sys/device/type" 2>/dev/null)" != SD ] || continue;
  case "$(readlink -f "$sys")" in */usb[0-9]*) continue;; esac;
  seen="$seen $dev";
  [ "$(cat "$sys/size")" -ge "$least" ] || continue;
  [ -z "$most" ] || [ "$(cat "$sys/size")" -le "$most" ] || continue;
  case "$want" in
    '') ;;
    /dev/*) [ "$(readlink -f "$want")" = "$dev" ] || continue;;
    *) { cat "$sys/serial" "$sys/device/serial" "$sys/wwid" "$sys/device/wwid";
         udevadm info --query=property --name="$dev" | sed -n -e 's/^ID_SERIAL=//p' -e 's/^ID_SERIAL_SHORT=//p' -e 's/^ID_WWN=//p';
       } 2>/dev/null | sed 's/^ *//; s/ *$//' | grep -q -x -F -e "$want" || continue;;
  esac;
  found=$dev; count=$((count + 1));
done;
problem=; stable=; bytes=;
if [ "$count" = 1 ]; then
  bytes=$(($(cat "/sys/block/\${found#/dev/}/size") * 512));
  for link in /dev/disk/by-id/*; do
    [ "$(readlink -f "$link")" = "$found" ] || continue;
    case "$link" in
      */lvm-*|*/md-*|*/dm-*) ;;
      */wwn-*|*/nvme-eui.*) [ -n "$stable" ] || stable=$link;;
      *) stable=$link; break;;
    esac;
  done;
fi;
[ "$count" = 1 ] || problem="rackready: $count disks fit\${told:+ vars.disk=$told}, exactly one must; fixed disks here:\${seen:- none}. Nothing was erased. Set vars.disk of this machine.";`.split(
  '\n',
);
