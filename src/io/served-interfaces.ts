import type { Emit } from '../event/event.ts';
import { ProvisionError } from '../net/provision-error.ts';
import { type InterfaceChange, watchInterfaces } from './interfaces.ts';

export interface Service {
  close(): Promise<void>;
}

/** Keeps one service open on each interface that is there. */
export interface ServedInterfaces {
  /** The service of an interface, while it is open. */
  get(name: string): Service | undefined;
  close(): Promise<void>;
}

export interface ServedInterfacesOptions {
  readonly names: readonly string[];
  /** Opens the service of one interface, or throws and leaves nothing open. */
  readonly open: (name: string) => Promise<Service>;
  /** "DHCP, TFTP and HTTP", for messages. */
  readonly what: string;
  readonly emit: Emit;
  readonly retryMs?: number | undefined;
}

interface Slot {
  service: Service | undefined;
  /** The last failure that was told; the same one is not told again at every try. */
  told: string | undefined;
  isThere: boolean;
  /** Steps of one interface wait for each other. */
  last: Promise<void>;
}

/**
 * Opens the service on every named interface. One that cannot be opened is told and tried again; one that goes away is
 * closed and opened when it comes back. Resolves after the first try of all.
 */
export async function openServedInterfaces(options: ServedInterfacesOptions): Promise<ServedInterfaces> {
  const slots = new Map<string, Slot>();
  for (const name of options.names)
    slots.set(name, { service: undefined, told: undefined, isThere: true, last: Promise.resolve() });
  let isClosed = false;

  const enqueue = (name: string, step: (slot: Slot) => Promise<void>): Promise<void> => {
    const slot = slots.get(name);
    if (slot === undefined) return Promise.resolve();
    slot.last = slot.last.then(() => step(slot));
    return slot.last;
  };
  const tryToOpen = (name: string) =>
    enqueue(name, async (slot) => {
      if (isClosed || slot.service || !slot.isThere) return;
      try {
        slot.service = await options.open(name);
        slot.told = undefined;
      } catch (error) {
        tellFailure(options, name, slot, error);
      }
    });
  const shut = (name: string) =>
    enqueue(name, async (slot) => {
      const { service } = slot;
      slot.service = undefined;
      await service?.close();
    });

  const onChange = (change: InterfaceChange) => {
    const slot = slots.get(change.name);
    if (slot === undefined || isClosed) return;
    if (change.kind === 'gone') {
      slot.isThere = false;
      options.emit('interface.gone', {}, { name: change.name });
      void shut(change.name);
      return;
    }
    if (change.kind === 'back' || change.kind === 're-created') {
      slot.isThere = true;
      options.emit('interface.back', {}, { name: change.name });
      // Sockets are tied to the old interface's index and deaf by now.
      void shut(change.name);
    }
    void tryToOpen(change.name);
  };

  const watch = await watchInterfaces(options.names, onChange);
  const closeAll = async () => {
    isClosed = true;
    watch.close();
    await Promise.allSettled(options.names.map(shut));
  };
  try {
    await Promise.all(options.names.map(tryToOpen));
  } catch (error) {
    await closeAll();
    throw error;
  }
  const timer = setInterval(() => {
    for (const name of options.names) void tryToOpen(name);
  }, options.retryMs ?? 5_000);
  return {
    get: (name) => slots.get(name)?.service,
    close: async () => {
      clearInterval(timer);
      await closeAll();
    },
  };
}

function tellFailure(options: ServedInterfacesOptions, name: string, slot: Slot, error: unknown): void {
  if (!(error instanceof ProvisionError)) throw error;
  if (slot.told === error.message) return;
  slot.told = error.message;
  options.emit(
    'server.cannot-listen',
    {},
    { what: options.what, where: name, reason: error.message, next: error.hint },
  );
}
