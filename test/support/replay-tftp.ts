import type { Emit, Subject } from '../../src/event/event.ts';
import { emitEnd } from '../../src/io/tftp/ending.ts';
import { ipv4 } from '../../src/net/ipv4.ts';
import { normalizeFileName } from '../../src/serve/tftp/file-name.ts';
import { type Negotiated, negotiate, smallerCap } from '../../src/serve/tftp/negotiate.ts';
import { openTransfer, step, type TransferEvent, type TransferState } from '../../src/serve/tftp/transfer.ts';
import { decodePacket } from '../../src/wire/tftp/packet.ts';
import type { Rack } from '../boot-rack.ts';
import { type Conditions, OURS, type Packet } from './capture.ts';

/** A transfer of which only the beginning was recorded. */
const USUAL_MS = 40;

interface Slot {
  readonly file: string;
  readonly subject: Subject;
  readonly negotiated: Negotiated;
  readonly sizeBytes: number;
  readonly isTrimmed: boolean;
  readonly startedAt: number;
  state: TransferState;
  timerAt: number;
  retransmits: number;
}

interface TftpParts {
  readonly rack: Rack;
  readonly record: Emit;
  readonly hasAcks: boolean;
  readonly conditions: Conditions;
  readonly sizeOf: (path: string, name: string) => number;
  readonly clock: () => number;
}

/** The resolver's answers and the transfer's state machine; only sockets and files are left out. */
export function openTftp({ rack, record, hasAcks, conditions, sizeOf: sizeAt, clock }: TftpParts) {
  const slots = new Map<string, Slot>();
  const caps = new Map<string, number>();
  const perform = (key: string, slot: Slot, event: TransferEvent): void => {
    const { state, actions } = step(slot.state, event);
    slot.state = state;
    for (const action of actions) {
      const { file, subject, negotiated, sizeBytes } = slot;
      const { blockSize, window } = negotiated;
      if (action.kind === 'started') {
        const data = { file, bytes: sizeBytes, blockSize, window };
        record('tftp.start', subject, slot.isTrimmed ? { ...data, trimmed: true } : data);
      } else if (action.kind === 'arm-timer') {
        slot.timerAt = clock() + action.ms;
      } else if (action.kind === 'send-blocks' && event.kind === 'timeout') {
        slot.retransmits++;
      } else if (action.kind === 'distrust-block-size' && blockSize > 512) {
        caps.set(subject.address ?? '', smallerCap(blockSize));
        record('tftp.smaller-blocks', subject, { file, blockSize, next: smallerCap(blockSize) });
      } else if (action.kind === 'unheard') {
        record('tftp.unanswered', subject, { file, port: Number(key.split(':')[1]) });
      } else if (action.kind === 'end') {
        slots.delete(key);
        finish(slot, action.outcome);
      }
    }
  };
  const finish = (slot: Slot, outcome: Parameters<typeof emitEnd>[3]) => {
    const { file, subject, negotiated, sizeBytes, retransmits } = slot;
    const { blockSize, window } = negotiated;
    const ackedBytes = Math.min(slot.state.acked * blockSize, sizeBytes);
    const ms = clock() - slot.startedAt;
    const tell: Emit = (id, about, data) => {
      const runsOn = conditions.runsOn?.[file];
      const signed = conditions.unsigned?.includes(file) ? { signed: false } : {};
      record(id, about, id === 'tftp.done' ? { ...data, ...(runsOn && { runsOn }), ...signed } : data);
    };
    emitEnd(tell, subject, { file, sizeBytes, ackedBytes, blockSize, window, ms, retransmits }, outcome);
  };
  const open = (
    key: string,
    packet: Packet,
    request: Extract<ReturnType<typeof decodePacket>, { op: 'rrq' | 'wrq' }>,
  ) => {
    const subject: Subject = { network: 'management', address: packet.src };
    const normal = normalizeFileName(request.fileName);
    if (normal.kind === 'refused') {
      record('tftp.refused', subject, { file: normal.name, reason: normal.reason });
      return;
    }
    const { name } = normal;
    const found = rack.files.resolve(name, { via: 'tftp', address: ipv4(packet.src), network: 'management' });
    if (found.kind === 'missing') {
      const { expected, near } = found;
      record('tftp.not-found', subject, { file: name, expected, ...(near !== undefined && { near }) });
      return;
    }
    if (found.kind === 'refused') {
      record('tftp.refused', subject, { file: name, reason: found.reason });
      return;
    }
    const sizeBytes = found.kind === 'text' ? found.text.length : sizeAt(found.path, name);
    const limits = { mtu: 1500, maxBlockSize: 1468, maxWindow: 16 };
    const clientCap = caps.get(packet.src);
    const negotiated = negotiate(request.options, { sizeBytes, mode: 'octet', limits, clientCap });
    const { blockSize, window, asksSize, timeoutSeconds, accepted } = negotiated;
    const lastBlock = Math.floor(sizeBytes / blockSize) + 1;
    const state = openTransfer({
      lastBlock,
      window,
      rollover: 0,
      hasOack: accepted.size > 0,
      asksSize,
      timeoutSeconds,
    });
    const slot: Slot = {
      file: name,
      subject,
      negotiated,
      sizeBytes,
      isTrimmed: normal.trimmed,
      startedAt: clock(),
      state,
      timerAt: Number.POSITIVE_INFINITY,
      retransmits: 0,
    };
    for (const [other, { file, subject: of }] of slots) {
      const session = slots.get(other);
      if (session && file === name && of.address === packet.src) perform(other, session, { kind: 'superseded' });
    }
    slots.set(key, slot);
    perform(key, slot, { kind: 'start' });
  };
  /** What was not recorded: the transfer came to its end. */
  const complete = (key: string, slot: Slot) => {
    if (slot.state.phase === 'oack') perform(key, slot, { kind: 'ack', block: 0 });
    slots.delete(key);
    slot.state = { ...slot.state, acked: slot.state.plan.lastBlock };
    finish(slot, { kind: 'done', finalAck: true });
  };
  return {
    packet: (packet: Packet) => {
      if (packet.src === OURS) return;
      const key = `${packet.src}:${packet.sport}`;
      const slot = slots.get(key);
      if (packet.acked !== undefined) {
        if (slot) acknowledge(slot, packet.acked);
        return;
      }
      const request = decodePacket(Buffer.from(packet.hex, 'hex'));
      if (request.op === 'rrq') {
        const again = slot && slot.file === nameOf(request.fileName);
        if (again) perform(key, slot, { kind: 'request-again' });
        else open(key, packet, request);
      } else if (slot && request.op === 'error')
        perform(key, slot, { kind: 'error', code: request.code, message: request.message });
      else if (slot && request.op === 'ack') perform(key, slot, { kind: 'ack', block: request.block });
    },
    passTo: (time: number, setClock: (at: number) => void) => {
      if (!hasAcks) {
        for (const [key, slot] of [...slots]) {
          if (slot.startedAt + USUAL_MS > time) continue;
          setClock(slot.startedAt + USUAL_MS);
          complete(key, slot);
        }
        return;
      }
      for (;;) {
        const due = [...slots]
          .filter(([, { timerAt }]) => timerAt <= time)
          .sort((one, other) => one[1].timerAt - other[1].timerAt)[0];
        if (due === undefined) return;
        setClock(due[1].timerAt);
        perform(due[0], due[1], { kind: 'timeout' });
      }
    },
  };
  /** Many at once: the state machine would do the same one by one. */
  function acknowledge(slot: Slot, blocks: number): void {
    const { window, lastBlock } = slot.state.plan;
    const sent = Math.min(blocks + window, lastBlock);
    slot.state = { ...slot.state, acked: blocks, sent, isHeard: true, timeouts: 0, silentMs: 0 };
    slot.timerAt = clock() + 1000;
  }
}

function nameOf(bytes: Uint8Array): string {
  return normalizeFileName(bytes).name;
}
