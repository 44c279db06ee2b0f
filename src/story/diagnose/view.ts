import type { EventData, EventId, RecordedEvent } from '../../event/event.ts';
import type { Trace } from './trace.ts';

/** A recorded event whose id is known, and with it what its data holds. */
export type Heard<Id extends EventId> = Id extends EventId
  ? RecordedEvent & { readonly id: Id; readonly data: EventData<Id> }
  : never;

/** A file that the machine asked for: TFTP and HTTP alike. */
export interface Fetch {
  readonly event: RecordedEvent;
  readonly via: 'tftp' | 'http';
  /** As it was asked for. */
  readonly file: string;
  /** Its last part, in lower case. */
  readonly base: string;
  readonly kind:
    | 'start'
    | 'done'
    | 'probe'
    | 'closed'
    | 'aborted'
    | 'failed'
    | 'stalled'
    | 'missing'
    | 'expected-miss'
    | 'refused';
  /** Sent, or the whole file's with `start`. */
  readonly bytes: number;
  readonly userAgent: string;
}

/** A trace, sorted for rules. */
export interface View {
  readonly trace: Trace;
  readonly events: readonly RecordedEvent[];
  /** What this MAC did before, too. */
  readonly history: readonly RecordedEvent[];
  readonly now: number;
  readonly fetches: readonly Fetch[];
  /** What the machine itself did. */
  readonly deeds: readonly RecordedEvent[];
}

export function viewOf(trace: Trace): View {
  const { events, before = [], now } = trace;
  const history = before.length === 0 ? events : [...before, ...events];
  return { trace, events, history, now, fetches: fetchesIn(events), deeds: events.filter(isDoing) };
}

/** The events with one of these ids, in order. */
export function heard<Id extends EventId>(events: readonly RecordedEvent[], ...ids: readonly Id[]): Heard<Id>[] {
  const [first] = ids;
  // Most look for one, and there are many who look.
  const wanted = ids as readonly EventId[];
  const found =
    wanted.length === 1 ? events.filter(({ id }) => id === first) : events.filter(({ id }) => wanted.includes(id));
  return found as Heard<Id>[];
}

export function after(events: readonly RecordedEvent[], event: RecordedEvent): readonly RecordedEvent[] {
  return events.filter(({ seq }) => seq > event.seq);
}

/** Who sent a DISCOVER or took a lease: by the words of `client`. */
export type Sender = 'pxe' | 'http' | 'ipxe' | 'grub' | 'installer' | 'system' | 'mac' | 'unsupported';

export function senderOf(client: string): Sender {
  if (client.startsWith('PXE firmware')) return 'pxe';
  if (client.startsWith('HTTP boot')) return 'http';
  if (client.startsWith('iPXE')) return 'ipxe';
  if (client.startsWith('GRUB')) return 'grub';
  if (client.startsWith('installer')) return 'installer';
  if (client.startsWith('Mac')) return 'mac';
  if (client.startsWith('firmware of')) return 'unsupported';
  return 'system';
}

export function isFirmware(client: string): boolean {
  return ['pxe', 'http', 'ipxe', 'unsupported', 'mac'].includes(senderOf(client));
}

/** DISCOVERs of these senders. */
export function discovers(events: readonly RecordedEvent[], ...senders: readonly Sender[]): Heard<'dhcp.discover'>[] {
  return heard(events, 'dhcp.discover').filter(({ data }) => senders.includes(senderOf(data.client)));
}

/** ACKs to these senders. */
export function acks(events: readonly RecordedEvent[], ...senders: readonly Sender[]): Heard<'dhcp.ack'>[] {
  return heard(events, 'dhcp.ack').filter(({ data }) => senders.includes(senderOf(data.client)));
}

/** What the machine itself did; our own words and what is noise do not count. */
function isDoing({ id, data }: RecordedEvent): boolean {
  if (id === 'dhcp.discover' || id === 'dhcp.ack' || id === 'dhcp.chose-other' || id === 'boot.config') return true;
  if (id === 'tftp.not-found' || id === 'http.not-found') return data.expected !== true;
  return /^(tftp|http|answer|bsdp|installer)\.|^install\.(started|chosen|reported|failed|log|done)$/.test(id);
}

/**
 * Whether the machine did nothing more after an event: for so long, or until its firmware began from the start. A machine
 * that was switched off looks the same.
 */
export function isStuckAfter(view: View, event: RecordedEvent, ms: number): boolean {
  const next = view.deeds.find(({ seq }) => seq > event.seq);
  if (next === undefined) return view.now - event.time >= ms;
  return next.id === 'dhcp.discover' && isFirmware(String(next.data.client));
}

/** The newest thing that the machine did. */
export function lastDeed(view: View): RecordedEvent | undefined {
  return view.deeds.at(-1);
}

/** Whether a loader has its configuration, or anything later: what came before it has worked. */
export function hasConfig(view: View): boolean {
  return view.events.some(({ id }) => id === 'boot.config' || id.startsWith('answer.') || id.startsWith('installer.'));
}

/** The installer runs: what loaded it has worked. Of a long attempt the middle is not kept, but its stages are. */
export function hasInstaller({ events, trace: { attempt } }: View): boolean {
  return (
    attempt.stages.some(({ name }) => name === 'installer' || name === 'system') ||
    discovers(events, 'installer').length > 0 ||
    events.some(({ id }) => /^(answer\.|installer\.|install\.(started|chosen|reported|done))/.test(id))
  );
}

/** Whether the iPXE that asks cannot load from such a URL. */
export function lacksItsScheme({ events }: View, bootFile: string): boolean {
  const loads = discovers(events, 'ipxe').at(-1)?.data.loads;
  const scheme = /^(https?):/.exec(bootFile)?.[1];
  return loads !== undefined && scheme !== undefined && !loads.includes(scheme);
}

export function basename(file: string): string {
  return file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1).toLowerCase();
}

/** A build of iPXE that firmware loads. */
export function isIpxeProgram({ base }: Fetch): boolean {
  return /^(ipxe|undionly|snponly|snp|intel)\b.*\.(efi|kpxe|kkpxe|pxe)$/.test(base);
}

/** Two names of one file: TFTP's have no leading slash. */
export function sameFile(one: string, other: string): boolean {
  const plain = (name: string) => name.replace(/^(?:tftp|https?):\/\/[^/]*/i, '').replace(/^\/+/, '');
  return plain(one) === plain(other);
}

const KINDS: Readonly<Partial<Record<EventId, Fetch['kind']>>> = {
  'tftp.start': 'start',
  'tftp.done': 'done',
  'tftp.probe': 'probe',
  'tftp.closed': 'closed',
  'tftp.aborted': 'aborted',
  'tftp.failed': 'failed',
  'tftp.stalled': 'stalled',
  'tftp.not-found': 'missing',
  'tftp.refused': 'refused',
  'http.start': 'start',
  'http.done': 'done',
  'http.closed': 'closed',
  'http.aborted': 'aborted',
  'http.failed': 'failed',
  'http.not-found': 'missing',
  'http.refused': 'refused',
};

function fetchesIn(events: readonly RecordedEvent[]): Fetch[] {
  return events.flatMap((event) => {
    const kind = KINDS[event.id];
    if (kind === undefined) return [];
    const { file, path, bytes, expected, userAgent, method } = event.data;
    // The size alone was asked for.
    if (method === 'HEAD') return [];
    const name = String(file ?? path ?? '');
    return [
      {
        event,
        via: event.id.startsWith('tftp.') ? ('tftp' as const) : ('http' as const),
        file: name,
        base: basename(name),
        kind: kind === 'missing' && expected === true ? 'expected-miss' : kind,
        bytes: typeof bytes === 'number' ? bytes : 0,
        userAgent: typeof userAgent === 'string' ? userAgent : '',
      },
    ];
  });
}
