/** What a live server of Ubuntu is started from, on its ISO and beside it in a mirror. */
export const casperFiles = { kernel: 'casper/vmlinuz', initrd: 'casper/initrd' } as const;

/** The ISO itself in a mirror, whatever the point release is called: its own initrd loads it whole. */
export const LIVE_ISO = 'live-server.iso';

/** Of several point releases the newest one. */
export function newestIso(paths: readonly string[]): string | undefined {
  const order = new Intl.Collator('en', { numeric: true });
  return paths
    .filter((path) => path.endsWith('.iso'))
    .toSorted(order.compare)
    .at(-1);
}
