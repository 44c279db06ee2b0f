import type { RemoteInfo, Socket } from 'node:dgram';
import type { Emit, Subject } from '../../event/event.ts';
import { hideTokens } from '../../event/hide-tokens.ts';
import { ANY, parseIpv4 } from '../../net/ipv4.ts';
import type { ResolveBootFile } from '../../serve/boot-resource.ts';
import { errorText, notFoundText } from '../../serve/tftp/error-text.ts';
import { normalizeFileName } from '../../serve/tftp/file-name.ts';
import { type Negotiated, negotiate, type TransferMode } from '../../serve/tftp/negotiate.ts';
import { toNetascii } from '../../serve/tftp/netascii.ts';
import type { Rollover } from '../../serve/tftp/transfer.ts';
import { DecodeError } from '../../wire/decode-error.ts';
import { decodePacket, encodeError, errorCodes, opcodes, type TftpRequest } from '../../wire/tftp/packet.ts';
import { type ByteSource, memorySource, openFileSource, SourceError } from './byte-source.ts';
import { type CaptureTftp, captureTransfers } from './captured-ports.ts';
import { ChunkCache } from './chunk-cache.ts';
import { Clients, type Slot } from './clients.ts';
import { emitEnd } from './ending.ts';
import { tellProgress } from './progress.ts';
import { type SessionEnd, TransferSession } from './session.ts';
import type { Peer } from './transfer-port.ts';
import { openTransferPorts, type PortRange, type TransferPorts } from './transfer-ports.ts';

export interface TftpLimits {
  /** 512-65464; the MTU caps it further. */
  readonly maxBlockSize: number;
  /** Blocks a window (RFC 7440); 1 switches windows off. */
  readonly maxWindow: number;
  /** Ports that transfers answer from; without it any. */
  readonly ports?: PortRange | undefined;
  /** Transfers at a time for one client address. */
  readonly perClient: number;
  /** Transfers at a time altogether. */
  readonly total: number;
  /** The block number after 65535; 0 unless a client is known to want 1. */
  readonly rollover?: Rollover | undefined;
  /** Memory for file chunks that transfers share. */
  readonly cacheBytes?: number | undefined;
}

export interface TftpServerOptions {
  /** Bound to port 69 on one interface. It stays the opener's: close() takes our listeners off and no more. */
  readonly socket: Socket;
  /** Dotted address that transfers answer from. */
  readonly localAddress: string;
  /** The network's name, for events and the resolver. */
  readonly network: string;
  readonly mtu: number;
  readonly limits: TftpLimits;
  readonly resolve: ResolveBootFile;
  readonly emit: Emit;
  /** What a client is remembered by: its MAC where that is known. Default: its address. */
  readonly clientOf?: ((address: string) => string) | undefined;
  /** Hears what tells the course of each transfer; nothing of the files. */
  readonly capture?: CaptureTftp | undefined;
  /** false: transfers answer from Node's own sockets, as if koffi were missing. */
  readonly native?: boolean | undefined;
}

export interface TftpStats {
  /** Requests that are being answered. */
  readonly active: number;
  readonly requests: number;
  readonly done: number;
  /** Ended without all data, for whatever reason but a size probe. */
  readonly failed: number;
  readonly malformed: number;
  readonly sentBytes: number;
  readonly cachedBytes: number;
}

export interface TftpServer {
  /** Ends all transfers; each client gets an ERROR. */
  close(): Promise<void>;
  stats(): TftpStats;
}

/** RFC 2347 limits requests to 512 octets; some room for firmware that does not know. */
const LONGEST_REQUEST = 1024;
const DEFAULT_CACHE_BYTES = 64 * 1024 * 1024;
/**
 * netascii cannot be sent piece by piece from any position, so it is translated as a whole, in memory for each transfer of up
 * to 64 that one address may have. No text that a machine boots with is larger.
 */
const LARGEST_NETASCII = 1024 * 1024;
/** The same request from the same port is a repetition when it comes early, a restarted machine later. */
const REPEAT_MS = 3000;
const MALFORMED_EVERY_MS = 1000;
/** An EFI program says in its first few hundred bytes what it runs on. */
const HEAD_BYTES = 512;

/** Serves TFTP read requests until close(). Rejects when no answering port can be had. */
export async function openTftpServer(options: TftpServerOptions): Promise<TftpServer> {
  const { localAddress, limits } = options;
  const opened = await openTransferPorts({ localAddress, range: limits.ports, native: options.native });
  const local = parseIpv4(localAddress) ?? ANY;
  const ports = options.capture ? captureTransfers(opened, local, options.capture) : opened;
  const server = new Server(options, ports);
  return { close: () => server.close(), stats: () => server.stats() };
}

class Server {
  readonly #options: TftpServerOptions;
  /** What is refused is answered from here, too: clients do not expect answers from port 69. */
  readonly #ports: TransferPorts;
  readonly #clients = new Clients();
  readonly #cache: ChunkCache;
  readonly #onMessage = (bytes: Buffer, from: RemoteInfo) => this.#receive(bytes, from);
  readonly #counts = { requests: 0, done: 0, failed: 0, malformed: 0, sentBytes: 0 };
  readonly #progress: { close(): void };
  #malformedToldMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(options: TftpServerOptions, ports: TransferPorts) {
    this.#options = { ...options, emit: withoutTokens(options.emit) };
    this.#ports = ports;
    this.#cache = new ChunkCache(options.limits.cacheBytes ?? DEFAULT_CACHE_BYTES);
    const transfers = () => this.#clients.all();
    this.#progress = tellProgress({ transfers, emit: this.#options.emit, subjectOf: (slot) => this.#subject(slot) });
    options.socket.on('message', this.#onMessage);
  }

  stats(): TftpStats {
    return { ...this.#counts, active: this.#clients.total, cachedBytes: this.#cache.heldBytes };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#progress.close();
    this.#options.socket.off('message', this.#onMessage);
    for (const slot of this.#clients.all()) {
      slot.isCancelled = true;
      slot.session?.fail('the server is stopping');
    }
    this.#ports.close();
  }

  #receive(bytes: Buffer, from: RemoteInfo): void {
    this.#captureRequest(bytes, from);
    if (from.port === 0) {
      this.#malformed(from, 'source port 0');
      return;
    }
    if (bytes.length > LONGEST_REQUEST) {
      this.#malformed(from, `${bytes.length} bytes are no request`);
      return;
    }
    const opcode = bytes.length >= 2 ? bytes.readUInt16BE(0) : undefined;
    if (opcode !== undefined && (opcode === 0 || opcode > opcodes.oack)) {
      this.#malformed(from, `opcode ${opcode}`);
      this.#refuse(from, errorCodes.illegalOperation, 'unknown TFTP operation');
      return;
    }
    try {
      const packet = decodePacket(bytes);
      if (packet.op === 'rrq') this.#request(packet, from);
      else if (packet.op === 'wrq') this.#refuseWrite(packet, from);
      else this.#malformed(from, `${packet.op.toUpperCase()} outside a transfer`);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#malformed(from, error.message);
    }
  }

  #captureRequest(bytes: Buffer, from: RemoteInfo): void {
    const { capture, localAddress } = this.#options;
    const source = parseIpv4(from.address);
    if (!capture || source === undefined || bytes.length > LONGEST_REQUEST) return;
    const to = { destination: parseIpv4(localAddress) ?? ANY, destinationPort: 69 };
    capture(source, { source, sourcePort: from.port, ...to, bytes });
  }

  #request(request: TftpRequest, from: RemoteInfo): void {
    this.#counts.requests++;
    const mode = request.mode.toLowerCase();
    const normal = normalizeFileName(request.fileName);
    const refused = (code: number, reason: string) => {
      this.#options.emit('tftp.refused', this.#subject(from), { file: normal.name, reason });
      this.#refuse(from, code, reason);
    };
    if (normal.kind === 'refused') {
      refused(errorCodes.accessViolation, normal.reason);
      return;
    }
    if (mode !== 'octet' && mode !== 'netascii') {
      refused(errorCodes.illegalOperation, 'this transfer mode is not served, use octet');
      return;
    }
    if (this.#isRepeated(normal.name, from)) return;
    const { perClient, total } = this.#options.limits;
    if (this.#clients.total >= total) {
      refused(0, `server busy: ${total} transfers are running, try again`);
      return;
    }
    if (this.#clients.of(from.address).size >= perClient) {
      refused(0, `too many transfers from ${from.address}: ${perClient} are running`);
      return;
    }
    this.#serve(normal, mode, request, from);
  }

  /** Whether the request is answered by the transfer that this client's port already has. Ends an older one. */
  #isRepeated(name: string, from: RemoteInfo): boolean {
    const slot = this.#clients.at(from.address, from.port);
    if (slot) {
      const { session } = slot;
      const isSame = slot.name === name && !slot.isCancelled;
      if (isSame && (!session?.isHeard || session.ageMs < REPEAT_MS)) {
        session?.tell({ kind: 'request-again' });
        return true;
      }
      slot.isCancelled = true;
      session?.tell({ kind: 'replaced' });
      this.#clients.remove(slot);
    }
    for (const other of this.#clients.of(from.address)) {
      if (other.name === name) other.session?.tell({ kind: 'superseded' });
    }
    return false;
  }

  #serve(
    { name, trimmed: isTrimmed }: { readonly name: string; readonly trimmed: boolean },
    mode: TransferMode,
    request: TftpRequest,
    from: RemoteInfo,
  ): void {
    const { emit, network, resolve } = this.#options;
    const address = parseIpv4(from.address) ?? ANY;
    let found: ReturnType<ResolveBootFile>;
    try {
      found = resolve(name, { via: 'tftp', address, network });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      emit('tftp.failed', this.#subject(from), { file: name, bytes: 0, reason });
      this.#refuse(from, errorCodes.undefined, 'the server failed to make this file; see its log');
      return;
    }
    if (found.kind === 'missing') {
      const { expected, near } = found;
      emit('tftp.not-found', this.#subject(from), { file: name, expected, ...(near === undefined ? {} : { near }) });
      this.#refuse(from, errorCodes.notFound, notFoundText(found.name, near));
      return;
    }
    if (found.kind === 'refused') {
      emit('tftp.refused', this.#subject(from), { file: name, reason: found.reason });
      this.#refuse(from, errorCodes.accessViolation, found.reason);
      return;
    }
    const { address: host, port } = from;
    const slot: Slot = { address: host, port, name, isTrimmed, session: undefined, isCancelled: false };
    this.#clients.add(slot);
    const { path, text } =
      found.kind === 'file' ? { path: found.path, text: '' } : { path: undefined, text: found.text };
    const opening = path === undefined ? textSource(text) : openFileSource(path, this.#cache);
    void this.#open(slot, opening, mode, request);
  }

  /** Opens the file, then starts the transfer. Whatever goes wrong, the client gets an ERROR. */
  async #open(slot: Slot, opening: Promise<ByteSource>, mode: TransferMode, request: TftpRequest): Promise<void> {
    let source: ByteSource | undefined;
    try {
      source = await opening;
      if (mode === 'netascii') source = await translate(source);
      if (slot.isCancelled || this.#isClosed) {
        await source.close();
        this.#clients.remove(slot);
        return;
      }
      this.#start(slot, source, mode, request);
    } catch (error) {
      await source?.close();
      this.#clients.remove(slot);
      this.#counts.failed++;
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.emit('tftp.failed', this.#subject(slot), { file: slot.name, bytes: 0, reason });
      const told = error instanceof SourceError ? `${slot.name}: ${reason}` : 'the server cannot start a transfer now';
      if (!this.#isClosed) this.#refuse(slot, errorCodes.undefined, told);
    }
  }

  #start(slot: Slot, source: ByteSource, mode: TransferMode, request: TftpRequest): void {
    const { mtu, limits, emit, clientOf } = this.#options;
    const { sizeBytes } = source;
    const client = clientOf?.(slot.address) ?? slot.address;
    const clientCap = this.#clients.capOf(client, performance.now());
    const negotiated = negotiate(request.options, { sizeBytes, mode, limits: { ...limits, mtu }, clientCap });
    const { blockSize, window } = negotiated;
    const subject = this.#subject(slot);
    const session = new TransferSession({
      openSocket: (onPacket) => this.#ports.open(peerOf(slot), onPacket),
      source,
      negotiated,
      rollover: limits.rollover ?? 0,
      headBytes: slot.name.toLowerCase().endsWith('.efi') ? HEAD_BYTES : 0,
      onStart: () => {
        const data = { file: slot.name, bytes: sizeBytes, blockSize, window };
        emit('tftp.start', subject, slot.isTrimmed ? { ...data, trimmed: true } : data);
      },
      onDistrust: () => {
        if (blockSize <= 512) return;
        const next = this.#clients.distrust(client, blockSize, performance.now());
        emit('tftp.smaller-blocks', subject, { file: slot.name, blockSize, next });
      },
      onUnheard: () => emit('tftp.unanswered', subject, { file: slot.name, port: slot.port }),
      onEnd: (end) => this.#ended(slot, session, { sizeBytes, negotiated }, end),
      onMalformed: () => this.#malformed(slot, 'not readable inside a transfer'),
    });
    slot.session = session;
    session.tell({ kind: 'start' });
  }

  #ended(
    slot: Slot,
    session: TransferSession,
    about: { readonly sizeBytes: number; readonly negotiated: Negotiated },
    end: SessionEnd,
  ): void {
    this.#clients.remove(slot);
    const { sizeBytes } = about;
    const { ackedBytes, retransmits } = session;
    if (end.kind === 'done') this.#counts.done++;
    else if (end.kind !== 'probe') this.#counts.failed++;
    this.#counts.sentBytes += end.kind === 'done' ? sizeBytes : ackedBytes;
    const ms = Math.round(session.ageMs);
    const { blockSize, window } = about.negotiated;
    const { head } = session;
    const transfer = { file: slot.name, sizeBytes, ackedBytes, blockSize, window, ms, retransmits, head };
    emitEnd(this.#options.emit, this.#subject(slot), transfer, end);
  }

  #refuseWrite(request: TftpRequest, from: RemoteInfo): void {
    this.#counts.requests++;
    const reason = 'this server is read-only';
    const file = normalizeFileName(request.fileName).name;
    this.#options.emit('tftp.refused', this.#subject(from), { file, reason });
    this.#refuse(from, errorCodes.accessViolation, reason);
  }

  #refuse(to: { readonly address: string; readonly port: number }, code: number, text: string): void {
    this.#ports.tell(peerOf(to), encodeError(code, errorText(text)));
  }

  #malformed(from: { readonly address: string; readonly port: number }, reason: string): void {
    const total = ++this.#counts.malformed;
    const now = performance.now();
    if (now - this.#malformedToldMs < MALFORMED_EVERY_MS) return;
    this.#malformedToldMs = now;
    const source = `${from.address}:${from.port}`;
    this.#options.emit('tftp.malformed', this.#subject(from), { source, reason, total });
  }

  #subject(from: { readonly address: string }): Subject {
    return { network: this.#options.network, address: from.address };
  }
}

function peerOf(client: { readonly address: string; readonly port: number }): Peer {
  return { host: client.address, address: parseIpv4(client.address) ?? ANY, port: client.port };
}

async function textSource(text: string): Promise<ByteSource> {
  return memorySource(Buffer.from(text, 'utf8'));
}

/** The whole file as netascii. Rejects with SourceError when it is too large for that. */
async function translate(source: ByteSource): Promise<ByteSource> {
  try {
    const { sizeBytes } = source;
    if (sizeBytes > LARGEST_NETASCII) throw new SourceError('too large for netascii, use octet');
    const bytes = Buffer.alloc(sizeBytes);
    const piece = 64 * 1024;
    for (let offset = 0; offset < sizeBytes; offset += piece) {
      const length = Math.min(piece, sizeBytes - offset);
      await source.prepare(offset, length);
      source.copyInto(bytes, offset, offset, length);
    }
    return memorySource(toNetascii(bytes));
  } finally {
    await source.close();
  }
}

/** An answer file that is asked for by TFTP is not there, but its name would hold the token. */
function withoutTokens(emit: Emit): Emit {
  return (id, subject, data) =>
    emit(id, subject, 'file' in data ? { ...data, file: hideTokens(String(data.file)) } : data);
}
