/** Bytes of one read: large enough that reads are rare, small enough that a hundred transfers read ahead cheaply. */
export const CHUNK_BYTES = 256 * 1024;

interface Entry {
  /** The bytes, or the read that fetches them. */
  bytes: Buffer | Promise<Buffer>;
  sizeBytes: number;
}

/** File chunks that several transfers share: a hundred machines that load one kernel read it once. */
export class ChunkCache {
  readonly #limitBytes: number;
  /** In the order of use: the first is dropped first. */
  readonly #entries = new Map<string, Entry>();
  #heldBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** The chunk of that key; `read` is called at most once while the chunk is kept or on its way. */
  async get(key: string, read: () => Promise<Buffer>): Promise<Buffer> {
    const known = this.#entries.get(key);
    if (known) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known.bytes;
    }
    const entry: Entry = { bytes: read(), sizeBytes: 0 };
    this.#entries.set(key, entry);
    try {
      const bytes = await entry.bytes;
      this.#keep(key, entry, bytes);
      return bytes;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  #keep(key: string, entry: Entry, bytes: Buffer): void {
    if (this.#entries.get(key) !== entry) return;
    entry.bytes = bytes;
    entry.sizeBytes = bytes.length;
    this.#heldBytes += bytes.length;
    for (const [oldest, { sizeBytes }] of this.#entries) {
      if (this.#heldBytes <= this.#limitBytes) break;
      if (sizeBytes === 0) continue;
      this.#entries.delete(oldest);
      this.#heldBytes -= sizeBytes;
    }
  }
}
