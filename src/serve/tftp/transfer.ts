/**
 * One read transfer as a state machine (RFC 1350, 2347, 7440). Blocks are numbered from 1 to `lastBlock` without
 * roll-over here; wireBlock() gives the 16-bit number that travels. Timers, sockets and file reads are the caller's:
 * it feeds events and carries out actions, in order.
 */

export type Rollover = 0 | 1;

export interface TransferPlan {
  /** floor(bytes / block size) + 1: the last block is short, and empty after an exact multiple. */
  readonly lastBlock: number;
  /** Blocks sent before an acknowledgement is waited for. */
  readonly window: number;
  /** The block number after 65535: 0 almost everywhere, 1 for a few clients. */
  readonly rollover: Rollover;
  /** An OACK is the first answer. */
  readonly hasOack: boolean;
  /** The client asked for the size: firmware does so and breaks off. */
  readonly asksSize: boolean;
  /** The client's own retransmission time (RFC 2349). */
  readonly timeoutSeconds: number | undefined;
}

export interface TransferState {
  readonly phase: 'oack' | 'data' | 'ended';
  readonly plan: TransferPlan;
  /** The highest block that the client has acknowledged; 0 before the first. */
  readonly acked: number;
  /** The highest block that was sent. */
  readonly sent: number;
  /** Any acknowledgement came. */
  readonly isHeard: boolean;
  /** The acknowledgement that a window was already sent again for. */
  readonly resentAfter: number | undefined;
  /** What stands after `acked` was sent a second time as a whole: the client may answer its second copies, too. */
  readonly isDoubled: boolean;
  /** Timeouts in a row. */
  readonly timeouts: number;
  /** What the armed timer will have waited. */
  readonly armedMs: number;
  /** Time without progress. */
  readonly silentMs: number;
  /** Another request of the same client for the same file came meanwhile. */
  readonly isSuperseded: boolean;
}

export type TransferEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'ack'; readonly block: number }
  | { readonly kind: 'error'; readonly code: number; readonly message: string }
  /** The same request once more, from the same port. */
  | { readonly kind: 'request-again' }
  /** The same file was asked for from another port of the same address. */
  | { readonly kind: 'superseded' }
  /** The client's port now asks for something else, or for the same from the start. */
  | { readonly kind: 'replaced' }
  | { readonly kind: 'timeout' };

export type TransferOutcome =
  | { readonly kind: 'done'; readonly finalAck: boolean }
  /** It wanted the size only. */
  | { readonly kind: 'probe' }
  | { readonly kind: 'aborted'; readonly code: number; readonly reason: string }
  | { readonly kind: 'stalled'; readonly seconds: number; readonly hint: 'unreachable' | 'too-large' | 'silent' };

export type TransferAction =
  | { readonly kind: 'send-oack' }
  /** Send the blocks `first` to `last`. Replaces an earlier one that is not finished. */
  | { readonly kind: 'send-blocks'; readonly first: number; readonly last: number }
  | { readonly kind: 'arm-timer'; readonly ms: number }
  /** The client wants the data: what came before might have been a size probe. */
  | { readonly kind: 'started' }
  /** The first block does not get through: this client's next request gets smaller ones. */
  | { readonly kind: 'distrust-block-size' }
  /** It asked, and nothing that it was sent was ever answered. */
  | { readonly kind: 'unheard' }
  | { readonly kind: 'end'; readonly outcome: TransferOutcome };

export interface Step {
  readonly state: TransferState;
  readonly actions: readonly TransferAction[];
}

const FIRST_TIMEOUT_MS = 1000;
const LONGEST_TIMEOUT_MS = 8000;
/** GRUB stops acknowledging while 50 packets wait for it (slow screen, decompression), so patience is long. */
const PATIENCE_MS = 60_000;
const LEAST_TIMEOUTS = 3;
/** How often the end of a file is sent before its missing acknowledgement is taken for granted. */
const FINAL_TIMEOUTS = 4;
/** Timeouts in the OACK phase after which a superseded request counts as a size probe. */
const PROBE_TIMEOUTS = 4;
/** Lost first blocks before their size is blamed, lost first answers before that is worth a word. */
const DISTRUST_TIMEOUTS = 3;

export function openTransfer(plan: TransferPlan): TransferState {
  return {
    phase: plan.hasOack ? 'oack' : 'data',
    plan,
    acked: 0,
    sent: 0,
    isHeard: false,
    resentAfter: undefined,
    isDoubled: false,
    timeouts: 0,
    armedMs: 0,
    silentMs: 0,
    isSuperseded: false,
  };
}

/** The 16-bit number of a block. */
export function wireBlock(block: number, rollover: Rollover): number {
  if (block <= 65535) return block;
  return rollover === 0 ? block % 65536 : ((block - 1) % 65535) + 1;
}

/** Never throws; an event that means nothing here changes nothing. */
export function step(state: TransferState, event: TransferEvent): Step {
  if (state.phase === 'ended') return { state, actions: [] };
  switch (event.kind) {
    case 'ack':
      return onAck(state, event.block);
    case 'timeout':
      return onTimeout(state);
    case 'start':
      return onStart(state);
    case 'error':
      return onError(state, event);
    case 'request-again':
      return onRequestAgain(state);
    case 'superseded':
      return { state: { ...state, isSuperseded: true }, actions: [] };
    case 'replaced':
      return onReplaced(state);
  }
}

function onStart(state: TransferState): Step {
  if (state.phase === 'oack') return arm(state, [{ kind: 'send-oack' }]);
  return sendWindow(state, [{ kind: 'started' }]);
}

function onAck(state: TransferState, wire: number): Step {
  if (state.phase === 'oack') {
    if (wire !== 0) return { state, actions: [] };
    return sendWindow({ ...progressed(state), phase: 'data' }, [{ kind: 'started' }]);
  }
  const block = blockOf(state, wire);
  if (block === undefined) return { state, actions: [] };
  if (block === state.plan.lastBlock) return end(state, { kind: 'done', finalAck: true });
  if (block > state.acked) {
    const isAnswered = block < state.sent || state.isDoubled;
    return sendWindow({ ...progressed(state), acked: block, resentAfter: isAnswered ? block : undefined });
  }
  return onAckAgain(state);
}

/**
 * The acknowledgement that was there before. In lock-step it never sends anything (Sorcerer's Apprentice, RFC 1123
 * section 4.2.3.1). In a window it says that the first block of it is missing (RFC 7440 section 4): once is enough. But
 * clients say it for each block that they have already, too (EDK2, read in its source), so it is not believed behind a window
 * that was sent twice: each window would be sent twice from there to the end of the file. The timer finds what is lost there.
 */
function onAckAgain(state: TransferState): Step {
  if (state.plan.window === 1 || state.resentAfter === state.acked) return { state, actions: [] };
  if (state.acked === 0 && !state.plan.hasOack) return { state, actions: [] };
  return sendWindow({ ...state, resentAfter: state.acked, isDoubled: true });
}

function onTimeout(state: TransferState): Step {
  const waited = { ...state, timeouts: state.timeouts + 1, silentMs: state.silentMs + state.armedMs };
  if (state.phase === 'oack') {
    if (state.isSuperseded && waited.timeouts >= PROBE_TIMEOUTS) return end(waited, { kind: 'probe' });
    if (isOutOfPatience(waited)) return stalled(waited);
    const isUnheard = !state.isSuperseded && waited.timeouts === DISTRUST_TIMEOUTS;
    return arm(waited, [{ kind: 'send-oack' }, ...(isUnheard ? ([{ kind: 'unheard' }] as const) : [])]);
  }
  if (isNearEnd(waited) && waited.timeouts >= FINAL_TIMEOUTS) return end(waited, { kind: 'done', finalAck: false });
  if (isOutOfPatience(waited)) return stalled(waited);
  const blamed = waited.acked === 0 && waited.timeouts === DISTRUST_TIMEOUTS;
  return sendWindow(
    { ...waited, resentAfter: undefined, isDoubled: true },
    blamed ? [{ kind: 'distrust-block-size' }] : [],
  );
}

/** An ERROR ends the transfer and is never answered: an answer made Intel's PXE-2.1 ROM hang (pin/tftp, ptftpd#5). */
function onError(state: TransferState, error: { readonly code: number; readonly message: string }): Step {
  if (state.phase === 'oack' && state.plan.asksSize) return end(state, { kind: 'probe' });
  return end(state, { kind: 'aborted', code: error.code, reason: error.message });
}

function onRequestAgain(state: TransferState): Step {
  if (state.phase === 'oack') return { state, actions: [{ kind: 'send-oack' }] };
  if (state.acked > 0 || state.isHeard) return { state, actions: [] };
  return sendWindow(state);
}

function onReplaced(state: TransferState): Step {
  if (state.phase === 'oack') return end(state, { kind: 'probe' });
  if (isNearEnd(state)) return end(state, { kind: 'done', finalAck: false });
  const { state: ended, actions } = end(state, { kind: 'aborted', code: 0, reason: 'the client began again' });
  // A ROM that gets no first block asks again before the timer has lost its trust.
  const isBlamed = state.isHeard && state.acked === 0 && state.timeouts > 0;
  return { state: ended, actions: isBlamed ? [{ kind: 'distrust-block-size' }, ...actions] : actions };
}

/** Sends what the window holds after the last acknowledged block. */
function sendWindow(state: TransferState, before: readonly TransferAction[] = []): Step {
  const first = state.acked + 1;
  const last = Math.min(state.acked + state.plan.window, state.plan.lastBlock);
  const send: TransferAction = { kind: 'send-blocks', first, last };
  return arm({ ...state, sent: Math.max(state.sent, last) }, [...before, send]);
}

function arm(state: TransferState, before: readonly TransferAction[]): Step {
  const { timeoutSeconds } = state.plan;
  const doubled = Math.min(FIRST_TIMEOUT_MS * 2 ** state.timeouts, LONGEST_TIMEOUT_MS);
  const ms = timeoutSeconds === undefined ? doubled : timeoutSeconds * 1000;
  return { state: { ...state, armedMs: ms }, actions: [...before, { kind: 'arm-timer', ms }] };
}

function end(state: TransferState, outcome: TransferOutcome): Step {
  return { state: { ...state, phase: 'ended' }, actions: [{ kind: 'end', outcome }] };
}

function stalled(state: TransferState): Step {
  const hint = !state.isHeard && state.phase === 'oack' ? 'unreachable' : state.acked === 0 ? 'too-large' : 'silent';
  return end(state, { kind: 'stalled', seconds: Math.round(state.silentMs / 1000), hint });
}

function progressed(state: TransferState): TransferState {
  return { ...state, isHeard: true, timeouts: 0, silentMs: 0, isDoubled: false };
}

/** The outstanding or last acknowledged block that a 16-bit number means; undefined for old and foreign ones. */
function blockOf(state: TransferState, wire: number): number | undefined {
  for (let block = state.acked; block <= state.sent; block++) {
    if (wireBlock(block, state.plan.rollover) === wire) return block;
  }
  return undefined;
}

/** Everything was sent and only the last window is not acknowledged: loaders jump without that. */
function isNearEnd(state: TransferState): boolean {
  const { lastBlock } = state.plan;
  return state.isHeard && state.sent === lastBlock && (state.acked > 0 || lastBlock === 1);
}

function isOutOfPatience(state: TransferState): boolean {
  return state.silentMs >= PATIENCE_MS && state.timeouts >= LEAST_TIMEOUTS;
}
