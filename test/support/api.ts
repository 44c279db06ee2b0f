import { type EventData, type EventId, type RecordedEvent, recordEvent, type Subject } from '../../src/event/event.ts';
import { type EventQuery, matchesFilter } from '../../src/event/query.ts';
import type { ProfileRow, TemplateRow } from '../../src/http/api/config-ports.ts';
import type { ApiPorts, EventFeed, LeaseRow, MachineRow } from '../../src/http/api/ports.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { createStoryTeller } from '../../src/main/story-teller.ts';
import { beginScrub, firstScrub } from '../../src/mirror/run/scrub.ts';
import { ipv4 } from '../../src/net/ipv4.ts';
import { mac } from '../../src/net/mac.ts';
import { encodePcap } from '../../src/wire/pcap.ts';

export const NOW = Date.parse('2026-11-23T02:39:00Z');
const HOUR = 3600_000;

/** Events in memory. `beforeList` runs inside `list`, between the question and the answer. */
export class MemoryFeed implements EventFeed {
  readonly events: RecordedEvent[] = [];
  readonly listeners = new Set<(event: RecordedEvent) => void>();
  /** Hears first, and is not counted: the stories. */
  onTold: (event: RecordedEvent) => void = () => {};
  beforeList: () => void = () => {};
  #waiting: (() => void)[] = [];

  tell<Id extends EventId>(id: Id, subject: Subject, data: EventData<Id>): RecordedEvent {
    const seq = this.lastSeq() + 1;
    const event = recordEvent({ seq, time: NOW + seq }, id, subject, data);
    this.events.push(event);
    this.onTold(event);
    for (const listener of this.listeners) listener(event);
    return event;
  }

  list = async (query: EventQuery): Promise<RecordedEvent[]> => {
    const { after = 0, before = Number.POSITIVE_INFINITY } = query;
    const found = this.events.filter((event) => event.seq > after && event.seq < before && matchesFilter(event, query));
    const page = query.after === undefined ? found.slice(-query.limit) : found.slice(0, query.limit);
    this.beforeList();
    return page;
  };

  subscribe: EventFeed['subscribe'] = (listener) => {
    this.listeners.add(listener);
    for (const wake of this.#waiting.splice(0)) wake();
    return () => {
      this.listeners.delete(listener);
      for (const wake of this.#waiting.splice(0)) wake();
    };
  };

  lastSeq = (): number => this.events.at(-1)?.seq ?? 0;

  /** Resolves when there are so many subscribers. */
  async untilListeners(count: number): Promise<void> {
    while (this.listeners.size !== count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

/** A boot of sm1, as far as its loader. */
export function tellBoot(feed: MemoryFeed): void {
  const subject = { mac: mac('00:25:90:96:c4:9a'), machine: 'sm1', network: 'management' };
  const address = '172.22.10.5';
  const client = 'PXE firmware, uefi-x64';
  feed.tell('dhcp.discover', subject, { client, via: 'interface br0', arch: 7 });
  feed.tell('dhcp.offer', { ...subject, address }, { address, reason: 'reservation', bootFile: 'boot/core.efi' });
  feed.tell('dhcp.ack', { ...subject, address }, { address, seconds: 3600, kind: 'selecting', client });
  const file = { file: 'boot/core.efi', bytes: 925_696 };
  feed.tell('tftp.start', { ...subject, address }, { ...file, blockSize: 1468, window: 1 });
  feed.tell('tftp.done', { ...subject, address }, { ...file, ms: 316, retransmits: 0, finalAck: true });
}

function machine(name: string, address: string, macText: string, profile?: string): Machine {
  return {
    name,
    macs: [mac(macText)],
    address: ipv4(address),
    hostName: name,
    profile,
    kind: 'pc',
    secureBoot: false,
    addressing: 'dhcp',
    loader: 'auto',
    vars: {},
  };
}

const TEMPLATE: TemplateRow = {
  path: '/etc/rackready/my rack.ks.liquid',
  name: 'mine',
  isBuiltIn: false,
  profiles: ['rocky-9'],
  machines: 1,
};

const PROFILE: ProfileRow = { name: 'rocky-9', file: '/etc/rackready.yaml', line: 4, os: 'rocky-9', machines: 1 };

export const SECRET_TOKEN = 'token-that-nobody-may-see';

/** Ports with a small rack behind them; what was done is in `calls`. */
export function fakePorts(): { ports: ApiPorts; feed: MemoryFeed; calls: string[] } {
  const feed = new MemoryFeed();
  const stories = createStoryTeller({ read: feed.list, first: 1, now: () => NOW, diagnose: () => [] });
  feed.onTold = (event) => stories.take([event]);
  const calls: string[] = [];
  const sm1 = machine('sm1', '172.22.10.5', '00:25:90:96:c4:9a', 'debian-12');
  const rows: MachineRow[] = [
    { machine: machine('sm2', '172.22.10.6', '00:25:90:96:c4:9b') },
    {
      machine: sm1,
      leased: ipv4('172.22.10.5'),
      life: {
        machine: 'sm1',
        state: 'installed',
        onceUsed: true,
        outcome: { kind: 'install', profile: 'debian-12', result: 'succeeded', reason: 'reported', at: NOW - HOUR },
      },
    },
  ];
  const lease = {
    network: 'management',
    state: 'bound',
    kind: 'dhcp',
    startsAt: NOW - HOUR,
    endsAt: NOW + HOUR,
  } as const;
  const leases: LeaseRow[] = [
    {
      lease: { ...lease, address: ipv4('172.22.10.40'), client: mac('00:25:90:00:00:40'), state: 'abandoned' },
    },
    {
      lease: { ...lease, address: ipv4('172.22.10.5'), client: mac('00:25:90:96:c4:9a'), hostName: 'sm1' },
      machine: 'sm1',
    },
    { lease: { ...lease, address: ipv4('172.22.10.41'), client: mac('00:25:90:00:00:41'), endsAt: NOW - 1 } },
    {
      lease: { ...lease, address: ipv4('10.0.0.9'), network: 'lab', client: 'id:00ff', kind: 'bootp', endsAt: null },
    },
  ];
  const change = (verb: string) => async (address: number) => {
    calls.push(`${verb} ${address}`);
    const row = leases.find((candidate) => candidate.lease.address === address);
    return row ? ({ kind: 'done', row } as const) : ({ kind: 'unknown' } as const);
  };
  const act = (verb: string, reason: string) => async (name: string) => {
    calls.push(`${verb} ${name}`);
    const row = rows.find((candidate) => candidate.machine.name === name);
    if (!row) return { kind: 'unknown-machine' } as const;
    return name === 'sm2' ? ({ kind: 'refused', reason } as const) : ({ kind: 'done', row } as const);
  };
  const ports: ApiPorts = {
    now: () => NOW,
    measures: () => ({
      events: [{ id: 'tftp.done', level: 'info', count: 7 }],
      eventsSkipped: 2,
      cpuSeconds: 1.5,
      residentBytes: 1e8,
      stories: { cpuSeconds: 0.5, residentBytes: 5e7 },
    }),
    events: feed,
    stories: { ...stories, pcapOf: async (query) => (await stories.trafficOf(query)) && encodePcap([]) },
    server: {
      status: () => ({
        version: '0.1.0',
        pid: 42,
        started: new Date(NOW).toISOString(),
        config: '/etc/rackready.yaml',
        data: '/var/lib/rackready',
        admin: {
          socket: '/var/lib/rackready/rackready.sock',
          listen: '127.0.0.1:8067',
          problem: null,
          tokenFile: '/var/lib/rackready/admin.token',
        },
        networks: [],
        listeners: [],
        loaders: [],
        counters: { 'http.requests': 3 },
        netboot: { lists: 2, 'ignored: not-armed': 1 },
      }),
      reload: async () => ({ kind: 'refused', problems: ['rackready.yaml:3:1: networks: unknown key'] }),
    },
    config: {
      firstSteps: async (name) => ({
        interfaces: [
          { name: 'eth1', mac: '02:00:00:00:00:fe', addresses: ['10.0.0.1/24'], isUp: true, hasCarrier: true },
        ],
        path: '/root/rackready.yaml',
        proposal: `# for ${name ?? 'all'}\n`,
        problems: [],
      }),
      addMachine: async (name, values) => {
        calls.push(`add ${name} ${JSON.stringify(values)}`);
        const file = '/etc/rackready.yaml';
        if (name === 'sm1') return { kind: 'refused', reason: 'there is a machine "sm1" already' };
        if (values.address === '10.0.0.1')
          return { kind: 'invalid', problems: [`${file}:9:1: machines.${name}: wrong`] };
        if (name === 'locked') return { kind: 'cannot-write', file, reason: 'EACCES: permission denied' };
        return { kind: 'saved', files: [file], server: { kind: 'loaded', networks: 1, machines: 3 } };
      },
      setNotes: async (name, notes, before) => {
        calls.push(`notes ${name} ${JSON.stringify(notes)} ${JSON.stringify(before)}`);
        const file = '/etc/rackready.yaml';
        if (before !== '') return { kind: 'changed-meanwhile', what: `machines.${name}.notes` };
        if (notes === 'locked\nout') return { kind: 'cannot-write', file, reason: 'EACCES: permission denied' };
        return { kind: 'saved', files: [file], server: { kind: 'loaded', networks: 1, machines: 3 } };
      },
      profiles: async () => ({ profiles: [PROFILE], problems: [] }),
      readProfile: async (name) =>
        name === PROFILE.name ? { profile: PROFILE, text: 'rocky-9: { os: rocky-9 }', version: 'v1' } : undefined,
      checkProfile: async (edit, machine) => {
        calls.push(`check profile ${JSON.stringify(edit)} ${machine}`);
        const check = { errors: [], elsewhere: [], machines: ['sm1'], broken: [], changes: [], preview: null };
        return edit.text === '' ? undefined : check;
      },
      saveProfile: async (edit, version) => {
        calls.push(`save profile ${JSON.stringify(edit)} ${version}`);
        if (edit.name !== undefined && version !== 'v1') return { kind: 'changed-meanwhile', what: 'profiles.rocky-9' };
        return { kind: 'cannot-write', file: PROFILE.file, reason: 'EACCES: permission denied' };
      },
      templates: () => [TEMPLATE],
      readTemplate: async (path) =>
        path === TEMPLATE.path
          ? { template: TEMPLATE, text: 'lang {{ defaults.locale }}\n', version: 'v1' }
          : undefined,
      checkTemplate: async (path, text, machine) => {
        calls.push(`check ${path} ${text} ${machine}`);
        if (path !== TEMPLATE.path) return undefined;
        const problems = text.includes('{{')
          ? [{ machine: 'sm1', line: 1, column: 3, message: 'undefined variable' }]
          : [];
        return { errors: [], machines: ['sm1'], problems, preview: machine === undefined ? null : text };
      },
      saveTemplate: async (path, text, version) => {
        calls.push(`save ${path} ${text} ${version}`);
        if (path !== TEMPLATE.path) return undefined;
        if (version !== 'v1') return { kind: 'changed-meanwhile', what: path };
        return { kind: 'cannot-write', file: path, reason: 'EACCES: permission denied' };
      },
    },
    mirrors: {
      list: () => [],
      scrub: async (action) => {
        calls.push(`scrub ${action}`);
        return { kind: 'done', text: 'the scrub is in progress' };
      },
      scrubView: () => ({
        ...beginScrub(firstScrub(NOW - HOUR), NOW - 1000),
        files: 20,
        bytes: 4000,
        nextAt: NOW + HOUR,
        pool: { files: 30, bytes: 6000 },
        aside: { files: 1, bytes: 200 },
        waiting: [{ mirror: 'm', reason: 'blackout', until: NOW + HOUR }],
      }),
      command: async (order) => {
        calls.push(`${order.kind} ${order.name}`);
        return { kind: 'unknown-mirror' };
      },
    },
    leases: { list: () => leases, release: change('release'), forget: change('forget') },
    machines: {
      list: () => rows,
      profiles: () => ['debian-12', 'rocky-9'],
      install: async (name, profile) => {
        calls.push(`install ${name} ${profile}`);
        const row = rows.find((candidate) => candidate.machine.name === name);
        if (!row) return { kind: 'unknown-machine' };
        const wanted = profile ?? row.machine.profile;
        if (wanted === undefined || !['debian-12', 'rocky-9'].includes(wanted)) {
          return { kind: 'unknown-profile', profile: wanted };
        }
        const grant = { token: SECRET_TOKEN, profile: wanted, via: 'command', grantedAt: NOW } as const;
        const operation = { kind: 'install', stage: 'granted', grant } as const;
        return { kind: 'done', row: { ...row, life: { machine: name, state: 'ready', onceUsed: true, operation } } };
      },
      render: async (name, options) => {
        calls.push(`render ${name} ${options.firmware} ${options.showSecrets}`);
        if (!rows.some((candidate) => candidate.machine.name === name)) return undefined;
        const decision = { kind: 'local', reason: 'no installation is granted' };
        return { machine: name, facts: [], decision, lastSeen: null, boots: [], installation: null };
      },
      cancel: act('cancel', 'no installation is in progress'),
      retire: act('retire', 'the machine is retired already'),
      unretire: act('unretire', 'the machine is not retired'),
      wake: async (name) => {
        calls.push(`wake ${name}`);
        const row = rows.find(({ machine }) => machine.name === name);
        if (!row) return { kind: 'unknown-machine' };
        if (name === 'sm2') return { kind: 'refused', reason: 'it is only observed', next: 'Switch it on by hand.' };
        const way = { network: 'management', interface: 'br0', to: ipv4('255.255.255.255'), packets: 3 };
        return { kind: 'sent', sent: row.machine.macs.map((one) => ({ mac: one, ...way })), skipped: [] };
      },
      isNamed: (wanted) => rows.some((row) => row.machine.macs.includes(wanted)),
      lifeOf: (name) => rows.find((row) => row.machine.name === name)?.life,
    },
  };
  return { ports, feed, calls };
}
