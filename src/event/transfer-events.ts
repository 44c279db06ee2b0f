import { formatBytes, formatPart } from '../net/amounts.ts';
import { entry, passing } from './entry.ts';

/** What TFTP and the boot HTTP listener tell. */
export const transferEvents = {
  'tftp.start': entry<{
    file: string;
    bytes: number;
    blockSize: number;
    window: number;
    /** Bytes that cannot belong to the name were cut off its end. */
    trimmed?: boolean;
  }>(
    'info',
    'A machine began to load a file by TFTP.',
    (d) => `loads ${d.file} (${formatBytes(d.bytes)}, TFTP, blocks of ${d.blockSize})`,
  ),
  'tftp.progress': passing<{ file: string; bytes: number; ofBytes: number }>(
    'How far a long TFTP transfer is: once a second for each. Only heard live, never kept.',
    (d) => `has ${formatPart(d.bytes, d.ofBytes)} of ${d.file}`,
  ),
  'tftp.done': entry<{
    file: string;
    bytes: number;
    ms: number;
    retransmits: number;
    finalAck: boolean;
    blockSize?: number;
    window?: number;
    /** What an EFI program runs on, by its header: "x64", "ia32", "arm64". */
    runsOn?: string;
    /** Whether an EFI program carries a signature, of anybody. */
    signed?: boolean;
  }>(
    'info',
    'A TFTP transfer ended. Some loaders never acknowledge the last block; that is normal.',
    (d) =>
      `has ${d.file} (${formatBytes(d.bytes)} in ${d.ms} ms${d.retransmits > 0 ? `, ${d.retransmits} blocks sent again` : ''})`,
  ),
  'tftp.probe': entry<{ file: string; bytes?: number }>(
    'debug',
    'The firmware asked how large a file is and stopped there. It comes back for the file itself.',
    (d) => `asks for the size of ${d.file}`,
  ),
  'tftp.aborted': entry<{ file: string; bytes: number; reason: string; ofBytes?: number; blockSize?: number }>(
    'warning',
    'The machine broke the transfer off; the reason is its own words.',
    (d) =>
      `stopped loading ${d.file} after ${d.ofBytes === undefined ? formatBytes(d.bytes) : formatPart(d.bytes, d.ofBytes)}: ${d.reason}`,
  ),
  'tftp.closed': entry<{ file: string; bytes: number }>(
    'debug',
    'The loader closed a file before its end, as GRUB does when it has read enough. Normal.',
    (d) => `closed ${d.file} after ${formatBytes(d.bytes)}`,
  ),
  'tftp.failed': entry<{ file: string; bytes: number; reason: string }>(
    'error',
    'We could not go on with a transfer: the file changed, vanished or cannot be read. The machine was told.',
    (d) => `was cut off in ${d.file} after ${formatBytes(d.bytes)}: ${d.reason}`,
  ),
  'tftp.stalled': entry<{
    file: string;
    bytes: number;
    ofBytes: number;
    seconds: number;
    hint: string;
    blockSize?: number;
    /** `unreachable`: it never answered at all; `too-large`: it acknowledged no block; `silent`: it stopped later. */
    how?: 'unreachable' | 'too-large' | 'silent';
  }>(
    'error',
    'No acknowledgement came although we sent again and again. With nothing acknowledged: a firewall drops our port, or blocks are larger than the path carries.',
    (d) =>
      `stopped answering in ${d.file} at ${formatPart(d.bytes, d.ofBytes)} for ${d.seconds} s${d.hint ? `: ${d.hint}` : ''}`,
  ),
  'tftp.unanswered': entry<{ file: string; port: number }>(
    'warning',
    'A machine asked for a file, and answered nothing of what it was sent for seven seconds. A firewall on the way drops what comes from our transfer ports: let UDP from this host through (`server.tftp.ports` fixes the ports to a range), or load its TFTP helper.',
    (d) => `asked for ${d.file} and does not answer what it is sent`,
  ),
  'tftp.smaller-blocks': entry<{ file: string; blockSize: number; next: number }>(
    'warning',
    'The first block of a transfer did not arrive, sent again and again: the path carries less than the network’s MTU. From now on this machine gets blocks of `next` bytes, for a day. Set `mtu:` of the network to what the path carries.',
    (d) => `does not receive blocks of ${d.blockSize} bytes; its next transfer has ${d.next}`,
  ),
  'tftp.not-found': entry<{ file: string; expected: boolean; near?: string }>(
    'info',
    'A file was asked for that is not there. Loaders try many names; `expected` marks those that are normal.',
    (d) => `asks for ${d.file}: not there${d.near ? ` (there is ${d.near})` : ''}`,
  ),
  'tftp.refused': entry<{ file: string; reason: string }>(
    'warning',
    'A TFTP request was refused.',
    (d) => `may not have ${d.file}: ${d.reason}`,
  ),
  'tftp.malformed': entry<{ source: string; reason: string; total: number }>(
    'debug',
    'Datagrams on the TFTP port could not be read. Told at most once a second; `total` counts all since the start.',
    (d) => `unreadable TFTP datagram from ${d.source}: ${d.reason} (${d.total} so far)`,
  ),
  'http.start': entry<{ method: string; path: string; userAgent: string; bytes: number }>(
    'info',
    'A machine began to load a file over HTTP.',
    (d) => `loads ${d.path} over HTTP (${formatBytes(d.bytes)})`,
  ),
  'http.progress': passing<{ path: string; bytes: number; ofBytes: number }>(
    'How far a long HTTP transfer is: once a second for each. Only heard live, never kept.',
    (d) => `has ${formatPart(d.bytes, d.ofBytes)} of ${d.path}`,
  ),
  'http.done': entry<{ method: string; path: string; userAgent: string; status: number; bytes: number; ms: number }>(
    'info',
    'An HTTP request of a machine was answered in full.',
    (d) => `${d.method} ${d.path}: ${d.status}, ${formatBytes(d.bytes)} in ${d.ms} ms`,
  ),
  'http.aborted': entry<{ method: string; path: string; bytes: number; ofBytes: number }>(
    'warning',
    'The connection ended before the whole file was sent. UEFI firmware resets its connection after a complete file; that is not told here.',
    (d) => `stopped loading ${d.path} after ${formatPart(d.bytes, d.ofBytes)}`,
  ),
  'http.closed': entry<{ path: string; bytes: number; ofBytes: number }>(
    'debug',
    'The loader closed a file before its end, as GRUB does when it has read enough or reads elsewhere. Normal.',
    (d) => `closed ${d.path} after ${formatPart(d.bytes, d.ofBytes)}`,
  ),
  'http.failed': entry<{ path: string; bytes: number; ofBytes: number; reason: string }>(
    'error',
    'We could not send a file to its end: it changed, vanished or cannot be read. The connection was cut, so that nobody takes it for complete.',
    (d) => `was cut off in ${d.path} after ${formatPart(d.bytes, d.ofBytes)}: ${d.reason}`,
  ),
  'http.not-found': entry<{ method: string; path: string; userAgent: string; expected: boolean; near?: string }>(
    'info',
    'A path was asked for that is not there. Loaders try many names; `expected` marks those that are normal.',
    (d) => `asks for ${d.path} over HTTP: not there${d.near ? ` (there is ${d.near})` : ''}`,
  ),
  'http.refused': entry<{ method: string; path: string; status: number; reason: string; userAgent: string }>(
    'warning',
    'A request to the boot listener was refused, with the reason.',
    (d) => `${d.method} ${d.path}: refused with ${d.status}: ${d.reason}`,
  ),
} as const;
