import assert from 'node:assert/strict';
import { classifyClient } from '../../src/boot/classify.ts';
import type { LoaderCatalog } from '../../src/boot/loaders.ts';
import { type Emit, type EventData, type RecordedEvent, recordEvent, type Subject } from '../../src/event/event.ts';
import { createBootRequestHandler } from '../../src/http/boot/answer-request.ts';
import type { Network } from '../../src/lease/network.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { formatIpv4, ipv4, parseIpv4 } from '../../src/net/ipv4.ts';
import { type Mac, mac } from '../../src/net/mac.ts';
import { parseUuid } from '../../src/net/uuid.ts';
import { answerBoot } from '../../src/serve/dhcp/boot-answer.ts';
import { createDhcpService } from '../../src/serve/dhcp/service.ts';
import { createStrangers } from '../../src/serve/dhcp/strangers.ts';
import { createRack } from '../boot-rack.ts';
import {
  type Capture,
  type Conditions,
  catalogOf,
  folderOf,
  type Happening,
  type HttpLine,
  networksOf,
  OURS,
  type Packet,
  sizeOf,
} from './capture.ts';
import { book } from './dhcp.ts';
import { macContext, memoryMacs } from './macs.ts';
import { openTftp } from './replay-tftp.ts';

/*
 * Traffic in the format of test/fixtures/netboot-captures.json, put through the functions that serve it, with a clock of its
 * own: DHCP through the service, TFTP through the resolver and the transfer's state machine, HTTP through the boot listener's
 * decisions. What comes out is the events that the server would have told. Replies in a capture that are ours are left out:
 * the functions make their own.
 */

export const SM1 = mac('00:25:90:96:c4:9a');
export const START = 1_700_000_000_000;
const TOLD_FROM_BYTES = 1024 * 1024;

/** The machines of the captures, by the address that each has in its own. */
const ADDRESSES: Readonly<Record<string, string>> = {
  '00:25:90:96:c4:9a': '172.22.10.30',
  '00:25:90:96:c4:9b': '172.22.10.5',
  '00:25:90:96:c4:9c': '172.22.10.6',
  '00:25:90:96:c4:9e': '172.22.10.8',
  '00:25:90:96:c4:a1': '172.22.10.11',
  '00:25:90:96:c4:a2': '172.22.10.12',
  '00:25:90:96:c4:d1': '172.22.10.7',
};

function machinesOf({ machine = {} }: Conditions): Machine[] {
  return Object.entries(ADDRESSES).map(([text, address], index) => ({
    name: `sm${index + 1}`,
    // The first has a second card.
    macs: index === 0 ? [mac(text), mac('00:25:90:96:c4:af')] : [mac(text)],
    address: ipv4(address),
    hostName: `sm${index + 1}`,
    domain: 'lonimbus.com',
    profile: 'debian-12',
    kind: 'pc',
    secureBoot: false,
    addressing: 'dhcp',
    loader: 'auto',
    vars: {},
    ...(index === 0 && machine),
    ...(text.endsWith('9e') && { uuid: parseUuid('11223344-5566-7788-99aa-bbccddeeff00') }),
  }));
}

/** Replays a capture to its end and `untilSeconds` beyond it. Returns the events and the clock's last reading. */
export async function replay(capture: Capture, untilSeconds = 0): Promise<{ events: RecordedEvent[]; now: number }> {
  const world = createWorld(capture);
  const steps = [
    ...(capture.dhcp ?? []).map((packet) => ({ t: Number(packet.t), run: () => world.dhcp(packet) })),
    ...(capture.tftp ?? []).map((packet) => ({ t: Number(packet.t), run: () => world.tftp(packet) })),
    ...(capture.http ?? []).map((line) => ({ t: Number(line.t), run: () => world.http(line) })),
    ...(capture.also ?? []).map((happening) => ({ t: happening.t, run: () => world.also(happening) })),
  ].sort((one, other) => one.t - other.t);
  for (const { t, run } of steps) {
    world.passTo(START + t * 1000);
    await run();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const end = START + (steps.at(-1)?.t ?? 0) * 1000 + untilSeconds * 1000;
  world.passTo(end);
  return { events: world.events, now: end };
}

function createWorld(capture: Capture) {
  const { conditions = {}, hasAcks = false } = capture;
  const events: RecordedEvent[] = [];
  const leases: Record<string, Mac> = {};
  for (const [address, owner] of Object.entries(conditions.holds ?? {})) leases[address] = mac(owner);
  const machines = machinesOf(conditions);
  const machineByMac = (value: Mac) => machines.find(({ macs }) => macs.includes(value));
  let now = START;
  const record: Emit = (id, subject, data) => {
    const named = nameSubject(subject);
    if (id === 'dhcp.ack' && named.mac && named.address) leases[named.address] = named.mac;
    events.push(recordEvent({ seq: events.length + 1, time: Math.round(now) }, id, named, data));
  };
  const nameSubject = (subject: Subject): Subject => {
    const owner = subject.mac ?? (subject.address === undefined ? undefined : leases[subject.address]);
    const machine = subject.machine ?? (owner && machineByMac(owner)?.name);
    return { ...subject, ...(owner && { mac: owner }), ...(machine && { machine }) };
  };
  const networks = networksOf(conditions);
  const catalog = catalogOf(conditions);
  const folder = folderOf(capture);
  const rack = createRack({
    machines,
    leases,
    catalog,
    folder,
    emit: record,
    settings: { networks },
    ...(conditions.missingFiles && { missingFiles: conditions.missingFiles }),
    ...(conditions.brokenTemplate && { readTemplate: () => 'd-i passwd/user {{ machine.nonsense }}\n{% if %}' }),
  });
  const dhcp = openDhcp({ networks, machines, machineByMac, catalog, conditions, record, now: () => now });
  const tftp = openTftp({
    rack,
    record,
    hasAcks,
    conditions,
    sizeOf: (path, name) => sizeOf(capture, path, name),
    clock: () => now,
  });
  const handler = createBootRequestHandler({
    ...rack.files,
    resolveMirror: () => ({ missing: 'no mirrors here' }),
  });
  const ends: { readonly at: number; readonly tell: () => void }[] = [];
  const answer = async (line: HttpLine) => {
    if (line.method === '') return;
    const [path = '', query = ''] = line.uri.split('?');
    const plain = path.replace(/\/+/g, '/');
    const headers = { 'user-agent': line.ua };
    const decided = await handler.answer({
      id: 1,
      method: line.method,
      path: plain,
      query,
      headers,
      remoteAddress: line.src,
      network: 'management',
    });
    const end = tellHttp(record, line, plain, decided, (at) => sizeOf(capture, at));
    if (line.took === undefined) end();
    else ends.push({ at: now + line.took * 1000, tell: end });
    if (decided.kind === 'text' && decided.confirm) handler.sent(decided.confirm);
  };
  return {
    events,
    passTo: (time: number) => {
      tftp.passTo(time, (at) => {
        now = at;
      });
      for (const end of ends.filter(({ at }) => at <= time)) {
        now = end.at;
        end.tell();
        ends.splice(ends.indexOf(end), 1);
      }
      now = time;
      rack.clock.now = time;
    },
    dhcp,
    tftp: tftp.packet,
    http: answer,
    also: (happening: Happening) => {
      if (happening.do === 'grant')
        return rack.step('sm1', { kind: 'granted', token: 'TOKEN', profile: 'debian-12', via: 'command' });
      if (happening.do === 'cancel') return rack.step('sm1', { kind: 'cancelled' });
      const { id, subject = {}, data = {} } = happening;
      if (id !== undefined) record(id, subject, data as EventData<typeof id>);
      return undefined;
    },
  };
}

interface DhcpParts {
  readonly networks: readonly Network[];
  readonly machines: readonly Machine[];
  readonly machineByMac: (value: Mac) => Machine | undefined;
  readonly catalog: LoaderCatalog;
  readonly conditions: Conditions;
  readonly record: Emit;
  readonly now: () => number;
}

function openDhcp({ networks, machineByMac, catalog, conditions, record, now }: DhcpParts) {
  const policy = { loaders: catalog, httpPort: 80, unknown: conditions.unknownMachines ?? 'local' } as const;
  const service = createDhcpService({
    book: book(networks),
    store: { load: async () => [], commit: async (changes) => changes.map(() => ({ kind: 'written' })) },
    macs: memoryMacs(),
    emit: record,
    now,
    setup: () => ({
      networks,
      machineByMac,
      classify: classifyClient,
      answerBoot: (client, at, machine) => answerBoot(policy, client, at, machine),
      mac: macContext(),
    }),
    send: () => {},
    isInUse: async () => false,
    isOwnMac: () => false,
  });
  const strangers = createStrangers(record, (address) => formatIpv4(address) === OURS);
  const [first] = networks;
  assert.ok(first);
  return (packet: Packet) => {
    const bytes = Buffer.from(packet.hex, 'hex');
    const address = parseIpv4(packet.src) ?? ipv4('0.0.0.0');
    if (bytes[0] === 1) {
      const port = Number(packet.dport) === 4011 ? 4011 : 67;
      service.receive(bytes, { interface: 'br0', source: { address, port: Number(packet.sport ?? 68) }, port });
    } else if (packet.src !== OURS) {
      strangers.hear({ payload: bytes, source: address, sourceMac: mac('02:00:00:00:00:03') }, first, now());
    }
  };
}

type Decided = Awaited<ReturnType<ReturnType<typeof createBootRequestHandler>['answer']>>;

/** As the boot listener tells it. Returns what tells its end. */
function tellHttp(
  record: Emit,
  line: HttpLine,
  asked: string,
  decided: Decided,
  sizeAt: (path: string) => number,
): () => void {
  const subject: Subject = { network: 'management', address: line.src };
  const path = ('shownPath' in decided && decided.shownPath) || asked;
  const base = { method: line.method, path, userAgent: line.ua };
  if (decided.kind === 'refuse') {
    const { isExpected, near, status, reason, isTold } = decided;
    const missing = { ...base, expected: isExpected ?? false, ...(near !== undefined && { near }) };
    if (isTold) return () => undefined;
    if (isExpected === undefined) record('http.refused', subject, { ...base, status, reason });
    else record('http.not-found', subject, missing);
    return () => undefined;
  }
  const size = decided.kind === 'text' ? decided.text.length : sizeAt(decided.path);
  const isHead = line.method === 'HEAD';
  if (decided.kind === 'file' && size >= TOLD_FROM_BYTES && !isHead) {
    record('http.start', subject, { ...base, bytes: size });
  }
  const { method, sent, took = 0.001 } = line;
  return () => {
    if (sent !== undefined) record('http.aborted', subject, { method, path, bytes: sent, ofBytes: size });
    else record('http.done', subject, { ...base, status: 200, bytes: isHead ? 0 : size, ms: took * 1000 });
  };
}
