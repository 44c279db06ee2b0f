import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { access, constants, readFile, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { Status } from '../http/api/ports.ts';
import { listInterfaces, type NetworkInterface } from '../io/interfaces.ts';
import { loadNative } from '../io/native/native.ts';
import { parseAccount } from '../io/privileges.ts';
import type { Network } from '../lease/network.ts';
import { formatIpv4 } from '../net/ipv4.ts';
import { type Finding, failure, ok, servedInterfaces, warning } from './finding.ts';

const MEGABYTE = 1 << 20;
const ENOUGH_BYTES = 200 * MEGABYTE;
const LEAST_BYTES = 20 * MEGABYTE;
const ENOUGH_INODES = 1_000;

/** Whether each served interface is there, on, connected, and has the addresses that the configuration says. */
export async function checkInterfaces(settings: Settings): Promise<Finding[]> {
  const served = servedInterfaces(settings);
  if (served.size === 0) return [warning('interfaces', 'the configuration serves no interface of this host')];
  const interfaces = await listInterfaces();
  return [...served].flatMap(([name, networks]) => {
    const found = interfaces.find((one) => one.name === name);
    if (found !== undefined) return checkInterface(found, networks);
    const names = interfaces.filter(({ isEthernet }) => isEthernet).map((one) => one.name);
    return [failure(`interface ${name}`, `is not there; there are ${names.join(', ') || 'none'}`, 'ip -br link')];
  });
}

function checkInterface(found: NetworkInterface, networks: readonly Network[]): Finding[] {
  const what = `interface ${found.name}`;
  const problems: Finding[] = [];
  if (!found.isUp) problems.push(failure(what, 'is switched off', `ip link set ${found.name} up`));
  else if (!found.hasCarrier) problems.push(warning(what, 'has no link', 'Look at cable and switch port.'));
  for (const { address, subnet, mtu, name } of networks) {
    const wanted = `${formatIpv4(address)}/${subnet.prefix}`;
    const has = found.addresses.find((one) => one.address === address);
    if (has === undefined) {
      const text = `does not have the address ${wanted} of network ${name}`;
      problems.push(failure(what, text, `ip address add ${wanted} dev ${found.name}`));
    } else if (has.prefix !== subnet.prefix) {
      problems.push(warning(what, `has ${formatIpv4(address)}/${has.prefix}, and network ${name} is ${wanted}`));
    }
    if (mtu !== undefined && mtu > found.mtu) {
      const text = `has an MTU of ${found.mtu}, and network ${name} tells its machines ${mtu}`;
      problems.push(failure(what, text, `ip link set ${found.name} mtu ${mtu}, or a smaller mtu of the network`));
    }
  }
  const addresses = found.addresses.map(({ address, prefix }) => `${formatIpv4(address)}/${prefix}`).join(', ');
  return problems.length > 0 ? problems : [ok(what, `is up, with ${addresses}, MTU ${found.mtu}`)];
}

/** Room, inodes, permission, and a kind of file system that keeps a database. */
export async function checkDataFolder(folder: string): Promise<Finding[]> {
  const what = `data folder ${folder}`;
  const place = await nearestFolder(folder);
  const found: Finding[] = [];
  const writable = await access(place, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!writable) {
    const who =
      process.getuid?.() === 0 ? 'even for root' : `for uid ${process.getuid?.()}; the server itself may differ`;
    found.push((process.getuid?.() === 0 ? failure : warning)(what, `cannot be written ${who}`, `ls -ld ${place}`));
  }
  const { bavail, bsize, files, ffree } = await statfs(place);
  const free = bavail * bsize;
  const size = `${Math.floor(free / MEGABYTE)} MB free`;
  if (free < ENOUGH_BYTES) {
    const judge = free < LEAST_BYTES ? failure : warning;
    found.push(judge(what, `${size}: when it is full, no lease is acknowledged`, `df -h ${place}`));
  }
  // Some file systems (btrfs) count no inodes and say 0 of 0.
  if (files > 0 && ffree < ENOUGH_INODES) found.push(warning(what, `only ${ffree} inodes free`, `df -i ${place}`));
  const kind = fileSystemAt(await readFile('/proc/self/mountinfo', 'utf8'), place);
  if (/^(nfs|cifs|smb|9p|fuse\.sshfs)/.test(kind)) {
    found.push(failure(what, `is on ${kind}, whose locks do not keep a database safe`, 'Use --data on a local disk.'));
  } else if (/^(tmpfs|ramfs|overlay)$/.test(kind)) {
    found.push(warning(what, `is on ${kind}: leases and grants are lost with it`, 'Use --data on a disk.'));
  }
  const state = place === folder ? '' : 'not there yet, made at the first start; ';
  return found.length > 0 ? found : [ok(what, `${state}${kind}, ${size}`)];
}

/** The folder, or the nearest above it that is there. */
async function nearestFolder(folder: string): Promise<string> {
  const found = await stat(folder).catch(() => undefined);
  return found?.isDirectory() || folder === dirname(folder) ? folder : nearestFolder(dirname(folder));
}

/** The type of the file system that a path is on, by /proc/self/mountinfo (proc(5)): the longest mount point wins. */
export function fileSystemAt(mountinfo: string, path: string): string {
  let best = { point: '', type: 'unknown' };
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const point = (before.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 8)),
    );
    const isAbove = point === '/' || path === point || path.startsWith(`${point}/`);
    if (point !== '' && isAbove && point.length >= best.point.length) best = { point, type: after.split(' ')[0] ?? '' };
  }
  return best.type;
}

/** Certificates, leases and the installed systems' clocks depend on it. */
export async function checkClock(): Promise<Finding[]> {
  const now = new Date();
  const text = `${now.toISOString().slice(0, 16)} UTC`;
  if (now.getUTCFullYear() < 2025) {
    return [failure('clock', `says ${text}, which cannot be`, 'Set it: timedatectl set-time, or an NTP client.')];
  }
  const synchronised = await isSynchronised();
  if (synchronised === undefined) return [ok('clock', `${text}; whether it follows a time server cannot be seen here`)];
  if (synchronised) return [ok('clock', `${text}, follows a time server`)];
  return [warning('clock', `${text}, follows no time server`, 'timedatectl set-ntp true, or install chrony')];
}

async function isSynchronised(): Promise<boolean | undefined> {
  const answer = await output('timedatectl', ['show', '--property=NTPSynchronized', '--value']);
  if (answer?.trim() === 'yes') return true;
  const chrony = await output('chronyc', ['-c', 'tracking']);
  // The second field is the reference's name, empty while there is none; the last is the leap status.
  if (chrony !== undefined) return !/Not synchronised|,$/.test(chrony.trim());
  return answer?.trim() === 'no' ? false : undefined;
}

/** What a program prints; undefined: it is not there, or failed. */
export function output(program: string, args: readonly string[]): Promise<string | undefined> {
  const env = { ...process.env, LC_ALL: 'C', PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };
  return new Promise((resolve) => {
    execFile(program, args, { env, timeout: 10_000, maxBuffer: 16 * MEGABYTE }, (error, stdout) =>
      resolve(error ? undefined : stdout),
    );
  });
}

/** The account that the server becomes, the rights to begin with, and koffi. */
export async function checkAccount(settings: Settings, status: Status | undefined): Promise<Finding[]> {
  const found: Finding[] = [];
  const { user } = settings.server;
  const account = parseAccount(readFileSync('/etc/passwd', 'utf8'), user);
  if (account === undefined) {
    const text = `there is no account "${user}": the server would go on as root`;
    found.push(warning('account', text, 'sudo ./rackready setup'));
  } else found.push(ok('account', `the server becomes ${user} (uid ${account.uid})`));
  if (process.getuid?.() !== 0 && status === undefined) {
    found.push(warning('privileges', 'not root: some things here cannot be seen', 'Run the same with sudo.'));
  }
  if ((await loadNative()) !== undefined)
    found.push(ok('koffi', 'loaded: sockets per interface, ARP probes, raw frames'));
  else {
    const text = 'is not there: one interface only, replies by broadcast, no ARP probes';
    found.push(warning('koffi', text, 'npm ci in the folder of rackready'));
  }
  return found;
}

/** Settings of the kernel, only where they matter. */
export function checkKernelSettings({ networks }: Settings, read: (name: string) => string = readSysctl): Finding[] {
  const found: Finding[] = [];
  const routed = networks.find(({ router, address }) => router === address);
  if (routed && read('net/ipv4/ip_forward') === '0') {
    const text = `this host is the router of network ${routed.name}, and forwards nothing`;
    found.push(warning('ip_forward', text, 'sysctl -w net.ipv4.ip_forward=1, and rules for it'));
  }
  const relayed = networks.find((network) => network.interface === undefined);
  const entrances = ['all', ...networks.flatMap((network) => network.interface ?? [])];
  // 1 drops what comes in by another interface than the way back goes; the higher of "all" and the interface's own counts.
  const strict = entrances.filter((name) => read(`net/ipv4/conf/${name}/rp_filter`) === '1');
  if (relayed && strict.length > 0) {
    const text = `is strict on ${strict.join(', ')}: requests that relays send for network ${relayed.name} may be dropped`;
    found.push(warning('rp_filter', text, 'sysctl -w net.ipv4.conf.all.rp_filter=2'));
  }
  return found;
}

function readSysctl(name: string): string {
  try {
    return readFileSync(`/proc/sys/${name}`, 'utf8').trim();
  } catch {
    return '';
  }
}
