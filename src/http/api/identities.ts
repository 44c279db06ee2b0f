import type { EventData, RecordedEvent } from '../../event/event.ts';

/** One face of a machine: the same hardware asks as firmware, loader, installer and system, and says something else each time. */
export interface IdentityView {
  readonly mac: string;
  /** What the request looked like: "iPXE, bios-x86", "installer, d-i", "system". */
  readonly client: string;
  /** Option 61, hex. */
  readonly clientId: string | null;
  readonly uuid: string | null;
  readonly address: string;
  /** ISO 8601. */
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly count: number;
}

/** Folds the confirmed leases of one machine into its identities, in the order of their first appearance. */
export function foldIdentities(acks: readonly RecordedEvent[]): IdentityView[] {
  const found = new Map<string, IdentityView>();
  for (const { mac = '', time, data } of acks) {
    const { client, clientId = null, uuid = null, address } = data as EventData<'dhcp.ack'>;
    const key = JSON.stringify([mac, client, clientId, uuid]);
    const at = new Date(time).toISOString();
    const before = found.get(key);
    found.set(key, {
      mac,
      client,
      clientId,
      uuid,
      address,
      firstSeen: before?.firstSeen ?? at,
      lastSeen: at,
      count: (before?.count ?? 0) + 1,
    });
  }
  return [...found.values()];
}
