import type { MirrorConfig } from '../../src/mirror/mirror-config.ts';

/** The configuration of a mirror `m` that takes every file of its upstream as it is, with all that does not matter for a test. */
export function mirrorConfig(from: string, change: Partial<MirrorConfig> = {}): MirrorConfig {
  return {
    name: 'm',
    from: [from],
    layout: { kind: 'files' },
    installFrom: '',
    mode: 'sync',
    timezone: 'UTC',
    jitterSeconds: 0,
    blackout: [],
    keys: [],
    trust: 'none',
    packages: 'listed',
    bandwidth: { windows: [] },
    keep: { snapshots: 3, days: 7 },
    connections: 4,
    exclude: [],
    allowMissing: [],
    ...change,
  };
}
