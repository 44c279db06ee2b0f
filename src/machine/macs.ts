import type { Mac } from '../net/mac.ts';
import type { MacRecord, MacStore } from './mac-record.ts';

/** The records of all Macs, in memory, each change written through; and what a Mac was sent that has yet to start. */
export interface Macs {
  get(mac: Mac): MacRecord | undefined;
  /**
   * Keeps a record. Nobody waits for it: what is lost with a power cut is learned again. `isKnown`: the configuration names
   * the address; such a record is always kept.
   */
  keep(record: MacRecord, isKnown: boolean): void;
  /** The Mac was told to load GRUB by this name. */
  sent(mac: Mac, bootFile: string): void;
  /** A transfer to the Mac ended. */
  transferred(mac: Mac, file: string): void;
  /** GRUB was heard from the Mac: what it loaded has started. Or nothing more is expected of it. */
  started(mac: Mac): void;
  /** The GRUB image that the Mac has loaded, and that was not heard of since. */
  loaded(mac: Mac): string | undefined;
}

/** Addresses are easily made up: of those that the configuration does not name, no more than this are kept. */
const MOST_UNKNOWN = 5_000;
const MOST_WAITING = 5_000;

/** Wires the records to their store. `loaded` is what `store.loadMacs()` gave. */
export function createMacs(loaded: readonly MacRecord[], store: Pick<MacStore, 'saveMac'>): Macs {
  const records = new Map(loaded.map((record) => [record.mac, record]));
  const waiting = new Map<Mac, { readonly bootFile: string; readonly isLoaded: boolean }>();
  return {
    get: (mac) => records.get(mac),
    keep(record, isKnown) {
      const before = records.get(record.mac);
      if (before === record || (before === undefined && !isKnown && records.size >= MOST_UNKNOWN)) return;
      records.set(record.mac, record);
      // The store tells by itself when it cannot write.
      store.saveMac(record).catch(() => undefined);
    },
    sent(mac, bootFile) {
      waiting.delete(mac);
      waiting.set(mac, { bootFile, isLoaded: false });
      if (waiting.size > MOST_WAITING) waiting.delete(waiting.keys().next().value as Mac);
    },
    transferred(mac, file) {
      const one = waiting.get(mac);
      if (one?.bootFile === file) waiting.set(mac, { bootFile: file, isLoaded: true });
    },
    started: (mac) => void waiting.delete(mac),
    loaded(mac) {
      const one = waiting.get(mac);
      return one?.isLoaded ? one.bootFile : undefined;
    },
  };
}
