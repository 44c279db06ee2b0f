import { efiMachineOf, isSignedEfi } from '../../boot/efi-program.ts';
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
  readonly window: number;
  /** The beginning of an EFI program. */
  readonly head?: Uint8Array | undefined;
}

/** Tells how a transfer ended. */
export function emitEnd(emit: Emit, subject: Subject, transfer: EndedTransfer, end: SessionEnd): void {
  const { file, ackedBytes: bytes, sizeBytes } = transfer;
  switch (end.kind) {
    case 'done': {
      const { ms, retransmits, blockSize, window, head } = transfer;
      const runsOn = head && efiMachineOf(head);
      const signed = head && isSignedEfi(head);
      const { finalAck } = end;
      const data = { file, bytes: sizeBytes, ms, retransmits, finalAck, blockSize, window };
      emit('tftp.done', subject, { ...data, ...(runsOn && { runsOn }), ...(signed !== undefined && { signed }) });
      return;
    }
    case 'probe':
      emit('tftp.probe', subject, { file, bytes: sizeBytes });
      return;
    case 'aborted':
      // GRUB closes a file that it has read enough of with ERROR 0.
      if (end.code === 0) {
        emit('tftp.closed', subject, { file, bytes });
        return;
      }
      emit('tftp.aborted', subject, {
        file,
        bytes,
        reason: end.reason || `TFTP error ${end.code}`,
        ofBytes: sizeBytes,
        blockSize: transfer.blockSize,
      });
      return;
    case 'failed':
      emit('tftp.failed', subject, { file, bytes, reason: end.reason });
      return;
    case 'stalled': {
      const { blockSize } = transfer;
      const hint = stallHint(end.hint, blockSize);
      const { seconds, hint: how } = end;
      emit('tftp.stalled', subject, { file, bytes, ofBytes: sizeBytes, seconds, hint, blockSize, how });
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
