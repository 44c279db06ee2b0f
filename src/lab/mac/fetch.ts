import { createHash } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { formatIpv4, type Ipv4 } from '../../net/ipv4.ts';
import { decodePacket, encodePacket, errorCodes, type TftpPacket } from '../../wire/tftp/packet.ts';
import { contentOf } from './content.ts';
import type { LoadedFile } from './told.ts';

/*
 * TFTP as Apple's firmware does it (BSDP notes, section 3.5): it asks for blocks of 8192 bytes and for the size, learns the
 * size from the first answer, breaks off, and asks again for good.
 */

export interface FetchOrder {
  readonly server: Ipv4;
  /** As the server named it. */
  readonly file: string;
  /** The card's address. */
  readonly address: Ipv4;
}

export type Fetched =
  | { readonly kind: 'fetched'; readonly file: LoadedFile; readonly bytes: Uint8Array }
  | { readonly kind: 'failed'; readonly reason: string };

const ASKED_BLOCK_BYTES = 8192;
/** What fits an Ethernet frame: 1500 less IP, UDP and TFTP. A Mac was seen to stall when larger blocks came in fragments. */
const MOST_BLOCK_BYTES = 1468;
const TRIES = 4;
const FIRST_WAIT_MS = 1_000;
/** No boot program is larger; a server that never ends is not listened to for ever. */
const MOST_BYTES = 256 << 20;

export async function fetchFile(order: FetchOrder): Promise<Fetched> {
  const probe = await openTransfer(order);
  try {
    const first = await probe.ask();
    if (first.kind === 'failed') return first;
    probe.breakOff();
  } finally {
    probe.close();
  }
  const transfer = await openTransfer(order);
  try {
    return await receiveAll(order, transfer);
  } finally {
    transfer.close();
  }
}

async function receiveAll(order: FetchOrder, transfer: Transfer): Promise<Fetched> {
  const start = await transfer.ask();
  if (start.kind === 'failed') return start;
  const { packet } = start;
  const agreed = packet.op === 'oack' ? packet.options : new Map<string, string>();
  const blockSize = Number(agreed.get('blksize') ?? 512);
  const blocks: Uint8Array[] = [];
  let sizeBytes = 0;
  let next = packet.op === 'data' ? start : await transfer.acknowledge(0);
  for (;;) {
    if (next.kind === 'failed') return next;
    if (next.packet.op !== 'data') return failed(`the server sent ${next.packet.op} in the middle of the file`);
    const { data, block } = next.packet;
    blocks.push(data);
    sizeBytes += data.length;
    if (sizeBytes > MOST_BYTES) return failed(`it has more than ${MOST_BYTES} bytes`);
    if (data.length < blockSize) {
      transfer.finish(block);
      break;
    }
    next = await transfer.acknowledge(block);
  }
  const promised = agreed.get('tsize');
  if (promised !== undefined && Number(promised) !== sizeBytes) {
    return failed(`the server announced ${promised} bytes and sent ${sizeBytes}`);
  }
  const bytes = Buffer.concat(blocks);
  return { kind: 'fetched', bytes, file: describe(order, { bytes, blockSize }) };
}

function describe(
  { server, file }: FetchOrder,
  { bytes, blockSize }: { bytes: Uint8Array; blockSize: number },
): LoadedFile {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const stalls = `the server agreed to blocks of ${blockSize} bytes, which come in fragments: Macs stall (limit it to ${MOST_BLOCK_BYTES})`;
  return {
    ...{ server, file, sizeBytes: bytes.length, sha256, blockSize, content: contentOf(bytes) },
    ...(blockSize > MOST_BLOCK_BYTES && { stalls }),
  };
}

type Answer =
  | { readonly kind: 'packet'; readonly packet: TftpPacket }
  | { readonly kind: 'failed'; readonly reason: string };

function failed(reason: string): Extract<Answer, { kind: 'failed' }> {
  return { kind: 'failed', reason };
}

interface Transfer {
  /** Sends the request until something comes. */
  ask(): Promise<Answer>;
  /** Acknowledges a block until the next one comes. */
  acknowledge(block: number): Promise<Answer>;
  finish(block: number): void;
  breakOff(): void;
  close(): void;
}

async function openTransfer({ server, file, address }: FetchOrder): Promise<Transfer> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, formatIpv4(address), resolve));
  const host = formatIpv4(server);
  let peerPort = 69;
  const send = (packet: TftpPacket) => socket.send(encodePacket(packet), peerPort, host);
  const exchange = (packet: TftpPacket, accept: (answer: TftpPacket) => boolean) =>
    untilAnswered(socket, {
      what: host,
      send: () => send(packet),
      accept: (bytes, from) => {
        // The transfer belongs to the port that answers first (RFC 1350, section 4).
        if (from.address !== host || (peerPort !== 69 && from.port !== peerPort)) return undefined;
        const answer = decode(bytes);
        if (answer === undefined || !(answer.op === 'error' || accept(answer))) return undefined;
        peerPort = from.port;
        return answer;
      },
    });
  const options = new Map([
    ['tsize', '0'],
    ['blksize', String(ASKED_BLOCK_BYTES)],
  ]);
  const fileName = Uint8Array.from(Buffer.from(file, 'latin1'));
  return {
    ask: () =>
      exchange(
        { op: 'rrq', fileName, mode: 'octet', options },
        (answer) => answer.op === 'oack' || (answer.op === 'data' && answer.block === 1),
      ),
    acknowledge: (block) => {
      const wanted = (block + 1) & 0xffff;
      return exchange({ op: 'ack', block }, (answer) => answer.op === 'data' && answer.block === wanted);
    },
    finish: (block) => void send({ op: 'ack', block }),
    breakOff: () => void send({ op: 'error', code: errorCodes.refusedOptions, message: 'only the size was wanted' }),
    close: () => void socket.close(),
  };
}

interface Exchange {
  readonly what: string;
  readonly send: () => void;
  /** Undefined for what is no answer. */
  readonly accept: (bytes: Uint8Array, from: RemoteInfo) => TftpPacket | undefined;
}

async function untilAnswered(socket: Socket, { what, send, accept }: Exchange): Promise<Answer> {
  const stop = new AbortController();
  let answer: TftpPacket | undefined;
  const listen = (bytes: Uint8Array, from: RemoteInfo) => {
    answer ??= accept(bytes, from);
    if (answer) stop.abort();
  };
  socket.on('message', listen);
  try {
    for (let attempt = 0; attempt < TRIES && answer === undefined; attempt++) {
      send();
      await pause(FIRST_WAIT_MS * 2 ** attempt, stop.signal);
    }
  } finally {
    socket.off('message', listen);
  }
  if (answer === undefined) return failed(`${what} does not answer by TFTP`);
  if (answer.op === 'error') return failed(`the server says: ${answer.message || `error ${answer.code}`}`);
  return { kind: 'packet', packet: answer };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ms)]);
  if (!limit.aborted) await once(limit, 'abort');
}

function decode(bytes: Uint8Array): TftpPacket | undefined {
  try {
    return decodePacket(bytes);
  } catch {
    // Whatever it is, it is no answer; the question is asked again.
    return undefined;
  }
}
