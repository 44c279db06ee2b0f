import type { Emit, Subject } from '../../event/event.ts';
import type { SessionEnd } from './session.ts';

/** What is known of a transfer when it ends. */
export interface EndedTransfer {
  readonly file: string;
  readonly sizeBytes: number;
  readonly ackedBytes: number;
  readonly blockSize: number;
  readonly ms: number;
  readonly retransmits: number;
}

/** Tells how a transfer ended. */
export function emitEnd(emit: Emit, subject: Subject, transfer: EndedTransfer, end: SessionEnd): void {
  const { file, ackedBytes: bytes, sizeBytes } = transfer;
  switch (end.kind) {
    case 'done': {
      const { ms, retransmits } = transfer;
      emit('tftp.done', subject, { file, bytes: sizeBytes, ms, retransmits, finalAck: end.finalAck });
      return;
    }
    case 'probe':
      emit('tftp.probe', subject, { file });
      return;
    case 'aborted':
      // GRUB closes a file that it has read enough of with ERROR 0.
      if (end.code === 0) {
        emit('tftp.closed', subject, { file, bytes });
        return;
      }
      emit('tftp.aborted', subject, { file, bytes, reason: end.reason || `TFTP error ${end.code}` });
      return;
    case 'failed':
      emit('tftp.failed', subject, { file, bytes, reason: end.reason });
      return;
    case 'stalled': {
      const hint = stallHint(end.hint, transfer.blockSize);
      emit('tftp.stalled', subject, { file, bytes, ofBytes: sizeBytes, seconds: end.seconds, hint });
      return;
    }
  }
}

function stallHint(hint: 'unreachable' | 'too-large' | 'silent', blockSize: number): string {
  if (hint === 'silent') return '';
  const firewall = 'a firewall may drop what comes from our transfer ports (conntrack helper tftp)';
  if (hint === 'unreachable' || blockSize <= 512) return firewall;
  return `blocks of ${blockSize} bytes may be larger than the path carries (the next try gets smaller ones), or ${firewall}`;
}
