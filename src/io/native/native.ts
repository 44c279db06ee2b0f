import { constants, endianness } from 'node:os';

/**
 * The C library's functions that Node has no name for. Each answers what C answers: -1 means failure, and `errno()` must
 * be asked before the next call. Pointers are bytes (kept alive by the caller) or an address from `addressOf`.
 */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array, length: number): number;
  getsockopt(fd: number, level: number, option: number, value: Uint8Array, length: Uint8Array): number;
  getsockname(fd: number, address: Uint8Array, length: Uint8Array): number;
  sendto(fd: number, bytes: Uint8Array, length: number, flags: number, to: Uint8Array, toLength: number): number;
  recvfrom(fd: number, into: Uint8Array, size: number, flags: number, from: Uint8Array, fromLength: Uint8Array): number;
  sendmmsg(fd: number, vector: bigint, count: number, flags: number): number;
  recvmmsg(fd: number, vector: bigint, count: number, flags: number, timeout: null): number;
  close(fd: number): number;
  prctl(option: number, a: number, b: number, c: number, d: number): number;
  capset(header: Uint8Array, data: Uint8Array): number;
}

/** Something that is to be closed. */
export interface Closable {
  close(): void;
}

/** What koffi gives us, with types. There is one for the process. */
export interface Native {
  readonly libc: Libc;
  /** The name of the last call's error, like "EADDRINUSE". */
  errno(): string;
  /** Where the bytes lie. They must be kept alive for as long as the address is used. */
  addressOf(bytes: Uint8Array): bigint;
  /** Calls back from the event loop while the descriptor has something to read. Close it before the descriptor. */
  onReadable(fd: number, callback: () => void): Closable;
}

/** A call of the operating system that failed. `code` is the name of the error, like Node's own errors have it. */
export class SystemCallError extends Error {
  readonly code: string;
  readonly call: string;
  constructor(call: string, code: string) {
    super(`${call} failed: ${code}`);
    this.name = 'SystemCallError';
    this.call = call;
    this.code = code;
  }
}

/** Returns what the call returned, or throws SystemCallError. Must stand around the call itself: errno does not last. */
export function check(native: Native, call: string, result: number): number {
  if (result >= 0) return result;
  throw new SystemCallError(call, native.errno());
}

let loaded: Promise<Native | undefined> | undefined;

/**
 * Loads koffi once. undefined: it is not installed, or this computer is not one whose structures we know (64 bits, little
 * endian, Linux). Everything in io works without it, with less; `native: false` in the options of an `open` asks for that.
 */
export function loadNative(options: { readonly native?: boolean | undefined } = {}): Promise<Native | undefined> {
  if (options.native === false) return Promise.resolve(undefined);
  loaded ??= bindLibc();
  return loaded;
}

const SIGNATURES: Readonly<Record<keyof Libc, string>> = {
  socket: 'int socket(int, int, int)',
  bind: 'int bind(int, const void *, int)',
  setsockopt: 'int setsockopt(int, int, int, const void *, int)',
  getsockopt: 'int getsockopt(int, int, int, void *, void *)',
  getsockname: 'int getsockname(int, void *, void *)',
  sendto: 'int64 sendto(int, const void *, size_t, int, const void *, int)',
  recvfrom: 'int64 recvfrom(int, void *, size_t, int, void *, void *)',
  sendmmsg: 'int sendmmsg(int, void *, unsigned int, int)',
  recvmmsg: 'int recvmmsg(int, void *, unsigned int, int, void *)',
  close: 'int close(int)',
  prctl: 'int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)',
  capset: 'int capset(void *, void *)',
};

/** koffi closes a poll handle that nobody refers to any more, so those in use are kept here. */
const watched = new Set<object>();

async function bindLibc(): Promise<Native | undefined> {
  const known = ['x64', 'arm64', 'riscv64', 'loong64'].includes(process.arch);
  if (process.platform !== 'linux' || !known || endianness() !== 'LE') return undefined;
  try {
    const { default: koffi } = await import('koffi');
    const library = koffi.load(null);
    const libc = Object.fromEntries(
      Object.entries(SIGNATURES).map(([name, signature]) => [name, library.func(signature)]),
    ) as unknown as Libc;
    return {
      libc,
      errno: () => errnoName(koffi.errno()),
      addressOf: (bytes) => koffi.address(bytes),
      onReadable: (fd, callback) => {
        // koffi calls back outside of a Node callback: promises would not run on and errors would be lost. The immediate
        // runs in the same turn of the loop, right after all descriptors were asked.
        let isPending = false;
        let isClosed = false;
        const run = () => {
          isPending = false;
          if (!isClosed) callback();
        };
        const handle = koffi.node.poll(fd, { readable: true }, () => {
          if (isPending) return;
          isPending = true;
          setImmediate(run);
        });
        watched.add(handle);
        const close = () => {
          if (isClosed) return;
          isClosed = true;
          handle.close();
          watched.delete(handle);
        };
        return { close };
      },
    };
  } catch {
    // Not installed, or no build for this C library: the callers say what is missing because of it.
    return undefined;
  }
}

const NAMES = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));
NAMES.set(constants.errno.EAGAIN, 'EAGAIN');

/** "EADDRINUSE" for 98; the number as text when it has no name here. */
export function errnoName(number: number): string {
  return NAMES.get(number) ?? `errno ${number}`;
}
