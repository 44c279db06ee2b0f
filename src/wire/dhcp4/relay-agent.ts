import { type Ipv4, ipv4At } from '../../net/ipv4.ts';

/** What a relay added in option 82 (RFC 3046). The raw bytes go back as they came; this is only for reading. */
export interface RelayAgentInfo {
  /** Sub-option 5: the subnet to choose from, when it is not giaddr's (RFC 3527). */
  readonly linkSelection?: Ipv4 | undefined;
  /** Sub-option 11: what option 54 must say (RFC 5107). */
  readonly serverIdentifierOverride?: Ipv4 | undefined;
  /** Sub-option 19: the relay wants the reply on its source port (RFC 8357). */
  readonly wantsSourcePort: boolean;
}

/** Reads option 82's sub-options. A length that runs out ends the reading; what was read stays. */
export function decodeRelayAgentInfo(value: Uint8Array): RelayAgentInfo {
  const parts = new Map<number, Uint8Array>();
  for (let at = 0; at + 1 < value.length; ) {
    const length = value[at + 1] ?? 0;
    if (at + 2 + length > value.length) break;
    parts.set(value[at] ?? 0, value.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return {
    linkSelection: addressOf(parts.get(5)),
    serverIdentifierOverride: addressOf(parts.get(11)),
    wantsSourcePort: parts.has(19),
  };
}

function addressOf(value: Uint8Array | undefined): Ipv4 | undefined {
  return value?.length === 4 ? ipv4At(value, 0) : undefined;
}
