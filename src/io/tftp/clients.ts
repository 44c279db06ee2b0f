import { smallerCap } from '../../serve/tftp/negotiate.ts';
import type { TransferSession } from './session.ts';

/** One request and the transfer that it became. */
export interface Slot {
  readonly address: string;
  readonly port: number;
  readonly name: string;
  /** Undefined while the file is being opened. */
  session: TransferSession | undefined;
  /** The client asks for something else by now. */
  isCancelled: boolean;
}

/** Clients that are remembered for their block size; the oldest is forgotten first. */
const MOST_CAPS = 4096;

/** Who is being served, and which clients cannot take large blocks. */
export class Clients {
  readonly #byPort = new Map<string, Slot>();
  readonly #byAddress = new Map<string, Set<Slot>>();
  readonly #caps = new Map<string, number>();

  get total(): number {
    return this.#byPort.size;
  }
  all(): Slot[] {
    return [...this.#byPort.values()];
  }
  at(address: string, port: number): Slot | undefined {
    return this.#byPort.get(`${address}:${port}`);
  }
  of(address: string): ReadonlySet<Slot> {
    return this.#byAddress.get(address) ?? new Set();
  }

  add(slot: Slot): void {
    this.#byPort.set(`${slot.address}:${slot.port}`, slot);
    const others = this.#byAddress.get(slot.address);
    if (others) others.add(slot);
    else this.#byAddress.set(slot.address, new Set([slot]));
  }

  remove(slot: Slot): void {
    const key = `${slot.address}:${slot.port}`;
    if (this.#byPort.get(key) === slot) this.#byPort.delete(key);
    const others = this.#byAddress.get(slot.address);
    others?.delete(slot);
    if (others?.size === 0) this.#byAddress.delete(slot.address);
  }

  capOf(address: string): number | undefined {
    return this.#caps.get(address);
  }
  /** A first block of that size did not arrive at this client. */
  distrust(address: string, blockSize: number): void {
    this.#caps.delete(address);
    this.#caps.set(address, smallerCap(blockSize));
    const [oldest] = this.#caps.keys();
    if (this.#caps.size > MOST_CAPS && oldest !== undefined) this.#caps.delete(oldest);
  }
}
