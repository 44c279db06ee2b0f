/** IP and UDP headers. */
const HEADERS = 28;
/** RFC 2131 2: what every client takes. */
const LEAST = 576;
/** An Ethernet frame: larger replies arrive as fragments, which only clients that send sub-option 12 put together. */
const FRAME = 1500;
/** Apple's own ceiling. */
const MOST = 8192;

/**
 * How many bytes of UDP payload a BSDP client takes: sub-option 12, else option 57, else 576 for the whole IP datagram.
 * Values below 576 do not count.
 */
export function bsdpPayloadLimit(asked: {
  /** Sub-option 12. */
  readonly bsdpBytes?: number | undefined;
  /** Option 57. */
  readonly dhcpBytes?: number | undefined;
}): number {
  const { bsdpBytes = 0, dhcpBytes = 0 } = asked;
  if (bsdpBytes >= LEAST) return Math.min(bsdpBytes, MOST) - HEADERS;
  return Math.min(Math.max(dhcpBytes, LEAST), FRAME) - HEADERS;
}
