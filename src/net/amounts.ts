const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** "300 B", "1.2 GB": powers of 1000, as disks and networks are sold. */
export function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** "1.2 MB of 3.4 GB"; in bytes where the two would look the same and are not. */
export function formatPart(bytes: number, ofBytes: number): string {
  const [part, whole] = [formatBytes(bytes), formatBytes(ofBytes)];
  return part === whole && bytes !== ofBytes ? `${bytes} of ${ofBytes} bytes` : `${part} of ${whole}`;
}

/** "1 file", "3 files" */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
