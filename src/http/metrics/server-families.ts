import { parseIpv4 } from '../../net/ipv4.ts';
import type { ApiPorts, LeaseRow, MachineRow, Status } from '../api/ports.ts';
import { leaseView } from '../api/views.ts';
import type { Family, Sample } from './exposition.ts';

/** What is counted and measured in the process, for metrics. */
export interface ServerMeasures {
  /** Since the start, by id; with every kind of event that is kept, also those of which there was none. */
  readonly events: readonly { readonly id: string; readonly level: string; readonly count: number }[];
  /** Events that were only counted, since there were too many. */
  readonly eventsSkipped: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** The same of the process of the stories; undefined: it is being started again. */
  readonly stories?: { readonly cpuSeconds: number; readonly residentBytes: number } | undefined;
}

/** What is known of the server, without mirrors. */
export function serverFamilies(
  ports: Pick<ApiPorts, 'server' | 'leases' | 'machines' | 'now'>,
  measures: ServerMeasures,
): Family[] {
  const status = ports.server.status();
  const { counters, netboot } = status;
  const { httpRequests = 0, received = 0, ...dhcp } = counters;
  const byKey = (values: Readonly<Record<string, number>>, label: string): Sample[] =>
    Object.entries(values).map(([key, value]) => ({ labels: { [label]: key }, value }));
  const one = (name: string, type: Family['type'], help: string, value: number): Family => ({
    name,
    type,
    help,
    samples: [{ value }],
  });
  return [
    {
      name: 'rackready_build_info',
      type: 'gauge',
      help: 'The version that runs.',
      samples: [{ labels: { version: status.version }, value: 1 }],
    },
    ...leaseFamilies(status, [...ports.leases.list()], ports.now()),
    machineFamily([...ports.machines.list()]),
    one('rackready_dhcp_received_total', 'counter', 'DHCP and BOOTP datagrams that came in.', received),
    {
      name: 'rackready_dhcp_handled_total',
      type: 'counter',
      help: 'DHCP and BOOTP datagrams by what came of them.',
      samples: byKey(dhcp, 'result'),
    },
    {
      name: 'rackready_netboot_requests_total',
      type: 'counter',
      help: 'NetBoot (BSDP) requests of Macs by what came of them.',
      samples: byKey(netboot, 'result'),
    },
    one('rackready_http_requests_total', 'counter', 'Requests to the boot listener.', httpRequests),
    {
      name: 'rackready_events_total',
      type: 'counter',
      help: 'What was told since the start, by kind (docs/messages.md): transfers by TFTP and HTTP, installations, failures.',
      samples: measures.events.map(({ id, level, count }) => ({ labels: { id, level }, value: count })),
    },
    one(
      'rackready_events_skipped_total',
      'counter',
      'Events that were only counted, since there were too many.',
      measures.eventsSkipped,
    ),
    one('process_start_time_seconds', 'gauge', 'When the server was started.', Date.parse(status.started) / 1000),
    one(
      'process_cpu_seconds_total',
      'counter',
      'Processor time of the server, without that of mirrors and stories.',
      measures.cpuSeconds,
    ),
    one(
      'process_resident_memory_bytes',
      'gauge',
      'Memory of the server, without that of mirrors and stories.',
      measures.residentBytes,
    ),
    ...storyFamilies(measures),
  ];
}

/** Of a process of its own, which may be gone for a moment. */
function storyFamilies({ stories }: ServerMeasures): Family[] {
  const samples = (pick: (stories: NonNullable<ServerMeasures['stories']>) => number): Sample[] =>
    stories === undefined ? [] : [{ value: pick(stories) }];
  return [
    {
      name: 'rackready_stories_cpu_seconds_total',
      type: 'counter',
      help: 'Processor time of the process that follows the boots.',
      samples: samples(({ cpuSeconds }) => cpuSeconds),
    },
    {
      name: 'rackready_stories_resident_memory_bytes',
      type: 'gauge',
      help: 'Memory of the process that follows the boots.',
      samples: samples(({ residentBytes }) => residentBytes),
    },
  ];
}

interface Pool {
  readonly labels: { readonly network: string; readonly pool: string };
  readonly first: number;
  readonly last: number;
}

const LEASE_STATES = ['bound', 'expired', 'released', 'abandoned'] as const;

/** `outside`: reservations, and what is left of pools that were taken out of the configuration. */
function leaseFamilies({ networks }: Status, rows: readonly LeaseRow[], now: number): Family[] {
  const pools = networks.flatMap(({ name, pools: ranges }) =>
    ranges.flatMap(({ first, last }): Pool[] => {
      const [from, to] = [parseIpv4(first), parseIpv4(last)];
      if (from === undefined || to === undefined) return [];
      return [{ labels: { network: name, pool: `${first}-${last}` }, first: from, last: to }];
    }),
  );
  const counts = new Map<string, { readonly labels: Record<string, string>; value: number }>();
  const place = (labels: { readonly network: string; readonly pool: string }) => {
    for (const state of LEASE_STATES)
      counts.set(`${labels.network} ${labels.pool} ${state}`, { labels: { ...labels, state }, value: 0 });
  };
  for (const { name } of networks) place({ network: name, pool: 'outside' });
  for (const { labels } of pools) place(labels);
  for (const row of rows) {
    const { network, address } = row.lease;
    const pool = pools.find(
      ({ labels, first, last }) => labels.network === network && address >= first && address <= last,
    );
    const count = counts.get(`${network} ${pool?.labels.pool ?? 'outside'} ${leaseView(row, now).state}`);
    if (count) count.value++;
  }
  return [
    {
      name: 'rackready_pool_addresses',
      type: 'gauge',
      help: 'Addresses of a DHCP pool.',
      samples: pools.map(({ labels, first, last }) => ({ labels, value: last - first + 1 })),
    },
    {
      name: 'rackready_leases',
      type: 'gauge',
      help: 'Leases by DHCP pool and state; outside: reserved addresses.',
      samples: [...counts.values()],
    },
  ];
}

function machineFamily(rows: readonly MachineRow[]): Family {
  const counts = new Map<string, { labels: Record<string, string>; value: number }>();
  for (const { life } of rows) {
    const labels = {
      state: life?.state ?? 'ready',
      operation: life?.operation?.kind ?? 'none',
      stage: life?.operation?.stage ?? 'none',
    };
    const key = Object.values(labels).join(' ');
    const known = counts.get(key) ?? { labels, value: 0 };
    known.value++;
    counts.set(key, known);
  }
  return {
    name: 'rackready_machines',
    type: 'gauge',
    help: 'Machines of the configuration by state, and by what is in progress.',
    samples: [...counts.values()],
  };
}
