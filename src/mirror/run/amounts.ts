const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** "1.2 GB", in powers of 1000 as disks are sold. */
export function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const text = unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1);
  return `${text} ${UNITS[unit]}`;
}

/** "3 files, 1.2 GB" */
export function formatAmount(files: number, bytes: number): string {
  return `${files} ${files === 1 ? 'file' : 'files'}, ${formatBytes(bytes)}`;
}
