/** Every operational failure that has a name, with what the operator does next. */
const hints = {
  'store-failed': 'Check free space and write permission of the data folder.',
  'store-busy': 'Another rackready uses this data folder. Stop it, or give this one its own with --data.',
  'store-newer': 'Start the version that wrote it, or give this one another folder with --data.',
  'store-corrupt': 'Keep a copy of the data folder, then bring back a backup or repair the database.',
  'config-invalid': 'Mend the named lines; `rackready check` says the same without starting.',
  'port-in-use': 'Find the other program with: ss -ulpn (UDP) or ss -tlpn (TCP).',
  'not-permitted': 'Run it as root, or give it CAP_NET_BIND_SERVICE, CAP_NET_RAW and CAP_NET_ADMIN.',
  'no-interface': 'Look at the interfaces with: ip -br address',
  'not-running': 'Start it with: sudo ./rackready up',
  'upstream-failed':
    'Look whether this host reaches the upstream, and whether the address of the mirror is right: `rackready mirror status NAME`.',
  'signature-refused':
    'Compare the fingerprint with the one that the distribution publishes; the old state is served meanwhile.',
  'upstream-empty':
    'The old state is served. Look whether the upstream has moved: its files may be at another address now.',
  'disk-full':
    'Make room in the data folder, drop snapshots with `rackready mirror prune`, or leave something out of the mirror.',
  'mirror-busy': 'Wait for the run that holds it: `rackready mirror status NAME`.',
  'bundle-refused':
    'Copy the archive once more and compare its sha256 with what `rackready bundle` printed, or make it anew. Nothing was changed.',
  'missing-tool': 'Install what is named, or run: sudo ./rackready setup',
} as const;

export type ProvisionErrorCode = keyof typeof hints;

/** An expected failure of the world around us: full disk, port in use, broken configuration. */
export class ProvisionError extends Error {
  readonly code: ProvisionErrorCode;
  /** What to do next, in sentences. */
  readonly hint: string;
  /** `hint`: where more is known than what the code stands for. */
  constructor(
    code: ProvisionErrorCode,
    message: string,
    options?: { readonly cause?: unknown; readonly hint?: string },
  ) {
    super(message, options);
    this.name = 'ProvisionError';
    this.code = code;
    this.hint = options?.hint ?? hints[code];
  }
}
