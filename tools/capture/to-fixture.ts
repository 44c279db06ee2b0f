import { readFileSync, writeFileSync } from 'node:fs';
import { type Capture, type HttpLine, OURS, type Packet } from '../../test/support/capture.ts';
import type { Seen } from './read-pcap.ts';

/** What was on the wire, in the format of test/fixtures: without our own DHCP answers, without the files' blocks. */
export interface Traffic {
  readonly dhcp: readonly Packet[];
  readonly tftp: readonly Packet[];
  readonly http: readonly HttpLine[];
}

const DHCP_PORTS = [67, 68, 4011];
const SEARCHING = '0000ac160a02';
const RRQ = 1;
const DATA = 3;
const ACK = 4;
/** Acknowledgements that follow each other faster than this are counted instead of kept. */
const RUN_S = 0.4;
/** The transfer's timer must see in time that it goes on. */
const LONGEST_RUN_S = 0.8;

/** When the first packet was sent by a machine, in seconds since 1970. */
export function startOf(seen: readonly Seen[]): number {
  const first = seen.find((one) => one.over === 'udp' && DHCP_PORTS.includes(one.dport) && !isOurs(one));
  return first?.time ?? seen[0]?.time ?? 0;
}

/** Times count from the first packet that a machine sent. */
export function toTraffic(seen: readonly Seen[]): Traffic {
  const start = startOf(seen);
  const udp = seen.filter(({ over }) => over === 'udp');
  const isDhcp = ({ sport, dport }: Seen) => DHCP_PORTS.includes(sport) || DHCP_PORTS.includes(dport);
  return {
    dhcp: udp.filter((one) => isDhcp(one) && !isOurs(one)).map((one) => toPacket(one, start)),
    tftp: thin(tftpIn(udp.filter((one) => !isDhcp(one))), start),
    http: httpIn(seen, start),
  };
}

/** What the server sent, also when it looks for other servers: with its own address marked as another. */
function isOurs({ src, payload }: Seen): boolean {
  return src === OURS || payload.toString('hex', 28, 34) === SEARCHING;
}

/** Who has which address of another server, as far as its answers were heard here. */
export function holdsIn(seen: readonly Seen[]): Record<string, string> {
  const acks = seen.filter(
    ({ over, src, sport, payload }) =>
      over === 'udp' && sport === 67 && src !== OURS && payload.length > 240 && payload.includes('350105', 240, 'hex'),
  );
  const address = (payload: Buffer) => [...payload.subarray(16, 20)].join('.');
  const hardware = (payload: Buffer) => payload.toString('hex', 28, 34).replace(/..(?=.)/g, '$&:');
  return Object.fromEntries(acks.map(({ payload }) => [address(payload), hardware(payload)]));
}

/** `time` and `start` in seconds. */
export function since(time: number, start: number): number {
  return Math.round((time - start) * 1000) / 1000;
}

function toPacket({ time, src, sport, dst, dport, payload }: Seen, start: number): Packet {
  return { t: since(time, start), src, sport, dst, dport, hex: payload.toString('hex') };
}

/** Everything of transfers but their data. */
function tftpIn(udp: readonly Seen[]): Seen[] {
  const clients = new Set<string>();
  return udp.filter(({ src, sport, dst, dport, payload }) => {
    if (payload.length < 4) return false;
    const op = payload.readUInt16BE(0);
    if (dport === 69 && op === RRQ) clients.add(`${src}:${sport}`);
    if (clients.has(`${src}:${sport}`)) return true;
    return clients.has(`${dst}:${dport}`) && op !== DATA;
  });
}

const isAck = ({ payload }: Seen) => payload.readUInt16BE(0) === ACK;
const blockOf = ({ payload }: Seen) => payload.readUInt16BE(2);

/** Of acknowledgements that follow each other the first ones and the last ones stay, and one in between that counts them. */
function thin(tftp: readonly Seen[], start: number): Packet[] {
  const kept: { readonly time: number; readonly packet: Packet }[] = [];
  const sessions = new Map<string, Seen[]>();
  for (const one of tftp) {
    if (!isAck(one)) kept.push({ time: one.time, packet: toPacket(one, start) });
    else {
      const key = `${one.src}:${one.sport}:${one.dport}`;
      sessions.set(key, [...(sessions.get(key) ?? []), one]);
    }
  }
  for (const acks of sessions.values()) {
    let rolled = 0;
    let before = 0;
    let runFrom = 0;
    acks.forEach((ack, index) => {
      if (blockOf(ack) < before - 30_000) rolled += 65_536;
      before = blockOf(ack);
      const next = acks[index + 1];
      const last = acks[index - 1];
      const isEdge = index < 2 || next === undefined || acks[index + 2] === undefined;
      const isSlow = next !== undefined && next.time - ack.time > RUN_S;
      const isAgain = last !== undefined && blockOf(last) === before;
      if (isEdge || isAgain) {
        kept.push({ time: ack.time, packet: toPacket(ack, start) });
        runFrom = ack.time;
      } else if (isSlow || ack.time - runFrom > LONGEST_RUN_S) {
        kept.push({ time: ack.time, packet: { ...toPacket(ack, start), hex: '', acked: before + rolled } });
        runFrom = ack.time;
      } else if (acks[index + 3] === undefined) {
        // The last ones stand for themselves, and need to know where they are.
        kept.push({ time: ack.time, packet: { ...toPacket(ack, start), hex: '', acked: before + rolled } });
      }
    });
  }
  return kept.sort((one, other) => one.time - other.time).map(({ packet }) => packet);
}

/** Requests, each with the status that followed on its connection. */
function httpIn(seen: readonly Seen[], start: number): HttpLine[] {
  const tcp = onlyOnce(seen.filter(({ over }) => over === 'tcp'));
  return tcp.flatMap((one, index) => {
    const [line = '', ...headers] = one.payload.toString('latin1').split('\r\n');
    const [, method, uri] = /^(GET|HEAD|POST|PUT) (\S+) HTTP\/1/.exec(line) ?? [];
    if (method === undefined || uri === undefined) return [];
    const header = (name: string) =>
      headers
        .find((text) => text.toLowerCase().startsWith(`${name}:`))
        ?.slice(name.length + 1)
        .trim() ?? '';
    const answer = tcp
      .slice(index)
      .find(
        ({ src, dst, dport, payload }) =>
          src === one.dst && dst === one.src && dport === one.sport && payload.toString('latin1', 0, 5) === 'HTTP/',
      );
    const status = answer?.payload.toString('latin1', 9, 12) ?? '';
    const t = since(one.time, start);
    const asked = { t, src: one.src, method, uri: hideToken(uri), ua: header('user-agent'), host: header('host') };
    return [
      { ...asked, status: '' },
      { t, src: one.dst, method: '', uri: '', ua: '', host: '', status },
    ];
  });
}

/** Without what was sent again. */
function onlyOnce(tcp: readonly Seen[]): Seen[] {
  const known = new Set<string>();
  return tcp.filter(({ src, sport, dport, number }) => {
    const key = `${src}:${sport}:${dport}:${number}`;
    return !known.has(key) && known.add(key);
  });
}

/** The replay's grants have this token. */
function hideToken(uri: string): string {
  return uri.replace(/^(\/[a-z-]+)\/[A-Za-z0-9_-]{20,}(?=\/|$)/, '$1/TOKEN');
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}: ${inline(one)}`).join(', ')}}`;
}

function block(value: unknown): string {
  const isTable = Array.isArray(value) && value.some((one) => typeof one === 'object');
  return isTable ? `[\n${value.map((one) => `    ${inline(one)}`).join(',\n')}\n  ]` : inline(value);
}

/** Puts a fixture into the file, in the place of the one of the same name. */
export function putFixture(path: string, fixture: Capture): void {
  const all = JSON.parse(readFileSync(path, 'utf8')) as Capture[];
  const at = all.findIndex(({ name }) => name === fixture.name);
  if (at < 0) all.push(fixture);
  else all[at] = fixture;
  const texts = all.map((one) => {
    const entries = Object.entries(one).filter(([, value]) => value !== undefined);
    return ` {\n${entries.map(([key, value]) => `  ${JSON.stringify(key)}: ${block(value)}`).join(',\n')}\n }`;
  });
  writeFileSync(path, `[\n${texts.join(',\n')}\n]\n`);
}
