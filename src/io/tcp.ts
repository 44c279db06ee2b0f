import { formatIpv4, type Ipv4 } from '../net/ipv4.ts';
import { ProvisionError } from '../net/provision-error.ts';
import { check, loadNative, type Native, SystemCallError } from './native/native.ts';
import { AF, boundTo, openSocket, SO, SOL, setIntOption, socketAddress } from './native/socket.ts';
import { findPortHolders } from './udp/port-holder.ts';

export interface TcpListenerOptions {
  readonly address: Ipv4;
  readonly port: number;
  /** false: as if koffi were missing. */
  readonly native?: boolean | undefined;
}

/** What a thread listens with. */
export type TcpSocket =
  /** A descriptor of its own that is already listening; closed by the thread that takes it. */
  | { readonly kind: 'fd'; readonly fd: number }
  /** Without koffi: the thread binds by itself, and needs the right to. */
  | { readonly kind: 'address'; readonly address: string; readonly port: number };

/** A listening TCP socket that stays open in this process while the threads that serve it come and go. */
export interface TcpListener {
  readonly port: number;
  /** A socket for one thread. While none has one, connections wait in the kernel. Throws SystemCallError. */
  share(): TcpSocket;
  close(): void;
}

/** <netinet/in.h>, <sys/socket.h>, <fcntl.h> of Linux, the same on all 64-bit architectures that we know. */
const STREAM = 1;
const IPPROTO_IP = 0;
const IP_FREEBIND = 15;
const F_DUPFD_CLOEXEC = 1030;
/** Connections that may wait to be accepted: a room that is switched on at once. */
const BACKLOG = 1024;

interface MoreLibc {
  listen(fd: number, backlog: number): number;
  duplicate(fd: number, command: number, lowest: number): number;
}

/**
 * Opens a TCP port on one address, while this process still has the right to, also on an address that is not there yet
 * (IP_FREEBIND). Throws ProvisionError `port-in-use` or `not-permitted`, or SystemCallError.
 */
export async function openTcpListener(options: TcpListenerOptions): Promise<TcpListener> {
  const { address, port } = options;
  const native = await loadNative(options);
  if (!native) return { port, share: () => ({ kind: 'address', address: formatIpv4(address), port }), close: () => {} };
  const more = await loadMore();
  const fd = openSocket(native, AF.INET, STREAM);
  try {
    setIntOption(native, fd, SOL.SOCKET, SO.REUSEADDR, 1, 'SO_REUSEADDR');
    setIntOption(native, fd, IPPROTO_IP, IP_FREEBIND, 1, 'IP_FREEBIND');
    check(native, 'bind()', native.libc.bind(fd, socketAddress(address, port), 16));
    check(native, 'listen()', more.listen(fd, BACKLOG));
  } catch (error) {
    native.libc.close(fd);
    throw await explain(error, options);
  }
  return share(native, more, fd);
}

function share(native: Native, more: MoreLibc, fd: number): TcpListener {
  let isClosed = false;
  return {
    port: boundTo(native, fd).port,
    share: () => {
      if (isClosed) throw new SystemCallError('F_DUPFD_CLOEXEC', 'EBADF');
      return { kind: 'fd', fd: check(native, 'F_DUPFD_CLOEXEC', more.duplicate(fd, F_DUPFD_CLOEXEC, 0)) };
    },
    close: () => {
      if (isClosed) return;
      isClosed = true;
      native.libc.close(fd);
    },
  };
}

/** Two more functions of the C library. koffi is there: loadNative has loaded it. */
async function loadMore(): Promise<MoreLibc> {
  const { default: koffi } = await import('koffi');
  const library = koffi.load(null);
  return {
    listen: library.func('int listen(int, int)'),
    duplicate: library.func('int fcntl(int, int, int)'),
  };
}

async function explain(error: unknown, { address, port }: TcpListenerOptions): Promise<unknown> {
  if (!(error instanceof SystemCallError)) return error;
  const where = `TCP port ${port} on ${formatIpv4(address)}`;
  if (error.code === 'EADDRINUSE') {
    const holders = await findPortHolders(port, 'tcp').catch(() => undefined);
    const text = holders ? `it is held by ${holders}` : 'another program has it';
    return new ProvisionError('port-in-use', `Cannot open ${where}: ${text}`, { cause: error });
  }
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return new ProvisionError('not-permitted', `Cannot open ${where}: no permission`, { cause: error });
  }
  return error;
}
