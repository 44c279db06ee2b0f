import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { translation } from '../../src/lab/accel.ts';
import { findInstaller } from '../../src/lab/demo-config.ts';
import { systemPath } from '../../src/lab/enclose.ts';
import type { LabMachine, MachineOptions } from '../../src/lab/machine.ts';
import type { ServerEvent } from '../../src/lab/milestones.ts';
import type { Rack, RackClient } from '../../src/lab/rack.ts';
import { mac } from '../../src/net/mac.ts';
import { cli } from '../../test/support/netboot.ts';
import { ip, openSegment, type Running, runProgram, startProgram } from '../../test/support/segment.ts';
import { newFolder, startServer, type TestServer } from '../../test/support/server.ts';
import { readPcap, type Seen } from './read-pcap.ts';

/*
 * A virtual rack as the replay's: the same network, the same machine sm1, and rackready as the server. What is recorded is what
 * passes the server's own card, after all filters of the bridge: what it hears, and what it says.
 */

export const SM1 = '00:25:90:96:c4:9a';
export const SM1_SECOND = '00:25:90:96:c4:af';
export const SERVER = '172.22.10.2';
export const OTHER = '172.22.10.3';
const OTHER_MAC = '02:00:00:00:00:03';
/** dhclient as the installer of CentOS 7 runs it, for `startDhclient`. */
export const AS_ANACONDA =
  'send vendor-class-identifier "anaconda-Linux 3.10.0-1160.el7.x86_64 x86_64"; send dhcp-client-identifier = hardware;';
const MINUTE = 60_000;

export interface Setting {
  readonly mode?: 'authoritative' | 'proxy';
  /** More keys of `dhcp`. */
  readonly dhcp?: string;
  readonly pool?: string;
  /** Keys of the machine beside its cards, address and profile. */
  readonly machine?: string;
  /** sm1 is not known here. */
  readonly isUnknown?: boolean;
  readonly profile?: string;
  /** In the operator's folder, in the place of debian-installer's own. `kernel` is a copy of that one. */
  readonly kernel?: string;
  /** What is put behind debian-installer's ramdisk. */
  readonly moreInitrd?: Uint8Array;
  readonly router?: string;
  /** Further keys of the configuration. */
  readonly more?: string;
  /** Further networks, a line each. */
  readonly networks?: string;
  /** Files of the operator's folder: content, the path of a file to copy, or a size. */
  readonly files?: Readonly<Record<string, Uint8Array | string | number>>;
}

/** What a scene may do. */
export interface Stage {
  readonly t: TestContext;
  readonly rack: Rack;
  readonly server: TestServer;
  /** Switches sm1 on. */
  powerOn(options: Partial<MachineOptions> & Pick<MachineOptions, 'firmware'>): Promise<LabMachine>;
  /** Switches sm1 on with the iPXE of its card, and off when it was told to boot from its disk: what comes then is its system. */
  bootFromDisk(): Promise<void>;
  /** The same with a grant, up to the ramdisk: what comes then is its installer. */
  loadInstaller(): Promise<void>;
  /** A plain host on the segment. */
  host(name: string, hardware: string): Promise<RackClient>;
  /** ISC dhcpd as the other server, with words for its subnet. Answers as fast as it can. */
  otherServer(words: string, place?: OtherPlace): Promise<Running>;
  /** The path of the operator's folder, or of a file in it. */
  folder(name?: string): string;
  grant(): Promise<void>;
  rackready(...args: string[]): Promise<unknown>;
  /** Rules of nft, of the bridge family unless they say otherwise. Returns what takes them away. */
  filter(rules: string): Promise<() => Promise<void>>;
  /** A program of this host, which must end well. */
  run(argv: readonly string[]): Promise<void>;
  ip(words: string): string;
  event(id: string, values?: Parameters<TestServer['event']>[1], timeoutMs?: number): Promise<ServerEvent>;
  next(id: string, values?: Parameters<TestServer['event']>[1], timeoutMs?: number): Promise<ServerEvent>;
  sleep(ms: number): Promise<void>;
}

interface OtherPlace {
  readonly address?: string;
  readonly subnet?: string;
  /** Without: it has no addresses to give, and refuses what it does not know all the same. */
  readonly hasAddresses?: boolean;
}

export interface Recording {
  readonly seen: readonly Seen[];
  readonly events: readonly ServerEvent[];
  /** Why the scene was not played to its end. */
  readonly failure?: unknown;
}

/** Builds the rack, has the scene played, and gives back what was heard and told. */
export async function record(
  t: TestContext,
  setting: Setting,
  play: (stage: Stage) => Promise<void>,
): Promise<Recording> {
  const rack = await openSegment(t, { accelerator: translation });
  const folder = newFolder('boot');
  chmodSync(folder, 0o755);
  for (const [name, content] of Object.entries(setting.files ?? {})) putFile(join(folder, name), content);
  const boots = putInstaller(setting, folder);
  const server = await startServer(t, { yaml: configOf(setting, folder, boots) });
  const file = join(newFolder('wire'), 'wire.pcap');
  const shark = startProgram(t, ['tcpdump', '-i', 'br0', '-U', '-s', '1600', '-Z', 'root', '-w', file, FILTER]);
  await shark.printed(/listening on/);
  const failure = await play(stageOf(t, { rack, server, folder })).catch((error: unknown) => error ?? 'unknown');
  await sleep(1_500);
  await shark.stop('SIGINT');
  return { seen: readPcap(readFileSync(file)), events: [...server.events], failure };
}

/** UDP, and what begins like a request or an answer of HTTP. */
const BEGINS = (word: number) => `tcp[((tcp[12] & 0xf0) >> 2):4] = 0x${word.toString(16)}`;
const FILTER = `udp or (tcp and (${[0x47455420, 0x48454144, 0x504f5354, 0x50555420, 0x48545450].map(BEGINS).join(' or ')}))`;

function putFile(path: string, content: Uint8Array | string | number): void {
  mkdirSync(dirname(path), { recursive: true });
  const isPath = typeof content === 'string' && content.startsWith('/');
  if (typeof content === 'number') {
    writeFileSync(path, '');
    truncateSync(path, content);
  } else writeFileSync(path, isPath ? readFileSync(content) : content);
}

interface Boots {
  readonly kernel: string;
  readonly initrd: string;
}

/** Debian's own files, or copies that a scene does something to. */
function putInstaller({ kernel, moreInitrd }: Setting, folder: string): Boots {
  const installer = findInstaller();
  if ('missing' in installer) throw new Error(`missing Debian package ${installer.missing}`);
  const boots = {
    kernel: kernel === undefined ? installer.kernel : join(folder, kernel),
    initrd: moreInitrd === undefined ? installer.initrd : join(folder, 'initrd'),
  };
  if (kernel !== undefined) putFile(boots.kernel, installer.kernel);
  if (moreInitrd) putFile(boots.initrd, Buffer.concat([readFileSync(installer.initrd), moreInitrd]));
  return boots;
}

function configOf(setting: Setting, folder: string, { kernel, initrd }: Boots): string {
  const { mode = 'authoritative', pool = '172.22.10.100-172.22.10.120', dhcp = '', machine = '' } = setting;
  const pools = mode === 'proxy' ? '' : `, conflictProbe: false, pools: [{ range: ${pool} }]`;
  const address = mode === 'proxy' ? '' : ' address: 172.22.10.30,';
  const named = `macs: ["${SM1}", "${SM1_SECOND}"],${address} profile: debian-12`;
  return `
server: { bootFolder: ${folder} }
networks:
  management:
    interface: br0
    subnet: 172.22.10.0/24
    address: ${SERVER}
    router: ${setting.router ?? SERVER}
    dhcp: { mode: ${mode}${pools}${dhcp && `, ${dhcp}`} }
${setting.networks ?? ''}
profiles:
  debian-12:
    os: debian-12
    kernel: ${kernel}
    initrd: ${initrd}
    install: manual
${setting.profile ?? `    arguments: console=ttyS0\n    source: http://${SERVER}/debian\n`}
${setting.isUnknown ? '' : `machines:\n  sm1: { ${named}${machine && `, ${machine}`} }\n`}
${setting.more ?? ''}`;
}

function stageOf(t: TestContext, { rack, server, folder }: { rack: Rack; server: TestServer; folder: string }): Stage {
  const powerOn: Stage['powerOn'] = async (options) => {
    const machine = await rack.powerOn({ name: 'sm1', mac: mac(SM1), ...options });
    t.after(() => machine.stop());
    return machine;
  };
  const bootTo = async (path: string | RegExp) => {
    const machine = await powerOn({ firmware: 'bios' });
    await server.event('http.done', { path }, 3 * MINUTE);
    await sleep(1_000);
    await machine.stop();
  };
  return {
    t,
    rack,
    server,
    powerOn,
    bootFromDisk: () => bootTo('/ipxe/boot.ipxe'),
    async loadInstaller() {
      await cli(server, 'install', 'sm1');
      await bootTo(/initrd$/);
    },
    host: (name, hardware) => rack.addClient(name, { mac: hardware }),
    async otherServer(words, { address = OTHER, subnet = '172.22.10', hasAddresses = true } = {}) {
      const client = await rack.addClient('isc', { mac: OTHER_MAC });
      ip(`-n ${client.namespace} address add ${address}/24 dev ${client.interfaceName}`);
      const place = newFolder('dhcpd');
      const range = hasAddresses ? `range ${subnet}.100 ${subnet}.120;` : '';
      const text = `authoritative; ping-check off;\nsubnet ${subnet}.0 netmask 255.255.255.0 { ${range} ${words} }\n`;
      writeFileSync(join(place, 'dhcpd.conf'), text);
      writeFileSync(join(place, 'leases'), '');
      const files = ['-cf', join(place, 'dhcpd.conf'), '-lf', join(place, 'leases'), '-pf', join(place, 'pid')];
      const dhcpd = startProgram(t, [...client.prefix, 'dhcpd', '-4', '-d', ...files, client.interfaceName]);
      await dhcpd.printed(/Server starting service/);
      return dhcpd;
    },
    folder: (name = '') => join(folder, name),
    grant: async () => void (await cli(server, 'install', 'sm1')),
    rackready: (...args) => cli(server, ...args),
    async filter(rules) {
      const made = await runProgram(['nft', /^table/.test(rules) ? rules : `table bridge lab { ${rules}; }`]);
      if (made.code !== 0) throw new Error(made.text);
      return async () => void (await runProgram(['nft', 'delete table bridge lab']));
    },
    async run(argv) {
      const { code, text } = await runProgram(argv);
      if (code !== 0) throw new Error(`${argv.join(' ')}: ${text}`);
    },
    ip,
    event: (id, values = {}, timeoutMs = 3 * MINUTE) => server.event(id, values, timeoutMs),
    next: (id, values = {}, timeoutMs = 3 * MINUTE) => server.nextEvent(id, values, timeoutMs),
    sleep: (ms) => sleep(ms),
  };
}

/** "ovmf 2022.11-6+deb12u2" */
export function versionOf(debianPackage: string): string {
  const env = { ...process.env, PATH: systemPath() };
  const shown = execFileSync('dpkg-query', ['-W', debianPackage], { encoding: 'utf8', env });
  return shown
    .trim()
    .replace(/:\w+\t/, ' ')
    .replace('\t', ' ');
}
