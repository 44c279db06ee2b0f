import { existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { findConfiguration, loadSettings } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import type { Settings } from '../config/settings.ts';
import { attachClient } from '../lab/attach.ts';
import { isEnclosed, probeEnclosure, runEnclosed } from '../lab/enclose.ts';
import { type ForeignServer, startForeignServer } from '../lab/mac/foreign-server.ts';
import type { MacOrder } from '../lab/mac/order.ts';
import { startMac } from '../lab/mac/run-mac.ts';
import type { Outcome } from '../lab/mac/told.ts';
import { createSubjectFilter, type ServerEvent } from '../lab/milestones.ts';
import { openRack, type Rack, type RackClient } from '../lab/rack.ts';
import { type ServerChild, startServerChild } from '../lab/server-child.ts';
import type { Network } from '../lease/network.ts';
import type { Machine } from '../machine/machine.ts';
import { formatIpv4, type Ipv4 } from '../net/ipv4.ts';
import { ProvisionError } from '../net/provision-error.ts';
import { broadcastOf } from '../net/subnet.ts';
import { contradiction, grantNote, type MacOptions, modelNote, planMac, planNetwork } from './lab-mac-plan.ts';
import { createMacReport, describeOrder, type MacReport } from './lab-mac-print.ts';

export interface LabMacOptions extends MacOptions {
  readonly config?: string | undefined;
  readonly save?: string | undefined;
  readonly verbose: boolean;
  readonly json: boolean;
}

/** sysexits(3). */
const EXIT = { refused: 1, usage: 64, noInput: 66, unavailable: 69, notPermitted: 77, config: 78, interrupted: 130 };
const START_TIMEOUT_MS = 120_000;

/** What ends a run before there is an outcome, with its exit code. */
class LabFailure extends Error {
  readonly exitCode: number;
  readonly hint: string;
  constructor(exitCode: number, message: string, hint: string) {
    super(message);
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** Runs the command and returns its exit code. */
export async function labMac(name: string | undefined, options: LabMacOptions): Promise<number> {
  const report = createMacReport(options.json);
  try {
    return await run(name, options, report);
  } catch (error) {
    if (error instanceof LabFailure) {
      report.fail({ code: codes[error.exitCode] ?? 'failed', message: error.message, hint: error.hint });
      return error.exitCode;
    }
    if (!(error instanceof ProvisionError)) throw error;
    report.fail({ code: error.code, message: error.message, hint: error.hint });
    return error.code === 'no-interface' ? EXIT.noInput : EXIT.unavailable;
  }
}

const codes: Readonly<Record<number, string>> = {
  [EXIT.refused]: 'not-found',
  [EXIT.usage]: 'usage',
  [EXIT.noInput]: 'no-input',
  [EXIT.unavailable]: 'unavailable',
  [EXIT.notPermitted]: 'not-permitted',
  [EXIT.config]: 'config-invalid',
  [EXIT.interrupted]: 'interrupted',
};

async function run(name: string | undefined, options: LabMacOptions, report: MacReport): Promise<number> {
  const wrong = contradiction(options);
  if (wrong !== undefined) throw new LabFailure(EXIT.usage, wrong, 'See: ./rackready lab mac --help');
  const place = options.interface === undefined ? 'private' : 'host';
  if (isEnclosed(process.env, place)) return runInside(name, options, report);
  // Mistakes are told before anything is built.
  await readConfiguration(name, options);
  if (place === 'host' && process.getuid?.() !== 0) {
    throw new LabFailure(EXIT.notPermitted, 'A real network can be joined by root only', 'Run it with sudo.');
  }
  const enclosure = probeEnclosure(place);
  if (enclosure.kind === 'impossible') {
    throw new LabFailure(EXIT.unavailable, enclosure.reason, 'Run it as root: sudo ./rackready lab mac');
  }
  const main = resolve(import.meta.dirname, 'main.ts');
  return runEnclosed(enclosure, [process.execPath, main, ...process.argv.slice(2)]);
}

interface Configuration {
  readonly path: string | undefined;
  readonly settings: Settings | undefined;
}

/** A real network needs no configuration, except for the machine's name. */
async function readConfiguration(name: string | undefined, options: LabMacOptions): Promise<Configuration> {
  const isNeeded = options.interface === undefined || name !== undefined || options.config !== undefined;
  if (!isNeeded) return { path: undefined, settings: undefined };
  const path = options.config ?? findConfiguration();
  if (path === undefined || !existsSync(path)) {
    const what = path === undefined ? 'No configuration was found' : `There is no configuration at ${path}`;
    throw new LabFailure(EXIT.noInput, what, 'Name one with --config PATH.');
  }
  const result = await loadSettings({ path });
  if (result.kind === 'settings') return { path: resolve(path), settings: result.settings };
  const errors = result.problems.filter(({ severity }) => severity === 'error').map(formatProblem);
  throw new LabFailure(
    EXIT.config,
    `The configuration ${path} has errors:\n${errors.join('\n')}`,
    'Mend the named lines.',
  );
}

async function runInside(name: string | undefined, options: LabMacOptions, report: MacReport): Promise<number> {
  const configuration = await readConfiguration(name, options);
  const plan = planMac(name, options, configuration.settings);
  if (plan.kind === 'problem') throw new LabFailure(EXIT.refused, plan.message, 'See: ./rackready machines');
  if (options.save !== undefined) mkdirSync(options.save, { recursive: true });
  const interrupted = new AbortController();
  const onSignal = () => interrupted.abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal);
  const site = await openSite({ configuration, machine: plan.machine, order: plan.order, options, report });
  try {
    report.note(describeOrder(plan.order));
    const note = modelNote(plan.order);
    if (note !== undefined) report.note(note);
    const mac = startMac(site.client, {
      order: plan.order,
      saveTo: options.save && resolve(options.save),
      onTold: report.take,
    });
    interrupted.signal.addEventListener('abort', () => void mac.stop(), { once: true });
    const outcome = await mac.outcome;
    report.end(outcome);
    return exitCodeOf(outcome);
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    throw new LabFailure(EXIT.interrupted, 'interrupted', 'Nothing is left behind.');
  } finally {
    await site.close();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal).off('SIGHUP', onSignal);
  }
}

function exitCodeOf(outcome: Outcome): number {
  return outcome.kind === 'boots' || outcome.kind === 'looked' ? 0 : EXIT.refused;
}

interface Site {
  readonly client: RackClient;
  close(): Promise<void>;
}

interface SiteOptions {
  readonly configuration: Configuration;
  readonly machine: Machine | undefined;
  readonly order: MacOrder;
  readonly options: LabMacOptions;
  readonly report: MacReport;
}

async function openSite(given: SiteOptions): Promise<Site> {
  const { order, options, report } = given;
  if (options.interface === undefined) return openVirtualSite(given);
  const client = await attachClient(options.interface, order.mac);
  const how = client.how === 'bridge' ? 'a port of this bridge' : 'a card beside the computer’s own (macvlan)';
  report.note(`on the network of ${options.interface}, by ${how}`);
  if (client.how === 'macvlan') report.note('a server on this very computer is not heard that way');
  return { client, close: async () => {} };
}

async function openVirtualSite({ configuration, machine, order, options, report }: SiteOptions): Promise<Site> {
  const { settings, path } = configuration;
  if (settings === undefined || path === undefined) throw new Error('A virtual rack is made for a configuration');
  const plan = planNetwork(settings, machine, options.network);
  if (plan.kind === 'problem') throw new LabFailure(EXIT.refused, plan.message, 'See: docs/configuration.md');
  const { network } = plan;
  const address = `${formatIpv4(network.address)}/${network.subnet.prefix}`;
  const rack = await openRack({ bridge: network.interface, address });
  const server = startServerChild({
    config: path,
    data: mkdtempSync(join(tmpdir(), 'rackready-data-')),
    args: ['--verbose'],
  });
  const others: ForeignServer[] = [];
  const close = async () => {
    for (const other of others) await other.stop();
    await server.stop();
    await rack.close();
  };
  try {
    const deadline = AbortSignal.timeout(START_TIMEOUT_MS);
    await server.waitFor('The start of the server', ({ id }) => id === 'server.started', deadline);
    report.note(`a virtual rack: ${network.name}, rackready at ${address} on ${network.interface}`);
    const note = grantNote(machine, settings);
    if (note !== undefined) report.note(note);
    for await (const other of addOthers(rack, network, options, report)) others.push(other);
    followServer(server, order, machine, options, report);
    return { client: await rack.addClient('mac', { mac: order.mac }), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The hosts that the configuration takes for granted, and the one that was asked for. */
async function* addOthers(
  rack: Rack,
  network: Network,
  { secondServer }: LabMacOptions,
  report: MacReport,
): AsyncGenerator<ForeignServer> {
  const { prefix } = network.subnet;
  const last = (broadcastOf(network.subnet) - 1) as Ipv4;
  const free = [last, last - 1, last - 2, last - 3].filter((one) => one !== network.address) as Ipv4[];
  const [office = last, macAddress = last, other = last] = free;
  if (network.dhcp.mode !== 'authoritative') {
    const order = { address: office, gives: { address: macAddress, prefix }, priority: 0, images: [], file: '' };
    yield await startForeignServer(await rack.addClient('office'), prefix, order);
    report.note(`another host, ${formatIpv4(office)}, gives out addresses, as dhcp.mode ${network.dhcp.mode} says`);
  }
  if (!secondServer) return;
  const order = {
    address: other,
    priority: 0xffff,
    images: [{ index: 1, name: 'Somebody else’s image' }],
    file: 'other.efi',
  };
  yield await startForeignServer(await rack.addClient('other'), prefix, order);
  report.note(`another NetBoot server, ${formatIpv4(other)}, offers an image with the highest priority`);
}

/** What the server says of this Mac. Without --verbose, what the Mac tells by itself is left out. */
function followServer(
  server: ServerChild,
  { mac }: MacOrder,
  machine: Machine | undefined,
  { verbose }: LabMacOptions,
  report: MacReport,
): void {
  const isOurs = createSubjectFilter(machine?.name ?? '', mac);
  const isNews = ({ id, level }: ServerEvent) => level !== 'debug' && !/^(dhcp|tftp)\./.test(id);
  server.onEvent((event) => {
    if (isOurs(event) && (verbose || isNews(event))) report.takeEvent(event);
  });
}
