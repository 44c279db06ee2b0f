import { createMessageVector, type MessageVector, SLOT_SIZE, VECTOR_LENGTH } from '../native/message-vector.ts';
import type { Closable, Native } from '../native/native.ts';
import { boundTo, MSG_DONTWAIT, socketAddress } from '../native/socket.ts';
import type { Datagram, SendFailure, UdpKind, UdpPort } from './udp-port.ts';

/** After so many full batches the event loop gets its turn; the descriptor is still readable and comes again. */
const BATCHES_A_TURN = 4;

/** Receives with recvmmsg(2) and sends with sendmmsg(2). Owns the descriptor. */
export function createNativePort(native: Native, fd: number, kind: UdpKind): UdpPort {
  const incoming = createMessageVector(native);
  const outgoing = createMessageVector(native);
  const { port } = boundTo(native, fd);
  let poll: Closable | undefined;
  let isClosed = false;
  return {
    kind,
    limits: undefined,
    port,
    onDatagrams: (handler) => {
      poll = native.onReadable(fd, () => {
        for (let turn = 0; turn < BATCHES_A_TURN && !isClosed; turn++) {
          incoming.reset();
          // -1 is EAGAIN, or an error of the interface that the kernel forgets once it is read.
          const count = native.libc.recvmmsg(fd, incoming.pointer, VECTOR_LENGTH, MSG_DONTWAIT, null);
          if (count <= 0) return;
          const batch = take(incoming, count);
          if (batch.length > 0) handler(batch);
          if (count < VECTOR_LENGTH) return;
        }
      });
    },
    sendMany: async (batch) => (isClosed ? batch.map(refused('EBADF')) : sendAll(native, fd, outgoing, batch)),
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      poll?.close();
      native.libc.close(fd);
    },
  };
}

function take(vector: MessageVector, count: number): readonly Datagram[] {
  const batch: Datagram[] = [];
  for (let index = 0; index < count; index++) {
    const slot = vector.read(index);
    // Longer than a slot: no protocol of ours sends such a thing.
    if (slot) batch.push(slot);
  }
  return batch;
}

function sendAll(native: Native, fd: number, vector: MessageVector, batch: readonly Datagram[]): SendFailure[] {
  const failures: SendFailure[] = [];
  let next = 0;
  while (next < batch.length) {
    let count = 0;
    while (count < VECTOR_LENGTH) {
      const datagram = batch[next + count];
      if (!datagram || datagram.bytes.length > SLOT_SIZE) break;
      vector.write(count++, datagram);
    }
    const first = batch[next] as Datagram;
    // The kernel stops at the first datagram that it refuses; asked again, that one is the first, and has the error.
    const sent = count > 0 ? native.libc.sendmmsg(fd, vector.pointer, count, MSG_DONTWAIT) : sendOne(native, fd, first);
    if (sent > 0) {
      next += sent;
      continue;
    }
    failures.push(refused(native.errno())(first));
    next++;
  }
  return failures;
}

/** For what is longer than a slot: 1 when sent, -1 when not, like sendmmsg. */
function sendOne(native: Native, fd: number, { bytes, address, port }: Datagram): number {
  const sent = native.libc.sendto(fd, bytes, bytes.length, MSG_DONTWAIT, socketAddress(address, port), 16);
  return sent === -1 ? -1 : 1;
}

const refused =
  (code: string) =>
  (datagram: Datagram): SendFailure => ({ datagram, code });
