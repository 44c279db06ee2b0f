import type { RecordedEvent } from '../../event/event.ts';
import { discoveredName } from '../../machine/discovered.ts';
import type { Life } from '../../machine/life.ts';
import { formatIpv4 } from '../../net/ipv4.ts';
import { type Mac, parseMac } from '../../net/mac.ts';
import type { LeaseRow } from './ports.ts';

/** A machine that was heard by DHCP and that the configuration does not name. */
export interface DiscoveredView {
  readonly mac: string;
  /** What its life is kept under until the configuration names it. */
  readonly name: string;
  /** What it was last heard as; of a machine that boots from the network, its firmware. */
  readonly client: string;
  /** Whether firmware was heard that wants to boot from the network. Others are phones, printers and the like. */
  readonly bootsFromNetwork: boolean;
  readonly address: string | null;
  readonly network: string | null;
  readonly hostName: string | null;
  readonly uuid: string | null;
  readonly state: string;
  /** ISO 8601. */
  readonly lastSeen: string;
}

/** Where strangers are looked for. */
export interface DiscoverySources {
  /** What asked for an address, oldest first. */
  readonly asked: readonly RecordedEvent[];
  readonly leases: Iterable<LeaseRow>;
  isNamed(mac: Mac): boolean;
  lifeOf(name: string): Life | undefined;
}

const FIRMWARE = /^(PXE firmware|HTTP boot firmware|iPXE|firmware of architecture|Mac, )/;

/** Every machine that the configuration does not name, the one that was heard last first. */
export function foldDiscovered({ asked, leases, isNamed, lifeOf }: DiscoverySources): DiscoveredView[] {
  const found = new Map<Mac, DiscoveredView>();
  const put = (mac: Mac, at: number, values: Partial<DiscoveredView>) => {
    if (isNamed(mac)) return;
    const name = discoveredName(mac);
    const state = lifeOf(name)?.state ?? 'discovered';
    const before = found.get(mac);
    const lastSeen = new Date(at).toISOString();
    const blank = {
      client: 'system',
      bootsFromNetwork: false,
      address: null,
      network: null,
      hostName: null,
      uuid: null,
    };
    const isNewer = before === undefined || before.lastSeen < lastSeen;
    found.set(mac, {
      ...blank,
      ...before,
      ...values,
      mac,
      name,
      state,
      lastSeen: isNewer ? lastSeen : before.lastSeen,
    });
  };
  for (const { mac: given = '', time, network, data } of asked) {
    const mac = parseMac(given);
    if (mac === undefined || data.client === undefined) continue;
    const client = String(data.client);
    const isFirmware = FIRMWARE.test(client);
    const known = found.get(mac);
    put(mac, time, {
      ...(network !== undefined && { network }),
      ...(typeof data.uuid === 'string' && { uuid: data.uuid }),
      // Its firmware says more of a machine than the systems that it then runs.
      ...((isFirmware || !known?.bootsFromNetwork) && { client, bootsFromNetwork: isFirmware }),
    });
  }
  for (const { lease } of leases) {
    const mac = parseMac(lease.client);
    if (mac === undefined || lease.state !== 'bound') continue;
    const hostName = lease.hostName ?? null;
    put(mac, lease.startsAt, { address: formatIpv4(lease.address), network: lease.network, hostName });
  }
  return [...found.values()].toSorted((a, b) => b.lastSeen.localeCompare(a.lastSeen) || a.mac.localeCompare(b.mac));
}
