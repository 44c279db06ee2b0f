import type { TftpOptions } from '../../wire/tftp/packet.ts';

export type TransferMode = 'octet' | 'netascii';

export interface TransferLimits {
  /** Bytes a frame of this network carries: 1500 on plain Ethernet. */
  readonly mtu: number;
  /** The operator's cap, 512-65464. */
  readonly maxBlockSize: number;
  /** Blocks a window (RFC 7440); 1 means lock-step, and the option is never acknowledged. */
  readonly maxWindow: number;
}

/** What a transfer runs with. */
export interface Negotiated {
  readonly blockSize: number;
  readonly window: number;
  /** Seconds, when the client asked for a retransmission time (RFC 2349). */
  readonly timeoutSeconds: number | undefined;
  /** The client wants to know the size; it may stop there. */
  readonly asksSize: boolean;
  /** What the OACK says; empty: no OACK is sent, and block 1 is the answer. */
  readonly accepted: TftpOptions;
}

/** RFC 1350: without the option. */
const DEFAULT_BLOCK_SIZE = 512;
const LEAST_BLOCK_SIZE = 8;
const MOST_BLOCK_SIZE = 65464;
/** IP 20, UDP 8, TFTP 4 bytes. */
const HEADERS = 32;

/** The largest block that fits into one frame; never above `limits.maxBlockSize`. */
function blockSizeCap(limits: TransferLimits): number {
  const carried = Math.max(LEAST_BLOCK_SIZE, limits.mtu - HEADERS);
  return Math.min(carried, limits.maxBlockSize, MOST_BLOCK_SIZE);
}

/** How long a client is kept to smaller blocks: a machine's boots of a day, and no longer than a repair is likely to take. */
export const BLOCK_CAP_MS = 24 * 60 * 60_000;

/**
 * The cap for a client's next request after it never acknowledged a first block of `blockSize`: 1024, then 512.
 * Tunnels and VLAN tags eat some of the MTU, and boot firmware drops fragments (tinkerbell/smee#43, fogproject#455).
 */
export function smallerCap(blockSize: number): number {
  return blockSize > 1024 ? 1024 : DEFAULT_BLOCK_SIZE;
}

/**
 * Chooses among the options of a read request. Only what was asked for is answered, and never more than was asked
 * for: EDK2 checks that and gives up with ERROR 4 otherwise. A value that makes no sense loses its option, not the
 * request. In netascii the size on the wire is unknown, so tsize and windowsize stay unanswered, as in dnsmasq.
 */
export function negotiate(
  asked: TftpOptions,
  about: {
    readonly sizeBytes: number;
    readonly mode: TransferMode;
    readonly limits: TransferLimits;
    /** What this client was capped at before, because larger blocks did not arrive. */
    readonly clientCap?: number | undefined;
  },
): Negotiated {
  const cap = Math.min(blockSizeCap(about.limits), about.clientCap ?? MOST_BLOCK_SIZE);
  const isOctet = about.mode === 'octet';
  const accepted = new Map<string, string>();
  const chosen = { blockSize: DEFAULT_BLOCK_SIZE, window: 1, timeoutSeconds: undefined as number | undefined };
  for (const [name, text] of asked) {
    const value = decimal(text);
    if (value === undefined) continue;
    if (name === 'blksize' && value >= LEAST_BLOCK_SIZE) {
      chosen.blockSize = Math.min(value, cap);
      accepted.set(name, String(chosen.blockSize));
    } else if (name === 'tsize' && isOctet) {
      accepted.set(name, String(about.sizeBytes));
    } else if (name === 'timeout' && value >= 1 && value <= 255) {
      chosen.timeoutSeconds = value;
      accepted.set(name, String(value));
    } else if (name === 'windowsize' && isOctet && value >= 1 && value <= 65535 && about.limits.maxWindow > 1) {
      chosen.window = Math.min(value, about.limits.maxWindow);
      accepted.set(name, String(chosen.window));
    }
  }
  return { ...chosen, asksSize: accepted.has('tsize'), accepted };
}

function decimal(text: string): number | undefined {
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}
