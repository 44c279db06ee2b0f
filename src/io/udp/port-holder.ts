import { readdir, readFile, readlink } from 'node:fs/promises';
import { formatIpv4, type Ipv4 } from '../../net/ipv4.ts';

/** A line of /proc/net/udp. */
export interface UdpEntry {
  readonly address: Ipv4;
  readonly port: number;
  readonly inode: string;
}

/** Reads the text of /proc/net/udp: the address is in host byte order (little endian), the port is not. */
export function parseUdpTable(text: string): readonly UdpEntry[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const columns = line.trim().split(/\s+/);
      const match = /^([0-9A-F]{8}):([0-9A-F]{4})$/.exec(columns[1] ?? '');
      const inode = columns[9];
      if (!match || inode === undefined) return [];
      const octets = Buffer.from(match[1] ?? '', 'hex').reverse();
      return [{ address: octets.readUInt32BE() as Ipv4, port: Number.parseInt(match[2] ?? '', 16), inode }];
    });
}

/** The entry of one of this process's own descriptors; undefined: not a UDP socket of this network namespace. */
export async function udpEntryOf(fd: number): Promise<UdpEntry | undefined> {
  const inode = inodeIn(await readlink(`/proc/self/fd/${fd}`).catch(() => ''));
  return parseUdpTable(await readFile('/proc/self/net/udp', 'utf8')).find((entry) => entry.inode === inode);
}

/**
 * Who holds a UDP port (or listens at a TCP port), as a phrase: `dnsmasq (process 812) on 0.0.0.0:67`; several are joined by "and". Other accounts'
 * descriptors can be read by root only; then the phrase says so. undefined: nobody seen.
 */
export async function findPortHolders(port: number, protocol: 'udp' | 'tcp' = 'udp'): Promise<string | undefined> {
  const table = await readFile(`/proc/self/net/${protocol}`, 'utf8');
  const entries = parseUdpTable(protocol === 'udp' ? table : listening(table)).filter((entry) => entry.port === port);
  if (entries.length === 0) return undefined;
  const found = new Map<string, string>();
  for (const pid of (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name))) {
    // Processes end while we look, and other accounts' folders are closed: neither is a failure here.
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const inode = inodeIn(await readlink(`/proc/${pid}/fd/${fd}`).catch(() => ''));
      if (inode === undefined || !entries.some((entry) => entry.inode === inode)) continue;
      found.set(inode, Number(pid) === process.pid ? 'this process itself' : `${await nameOf(pid)} (process ${pid})`);
    }
  }
  return entries
    .map(
      ({ inode, address }) =>
        `${found.get(inode) ?? 'a program of another account or container'} on ${formatIpv4(address)}:${port}`,
    )
    .join(' and ');
}

/** Node calls its main thread, and with it the process, "MainThread": then its program's file says more. */
async function nameOf(pid: string): Promise<string> {
  const name = (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a program')).trim();
  if (name !== 'MainThread') return name;
  const [, ...words] = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
  const script = words.find((word) => /^[\w./-]{1,100}\.[cm]?[jt]s$/.test(word)) ?? '';
  return script.endsWith('/src/cli/main.ts') ? 'rackready' : `node ${script}`.trim();
}

/** Only the lines of sockets in state 0A, TCP_LISTEN: the others are connections. The columns are those of UDP. */
function listening(table: string): string {
  const [head = '', ...lines] = table.split('\n');
  return [head, ...lines.filter((line) => line.trim().split(/\s+/)[3] === '0A')].join('\n');
}

function inodeIn(link: string): string | undefined {
  return /^socket:\[([0-9]+)\]$/.exec(link)?.[1];
}
