import { BLOCK_CAP_MS, smallerCap } from '../../serve/tftp/negotiate.ts';
import type { TransferSession } from './session.ts';

/** One request and the transfer that it became. */
export interface Slot {
  readonly address: string;
  readonly port: number;
  readonly name: string;
  /** Bytes were cut off the end of the name that was asked for. */
  readonly isTrimmed: boolean;
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
  readonly #caps = new Map<string, { readonly bytes: number; readonly untilMs: number }>();

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

  /** `client`: its MAC, or its address where that is not known. Times are of a clock that does not jump. */
  capOf(client: string, nowMs: number): number | undefined {
    const cap = this.#caps.get(client);
    if (cap === undefined || nowMs < cap.untilMs) return cap?.bytes;
    // The path may have been repaired: large blocks are tried again.
    this.#caps.delete(client);
    return undefined;
  }
  /** A first block of that size did not arrive at this client. Returns what it gets from now on. */
  distrust(client: string, blockSize: number, nowMs: number): number {
    const bytes = smallerCap(blockSize);
    this.#caps.delete(client);
    this.#caps.set(client, { bytes, untilMs: nowMs + BLOCK_CAP_MS });
    const [oldest] = this.#caps.keys();
    if (this.#caps.size > MOST_CAPS && oldest !== undefined) this.#caps.delete(oldest);
    return bytes;
  }
}
