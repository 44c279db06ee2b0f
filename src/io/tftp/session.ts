import { errorText } from '../../serve/tftp/error-text.ts';
import type { Negotiated } from '../../serve/tftp/negotiate.ts';
import {
  openTransfer,
  type Rollover,
  step,
  type TransferAction,
  type TransferEvent,
  type TransferOutcome,
  type TransferState,
  wireBlock,
} from '../../serve/tftp/transfer.ts';
import { DecodeError } from '../../wire/decode-error.ts';
import { decodePacket, encodeError, encodeOack, errorCodes, opcodes } from '../../wire/tftp/packet.ts';
import { type ByteSource, SourceError } from './byte-source.ts';
import type { TransferSocket } from './transfer-ports.ts';

/** How a session ended, for events and counters. */
export type SessionEnd = TransferOutcome | { readonly kind: 'failed'; readonly reason: string };

export interface SessionOptions {
  /** Opens the server's end; what the client sends there goes to `onPacket`. */
  readonly openSocket: (onPacket: (bytes: Buffer) => void) => TransferSocket;
  readonly source: ByteSource;
  readonly negotiated: Negotiated;
  readonly rollover: Rollover;
  /** How much of the file's beginning is kept for `head`. */
  readonly headBytes: number;
  /** The client wants the data. */
  readonly onStart: () => void;
  /** The first block did not arrive. */
  readonly onDistrust: () => void;
  /** It asked, and has answered nothing that it was sent. */
  readonly onUnheard: () => void;
  /** Called once; the socket is closed by then, the source about to be. */
  readonly onEnd: (end: SessionEnd) => void;
  readonly onMalformed: () => void;
}

/** One transfer: carries out what step() decides. */
export class TransferSession {
  readonly #options: SessionOptions;
  #state: TransferState;
  readonly #openedMs = performance.now();
  readonly #socket: TransferSocket;
  /** Blocks to send: from #next to #last. */
  #next = 1;
  #last = 0;
  #highest = 0;
  #isReading = false;
  #retransmits = 0;
  #head: Buffer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = 0;
  #deadlineMs = 0;

  constructor(options: SessionOptions) {
    const { negotiated, source } = options;
    const lastBlock = Math.floor(source.sizeBytes / negotiated.blockSize) + 1;
    this.#options = options;
    this.#state = openTransfer({
      lastBlock,
      window: negotiated.window,
      rollover: options.rollover,
      hasOack: negotiated.accepted.size > 0,
      asksSize: negotiated.asksSize,
      timeoutSeconds: negotiated.timeoutSeconds,
    });
    this.#socket = options.openSocket((bytes) => this.#onPacket(bytes));
  }

  get ageMs(): number {
    return performance.now() - this.#openedMs;
  }
  get retransmits(): number {
    return this.#retransmits;
  }
  /** The beginning of the file, once it was sent. */
  get head(): Buffer | undefined {
    return this.#head;
  }
  /** The client has acknowledged anything: it has our answer. */
  get isHeard(): boolean {
    return this.#state.isHeard;
  }
  get sizeBytes(): number {
    return this.#options.source.sizeBytes;
  }
  /** Bytes that the client has acknowledged. */
  get ackedBytes(): number {
    return Math.min(this.#state.acked * this.#options.negotiated.blockSize, this.#options.source.sizeBytes);
  }

  /** Feeds an event that did not come through the transfer's own socket. */
  tell(event: TransferEvent): void {
    const { state, actions } = step(this.#state, event);
    this.#state = state;
    for (const action of actions) this.#perform(action);
  }

  /** Ends the transfer from our side: the client gets an ERROR with the reason. */
  fail(reason: string): void {
    if (this.#state.phase === 'ended') return;
    this.#state = { ...this.#state, phase: 'ended' };
    this.#send(encodeError(errorCodes.undefined, errorText(reason)));
    this.#finish({ kind: 'failed', reason });
  }

  #onPacket(bytes: Buffer): void {
    // Nearly all that comes here: no packet object for it.
    if (bytes.length === 4 && bytes[0] === 0 && bytes[1] === opcodes.ack) {
      this.tell({ kind: 'ack', block: ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0) });
      return;
    }
    try {
      const packet = decodePacket(bytes);
      if (packet.op === 'ack') this.tell({ kind: 'ack', block: packet.block });
      else if (packet.op === 'error') this.tell({ kind: 'error', code: packet.code, message: packet.message });
      else this.#options.onMalformed();
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#options.onMalformed();
    }
  }

  #perform(action: TransferAction): void {
    switch (action.kind) {
      case 'send-blocks':
        this.#next = action.first;
        this.#last = action.last;
        this.#pump();
        return;
      case 'arm-timer':
        this.#arm(action.ms);
        return;
      case 'send-oack':
        this.#send(encodeOack(this.#options.negotiated.accepted));
        return;
      case 'started':
        this.#options.onStart();
        return;
      case 'distrust-block-size':
        this.#options.onDistrust();
        return;
      case 'unheard':
        this.#options.onUnheard();
        return;
      case 'end':
        this.#finish(action.outcome);
    }
  }

  #pump(): void {
    while (this.#next <= this.#last && !this.#isReading) {
      const block = this.#next;
      if (!this.#sendBlock(block)) {
        void this.#read(block);
        return;
      }
      if (block <= this.#highest) this.#retransmits++;
      else this.#highest = block;
      this.#next = block + 1;
    }
  }

  /** false: its bytes are not in memory yet. */
  #sendBlock(block: number): boolean {
    const { source, rollover, headBytes } = this.#options;
    const { blockSize } = this.#options.negotiated;
    const offset = (block - 1) * blockSize;
    const length = Math.min(blockSize, source.sizeBytes - offset);
    const packet = this.#socket.reserve(4 + length);
    // Lost before it was sent: the timer sends it again.
    if (!packet) return true;
    if (!source.copyInto(packet, 4, offset, length)) return false;
    if (block === 1 && headBytes > 0) this.#head ??= Buffer.from(packet.subarray(4, 4 + Math.min(length, headBytes)));
    const wire = wireBlock(block, rollover);
    packet[0] = 0;
    packet[1] = opcodes.data;
    packet[2] = wire >>> 8;
    packet[3] = wire & 255;
    this.#socket.send();
    return true;
  }

  async #read(block: number): Promise<void> {
    const { source, negotiated } = this.#options;
    const offset = (block - 1) * negotiated.blockSize;
    this.#isReading = true;
    try {
      await source.prepare(offset, Math.min(negotiated.blockSize, source.sizeBytes - offset));
    } catch (error) {
      this.fail(error instanceof SourceError ? error.message : 'the file cannot be read');
      return;
    } finally {
      this.#isReading = false;
    }
    if (this.#state.phase !== 'ended') this.#pump();
  }

  #send(packet: Uint8Array): void {
    const room = this.#socket.reserve(packet.length);
    if (!room) return;
    room.set(packet);
    this.#socket.send();
  }

  /** Moves the deadline; the timer itself is touched only when it would fire too late. */
  #arm(ms: number): void {
    const now = performance.now();
    this.#deadlineMs = now + ms;
    if (this.#timer && this.#timerAtMs <= this.#deadlineMs) return;
    this.#setTimer(now, ms);
  }

  #setTimer(now: number, ms: number): void {
    clearTimeout(this.#timer);
    this.#timerAtMs = now + ms;
    this.#timer = setTimeout(() => this.#onTimer(), ms);
  }

  #onTimer(): void {
    this.#timer = undefined;
    const now = performance.now();
    const left = this.#deadlineMs - now;
    if (left > 1) this.#setTimer(now, left);
    else this.tell({ kind: 'timeout' });
  }

  #finish(end: SessionEnd): void {
    clearTimeout(this.#timer);
    this.#next = this.#last + 1;
    this.#socket.close();
    void this.#options.source.close();
    this.#options.onEnd(end);
  }
}
