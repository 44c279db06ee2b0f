/**
 * npm run e2e:install [-- bios|uefi-x64|mac|sparse …] [-- --mirror FOLDER]
 *
 * One complete unattended installation on the virtual rack for each firmware: from power-on over the real installer to a
 * login by SSH, and a second power-on that must not install again. Takes half an hour or more without KVM. The record
 * of steps and times is written to docs/records/. Without a name: bios and uefi-x64.
 *
 * `mac` is an Intel Mac: the fake one speaks NetBoot up to the file that it loads, EDK2 starts that very file in its place,
 * and after the installation the N key is held once more, which must lead to the disk.
 *
 * The packages come from a folder that is served as it is. With `sparse` they come from one of our mirrors, which knows all of
 * Debian 13, with Debian's own signatures, and fetches what it is asked for: at most 400 MB may be on the disk in the end.
 */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { translation } from '../../src/lab/accel.ts';
import { assembleMirror, isAssembled } from '../../src/lab/debian-mirror.ts';
import { isEnclosed, probeEnclosure, runEnclosed } from '../../src/lab/enclose.ts';
import { INSTALL_DOMAIN, type InstallMachine, renderInstallConfig } from '../../src/lab/install-config.ts';
import { phrase } from '../../src/lab/mac/phrase.ts';
import type { Told } from '../../src/lab/mac/told.ts';
import type { LabMachine } from '../../src/lab/machine.ts';
import type { ServerEvent } from '../../src/lab/milestones.ts';
import { openRack, type Rack } from '../../src/lab/rack.ts';
import { type ServerChild, startServerChild } from '../../src/lab/server-child.ts';
import { askBySsh, makeSshKey } from '../../src/lab/ssh-login.ts';
import { mac } from '../../src/net/mac.ts';
import { efiDiskOf, netBoot } from '../support/mac-netboot.ts';
import { findDebian, openWayOut, serveUpstream, UPSTREAM_PORT } from './upstream.ts';

const root = resolve(import.meta.dirname, '..', '..');
const MINUTE = 60_000;
/** What a sparse mirror may have on the disk after an installation. */
const SPARSE_BYTES = 400e6;

interface Subject extends InstallMachine {
  /** What it is called on the command line and in its record. */
  readonly what: 'bios' | 'uefi-x64' | 'mac' | 'sparse';
  readonly firmware: 'bios' | 'uefi-x64';
}

const subjects: readonly Subject[] = [
  { what: 'bios', name: 'box-bios', firmware: 'bios', mac: mac('02:00:ac:16:0a:61'), address: '172.22.10.61' },
  { what: 'uefi-x64', name: 'box-uefi', firmware: 'uefi-x64', mac: mac('02:00:ac:16:0a:62'), address: '172.22.10.62' },
  {
    ...{ what: 'mac', name: 'box-mac', firmware: 'uefi-x64', mac: mac('02:00:ac:16:0a:63'), address: '172.22.10.63' },
    model: 'Macmini6,2',
  },
  {
    ...{ what: 'sparse', name: 'box-sparse', firmware: 'bios', mac: mac('02:00:ac:16:0a:65'), address: '172.22.10.65' },
    profile: 'from-sparse',
  },
];
const USUAL = ['bios', 'uefi-x64'];

/** One line of the record: what happened, and when after power-on. */
interface Step {
  readonly seconds: number;
  readonly text: string;
}

async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { mirror: text, upstream: text } });
  const wanted = positionals.length === 0 ? USUAL : positionals;
  const chosen = subjects.filter(({ what }) => wanted.includes(what));
  if (chosen.length < wanted.length) throw new Error(`expected ${subjects.map(({ what }) => what).join(', ')}`);
  // What another mirror has in the common pool, a sparse one would not have to fetch.
  const isSparse = wanted.includes('sparse');
  if (isSparse && wanted.length > 1) throw new Error('sparse runs alone');
  if (!isEnclosed()) return enterRack(wanted, isSparse, values.mirror);
  return installAll(chosen, resolve(values.mirror ?? ''), values.upstream);
}

/** Runs this program once more, in namespaces of its own. The upstream of a sparse mirror stays outside. */
async function enterRack(wanted: readonly string[], isSparse: boolean, given: string | undefined): Promise<number> {
  const mirror = resolve(given ?? (await findMirror()));
  const enclosure = probeEnclosure();
  if (enclosure.kind === 'impossible') throw new Error(enclosure.reason);
  const argv = [process.execPath, import.meta.filename, ...wanted, '--mirror', mirror];
  if (!isSparse) return runEnclosed(enclosure, argv);
  const socket = join(mkdtempSync(join(tmpdir(), 'upstream-')), 'socket');
  const upstream = await serveUpstream(socket, join(mirror, 'debian'), await findDebian());
  try {
    return await runEnclosed(enclosure, [...argv, '--upstream', socket]);
  } finally {
    console.log(`the upstream was asked ${upstream.requests()} times`);
    upstream.close();
  }
}

async function installAll(chosen: readonly Subject[], mirror: string, upstream: string | undefined): Promise<number> {
  const rack = await openRack({ accelerator: translation });
  const folder = mkdtempSync(join(tmpdir(), 'install-'));
  chmodSync(folder, 0o755);
  await makeSshKey(join(folder, 'key'));
  const config = join(folder, 'conf');
  mkdirSync(config);
  const machines = upstream === undefined ? subjects.filter(({ profile }) => profile === undefined) : chosen;
  const sshKey = readFileSync(join(folder, 'key.pub'), 'utf8').trim();
  writeFileSync(join(config, 'rack.yaml'), renderInstallConfig(mirror, sshKey, machines));
  if (upstream !== undefined) writeFileSync(join(config, 'mirror.yaml'), renderSparse(mirror));
  const wayOut = upstream === undefined ? undefined : await openWayOut(upstream);
  const data = join(folder, 'data');
  const server = startServerChild({ config, data, args: [] });
  const started = await server.waitFor('the server', ({ id }) => id === 'server.started', AbortSignal.timeout(MINUTE));
  console.log(started.text);
  try {
    if (wayOut) console.log(await rackready(data, 'mirror', 'sync', 'debian-13'));
    const results = await Promise.allSettled(chosen.map((subject) => install(subject, { rack, server, folder })));
    for (const result of results) if (result.status === 'rejected') console.error(result.reason);
    return results.every(({ status }) => status === 'fulfilled') ? 0 : 1;
  } finally {
    await server.stop();
    wayOut?.close();
    await rack.close();
  }
}

/** A small Debian 13 mirror out of this machine's own apt source. Kept for the next run. */
async function findMirror(): Promise<string> {
  const folder = join(tmpdir(), 'rackready-debian-13');
  if (isAssembled(folder)) return folder;
  const code = await assembleMirror({ folder });
  if (code !== 0) throw new Error(`the mirror in ${folder} could not be assembled (exit code ${code})`);
  return folder;
}

/** A sparse mirror of Debian 13, and the profile that is installed from it. */
function renderSparse(folder: string): string {
  return `mirrors:
  debian-13:
    os: debian-13
    from: http://127.0.0.1:${UPSTREAM_PORT}/debian
    mode: sparse
    suites: [trixie, trixie-lab]
    # The installer itself is that of the other suite, which was assembled on this host and has a key of its own.
    exclude: ["dists/trixie/**/debian-installer/**", "**/installer-amd64/**"]
    keys: [/usr/share/keyrings/debian-archive-keyring.gpg, ${folder}/lab-key.gpg]
    allowMissing: [Release]
profiles:
  from-sparse:
    os: debian-13
    kernel: ${folder}/linux
    initrd: ${folder}/initrd
    source: mirror:debian-13
    arguments: mirror/udeb/suite=trixie-lab base-installer/install-recommends=false --- console=ttyS0
    install: once
`;
}

/** The command, as its user types it; its output. */
async function rackready(data: string, ...args: string[]): Promise<string> {
  const main = join(root, 'src', 'cli', 'main.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...args, '--data', data]);
  return stdout;
}

interface Ground {
  readonly rack: Rack;
  readonly server: ServerChild;
  readonly folder: string;
}

async function install(subject: Subject, ground: Ground): Promise<void> {
  const record = openRecord(subject, ground.server);
  try {
    const { name, firmware, model } = subject;
    const order = { name, mac: subject.mac, firmware } as const;
    const efiDisk = model === undefined ? undefined : await loadAsMac(subject, ground, record);
    const first = await ground.rack.powerOn({ ...order, diskGb: 6, ...(efiDisk !== undefined && { efiDisk }) });
    await record.until('answer.fetched', 15 * MINUTE, first);
    await record.until('install.started', 5 * MINUTE, first);
    await record.until('install.reported', 90 * MINUTE, first);
    const end = await first.ended;
    record.note(`the installer ended: ${end.reason}`);
    const image = join(dirname(first.serialLog), `${name}.disk`);
    for (const time of ['first', 'second'] as const) {
      if (model !== undefined) await findNothingAsMac(subject, ground, record);
      // A Mac's firmware asks no PXE server: it starts its disk when NetBoot has nothing.
      const isMac = model !== undefined;
      const machine = await ground.rack.powerOn({
        ...order,
        disk: { image },
        keepsVariables: isMac,
        bootsFrom: isMac ? 'disk' : 'network',
      });
      const how = model === undefined ? 'network first' : 'from its disk';
      record.note(`powered on for the ${time} time after the installation, ${how}`);
      if (model === undefined) {
        await record.until('boot.config', 5 * MINUTE, machine, ({ data }) => data?.decision === 'local');
      }
      if (time === 'first') await record.until('install.done', 15 * MINUTE, machine);
      record.note(await login(subject, ground.folder));
      await machine.stop();
    }
    if (subject.what === 'sparse') record.note(await sizeOfMirror(ground.folder));
    const grants = record.events().filter(({ id }) => id === 'install.granted').length;
    if (grants !== 1) throw new Error(`${subject.name}: ${grants} grants, expected one`);
    record.write('installed, and not installed again');
  } catch (error) {
    record.write(`failed: ${error instanceof Error ? error.message : error}`);
    throw error;
  }
}

/** What is on the disk of the sparse mirror: all its files, each once. */
async function sizeOfMirror(folder: string): Promise<string> {
  const pool = join(folder, 'data', 'mirrors', 'pool');
  const { stdout } = await promisify(execFile)('du', ['--summarize', '--bytes', pool]);
  const bytes = Number.parseInt(stdout, 10);
  if (!(bytes < SPARSE_BYTES)) throw new Error(`the sparse mirror has ${bytes} bytes, more than ${SPARSE_BYTES}`);
  return `the mirror's pool has ${Math.round(bytes / 1e6)} MB`;
}

type Record = ReturnType<typeof openRecord>;

function holdN({ name, mac: address, model = '' }: Subject, { rack }: Ground, record: Record, tries?: number) {
  const onTold = (told: Told) => record.note(`Mac: ${phrase(told).join(' ')}`);
  return netBoot(rack, { name, mac: address, model, onTold, ...(tries !== undefined && { tries }) });
}

/** The Mac's own firmware up to the file, which EDK2 then starts byte for byte. */
async function loadAsMac(subject: Subject, ground: Ground, record: Record): Promise<string> {
  const loaded = await holdN(subject, ground, record);
  const folder = efiDiskOf(loaded, 'BOOTX64.EFI');
  record.note('EDK2 starts the file that the Mac loaded');
  return folder;
}

/** With nothing granted, the N key leads to the disk. */
async function findNothingAsMac(subject: Subject, ground: Ground, record: Record): Promise<void> {
  const { outcome, story } = await holdN(subject, ground, record, 2);
  if (outcome.kind !== 'no-image')
    throw new Error(`${subject.name} was offered something after its installation:\n${story}`);
}

/** Logs in with the configured key and asks the system what it is. Tries until the machine is up. */
async function login({ address, name }: Subject, folder: string): Promise<string> {
  const ask =
    'hostname -f; ip -4 -o address show scope global | grep -o "inet [0-9./]*"; sudo -n true && echo sudo works; . /etc/os-release; echo "$PRETTY_NAME"; ' +
    // File systems by UUID, the card named by the file that the installation left, the boot loader's disk by its lasting name.
    'grep -q "^/dev/" /etc/fstab || echo "no /dev/ in fstab"; grep -o "root=UUID" /proc/cmdline; ' +
    'udevadm info -q property /sys/class/net/e* | grep -o "^ID_NET_LINK_FILE=.*rackready.*"; ' +
    '[ -d /sys/firmware/efi ] || sudo grep -A9 "^Name: grub-pc/install_devices$" /var/cache/debconf/config.dat | grep -o "^Value: .*"';
  const answer = await askBySsh({ user: 'admin', address, keyFile: join(folder, 'key') }, ask, 60);
  const said = answer.trim().split('\n').join('; ');
  const lasting = ['no /dev/ in fstab', 'root=UUID', '/etc/systemd/network/10-rackready-'];
  const identity = [`${name}.${INSTALL_DOMAIN}`, `inet ${address}/24`, 'sudo works', 'Debian GNU/Linux 13'];
  for (const wanted of [...identity, ...lasting]) {
    if (!said.includes(wanted)) throw new Error(`${name} says "${said}", without "${wanted}"`);
  }
  return `answers SSH with the configured key: ${said}`;
}

function openRecord(subject: Subject, server: ServerChild) {
  const start = Date.now();
  const steps: Step[] = [];
  const note = (text: string) => {
    steps.push({ seconds: Math.round((Date.now() - start) / 1000), text });
    console.log(`${subject.name} +${Math.round((Date.now() - start) / 1000)} s: ${text}`);
  };
  const isOurs = (event: ServerEvent) => event.machine === subject.name;
  server.onEvent((event) => {
    if (isOurs(event) && !event.id.startsWith('http.')) note(event.text);
  });
  let seen = 0;
  return {
    note,
    events: () => server.events.filter(isOurs),
    /** The next event of that kind, after those that were waited for before. */
    async until(
      id: string,
      timeoutMs: number,
      machine: LabMachine,
      accept: (event: ServerEvent) => boolean = () => true,
    ) {
      const from = seen;
      const found = server.waitFor(
        `${id} of ${subject.name}`,
        (event) => server.events.indexOf(event) >= from && isOurs(event) && event.id === id && accept(event),
        AbortSignal.timeout(timeoutMs),
      );
      const gone = machine.ended.then(({ reason }) => Promise.reject(new Error(`${subject.name} is gone: ${reason}`)));
      // It ends, too, after what is waited for has come: nobody listens to this one then.
      gone.catch(() => undefined);
      const console = () => machine.console.tail(40).join('\n');
      const event = await Promise.race([
        found,
        id === 'install.reported' || id === 'install.done' ? found : gone,
      ]).catch((error: Error) => {
        throw new Error(`${error.message}\n${console()}`);
      });
      seen = server.events.indexOf(event) + 1;
    },
    write(outcome: string) {
      const folder = join(root, 'docs', 'records');
      mkdirSync(folder, { recursive: true });
      const rows = steps.map(({ seconds, text }) => `| ${seconds} | ${text.replaceAll('|', '\\|')} |`);
      const lines = [
        `# A complete installation: ${subject.what}`,
        '',
        `Made by \`npm run e2e:install\` on ${new Date().toISOString().slice(0, 10)}: ${outcome}.`,
        `QEMU without KVM, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Linux ${release().split('-')[0]}. Seconds count from the first power-on.`,
        '',
        '| s | what happened |',
        '| ---: | --- |',
        ...rows,
        '',
      ];
      writeFileSync(join(folder, `install-${subject.what}.md`), lines.join('\n'));
    },
  };
}

process.exitCode = await main();
