/** An event of the server as `rackready up --json` prints it: one JSON object a line. */
export interface ServerEvent {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly id: string;
  /** debug, info, warning or error. */
  readonly level?: string;
  readonly mac?: string;
  readonly machine?: string;
  readonly address?: string;
  readonly text: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** Reads one line of `rackready up --json`; undefined for anything else. */
export function parseServerEvent(line: string): ServerEvent | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(line) as Partial<ServerEvent>;
    if (typeof value.id !== 'string' || typeof value.time !== 'number') return undefined;
    return { ...value, id: value.id, time: value.time, text: value.text ?? '' };
  } catch {
    // A line of a program that the server started may look like an object.
    return undefined;
  }
}

/**
 * Tells which events are about one machine; give it all events in order. `mac` finds a machine that the configuration does not
 * name. TFTP may know only the address that asked: it is the machine's once the machine was acknowledged it.
 */
export function createSubjectFilter(name: string, mac?: string): (event: ServerEvent) => boolean {
  const addresses = new Set<string>();
  return (event) => {
    if (event.machine !== undefined || (mac !== undefined && event.mac !== undefined)) {
      const isOurs = event.machine === undefined ? event.mac === mac : event.machine === name;
      if (isOurs && event.id === 'dhcp.ack' && typeof event.data?.address === 'string')
        addresses.add(event.data.address);
      return isOurs;
    }
    return event.address !== undefined && addresses.has(event.address);
  };
}

/** A step between power-on and the installer's answer file. */
export interface Milestone {
  readonly name: string;
  readonly isReached: (event: ServerEvent) => boolean;
}

const isTransfer = ({ id }: ServerEvent): boolean => /^(tftp|http)\.(start|done)$/.test(id);

/** Whether the event says that a file whose name matches was sent in full. */
function isSent(event: ServerEvent, name: RegExp): boolean {
  if (event.id !== 'tftp.done' && event.id !== 'http.done') return false;
  if (event.data?.method !== undefined && event.data.method !== 'GET') return false;
  const path = event.data?.file ?? event.data?.path;
  return typeof path === 'string' && name.test(path.split('/').at(-1) ?? '');
}

/** The steps of a network installation up to the answer file, in the order in which they happen. */
const bootMilestones: readonly Milestone[] = [
  { name: 'asks for an address', isReached: ({ id }) => id === 'dhcp.discover' },
  { name: 'is offered one', isReached: ({ id }) => id === 'dhcp.offer' },
  { name: 'has its address', isReached: ({ id }) => id === 'dhcp.ack' },
  { name: 'loads its boot loader', isReached: (event) => isTransfer(event) || event.id === 'boot.config' },
  { name: 'is told to install', isReached: ({ id, data }) => id === 'boot.config' && data?.decision === 'install' },
  { name: 'has the kernel', isReached: (event) => isSent(event, /linux|vmlinuz|kernel/) },
  { name: 'has the initrd', isReached: (event) => isSent(event, /initrd/) },
  { name: 'installer has its address', isReached: ({ id }) => id === 'dhcp.ack' },
  { name: 'installer fetched its answers', isReached: ({ id }) => id === 'answer.fetched' },
];

/** The same, and on to the installed system that answers. */
export const installMilestones: readonly Milestone[] = [
  ...bootMilestones,
  { name: 'installer begins', isReached: ({ id }) => id === 'install.started' },
  { name: 'has chosen the disk', isReached: ({ id }) => id === 'install.chosen' },
  { name: 'installer reports success', isReached: ({ id }) => id === 'install.reported' },
  { name: 'its own system answers', isReached: ({ id }) => id === 'install.done' },
];

/** When a milestone was reached, and by which event. */
export interface Reached {
  readonly name: string;
  readonly event: ServerEvent;
}

/** Follows one machine: give it the machine's events in order. */
export interface Progress {
  readonly reached: readonly Reached[];
  readonly isComplete: boolean;
  /** Name of the milestone that comes next. */
  readonly next: string | undefined;
  /** Returns the milestones that this event reached; one event may be two (a script is loader and configuration). */
  take(event: ServerEvent): readonly Reached[];
}

export function followMilestones(milestones: readonly Milestone[] = bootMilestones): Progress {
  const reached: Reached[] = [];
  return {
    reached,
    get isComplete() {
      return reached.length === milestones.length;
    },
    get next() {
      return milestones[reached.length]?.name;
    },
    take(event) {
      const before = reached.length;
      for (;;) {
        const milestone = milestones[reached.length];
        if (!milestone?.isReached(event)) return reached.slice(before);
        reached.push({ name: milestone.name, event });
        // Only the boot loader's first file may also be its configuration: every other step needs an event of its own.
        if (milestone.name !== 'loads its boot loader') return reached.slice(before);
      }
    },
  };
}
