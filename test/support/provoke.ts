import assert from 'node:assert/strict';
import { request } from 'node:http';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordedEvent } from '../../src/event/event.ts';
import type { Rack, RackClient } from '../../src/lab/rack.ts';
import { mac } from '../../src/net/mac.ts';
import { diagnose } from '../../src/story/diagnose/diagnose.ts';
import type { Diagnosis, Story } from '../../src/story/story.ts';
import { addressHex, requestBytes } from './dhcp.ts';
import { startNetboot } from './netboot.ts';
import { ACK, OFFER } from './reply.ts';
import { type Ended, ip, openReplayer, openSegment, type Replayer, runProgram } from './segment.ts';
import type { TestServer } from './server.ts';
import { traceOf } from './traces.ts';

/*
 * A running server, and machines that do one thing wrong: their firmware's DHCP is sent byte by byte from namespaces of their
 * own, what they load is loaded with curl. A diagnosis looks at what the server's API says happened, at a time that may lie
 * ahead: nobody waits for a silence.
 */

export const SERVER = '172.22.10.2';
export const OTHER = '172.22.10.3';

type Words = Readonly<Record<number, string>>;

/** How each stage asks. */
export const STAGES = {
  pxe: { 60: 'PXEClient:Arch:00007:UNDI:003000', 93: 'hex:0007', 94: 'hex:010300', 55: 'hex:01030c0f2b36423c61' },
  http: { 60: 'HTTPClient:Arch:00016:UNDI:003000', 93: 'hex:0010', 94: 'hex:010300', 55: 'hex:01030c0f363c4361' },
  ipxe: { 60: 'PXEClient:Arch:00000:UNDI:002001', 77: 'iPXE', 93: 'hex:0000', 175: 'hex:130101' },
  installer: { 60: 'd-i' },
  system: { 60: 'udhcp 1.36.1', 12: 'box' },
} as const satisfies Readonly<Record<string, Words>>;

const MACHINES = 40;
const PATIENCE_MS = 10_000;
const POLL_MS = 100;

export interface Scene {
  readonly rack: Rack;
  readonly server: TestServer;
  /** Puts a machine on the segment. The number makes its MAC; 1 to 40 are sm1 to sm40 of the configuration. */
  addBox(t: TestContext, number: number): Promise<Box>;
  /** What the rules say of a machine, so many seconds after the last event. */
  diagnose(box: Box, laterSeconds?: number): Promise<Diagnosis[]>;
  /**
   * Exactly this rule is what the traffic fits. Without a later time, the API shows it first in the machine's story, too.
   * Returns its diagnosis.
   */
  expect(box: Box, rule: string, laterSeconds?: number): Promise<Diagnosis>;
}

export interface Box {
  readonly mac: string;
  readonly name: string;
  readonly client: RackClient;
  readonly replayer: Replayer;
  /** A DISCOVER, and no more. */
  discover(stage: keyof typeof STAGES, parts?: { readonly giaddr?: string }): number;
  /** DISCOVER, REQUEST, and the address on the card. Takes the offer of `server`. */
  lease(stage: keyof typeof STAGES, server?: string): Promise<string>;
  tftp(name: string, ...args: string[]): Promise<Ended>;
  http(path: string, userAgent?: string): Promise<Ended>;
}

export function macOf(number: number): string {
  return `02:00:00:00:01:${number.toString(16).padStart(2, '0')}`;
}

/** sm1 to sm40 at .51 to .90, all of one profile. */
export function rackOf(
  more: { readonly dhcp?: string | undefined; readonly text?: string; readonly install?: string } = {},
): string {
  const machines = Array.from({ length: MACHINES }, (_, index) => {
    const number = index + 1;
    return `  sm${number}: { mac: "${macOf(number)}", address: 172.22.10.${50 + number}, profile: debian }`;
  });
  const dhcp = more.dhcp ?? 'mode: authoritative, conflictProbe: false, pools: [{ range: 172.22.10.5-172.22.10.30 }]';
  return `
networks:
  management:
    interface: br0
    subnet: 172.22.10.0/24
    address: ${SERVER}
    router: 172.22.10.1
    dhcp: { ${dhcp} }
machines:
${machines.join('\n')}
${more.text ?? ''}`;
}

export async function openScene(t: TestContext, yaml: string): Promise<Scene> {
  const rack = await openSegment(t);
  const server = await startNetboot(t, { yaml });
  let xid = 0x100;
  const scene: Scene = {
    rack,
    server,
    async addBox(at, number) {
      const address = macOf(number);
      const client = await rack.addClient(`box${number}`, { mac: address });
      const replayer = await openReplayer(at, client);
      const nextXid = () => ++xid;
      return createBox({ mac: address, name: number > MACHINES ? address : `sm${number}`, client, replayer }, nextXid);
    },
    async diagnose(box, laterSeconds = 0) {
      const events = await eventsOf(server);
      const now = (events.at(-1)?.time ?? 0) + laterSeconds * 1000;
      return diagnose(traceOf(events, mac(box.mac), now, 0, box.name));
    },
    async expect(box, rule, laterSeconds = 0) {
      // What was just done is told a moment later.
      const deadline = Date.now() + PATIENCE_MS;
      for (;;) {
        const found = await scene.diagnose(box, laterSeconds);
        const [first] = found;
        const isShown = laterSeconds > 0 || (await storyOf(server, box))?.diagnoses[0]?.rule === rule;
        if (first !== undefined && found.length === 1 && first.rule === rule && isShown) return first;
        if (Date.now() < deadline) {
          await sleep(POLL_MS);
          continue;
        }
        const told = (await eventsOf(server)).filter(({ mac: owner }) => owner === box.mac);
        const shown = JSON.stringify(await storyOf(server, box));
        assert.fail(
          `${rule} is expected, not ${JSON.stringify(found)}, shown ${shown}, of ${JSON.stringify(told, null, 1)}`,
        );
      }
    },
  };
  return scene;
}

function createBox(about: Pick<Box, 'mac' | 'name' | 'client' | 'replayer'>, nextXid: () => number): Box {
  const { client, replayer } = about;
  const inside = (argv: readonly string[]) => runProgram([...client.prefix, ...argv]);
  const bytes = (type: number, stage: keyof typeof STAGES, xid: number, more: Words = {}) =>
    requestBytes({ mac: about.mac, type, xid, flags: 0x8000, options: { ...STAGES[stage], ...more } });
  return {
    ...about,
    discover(stage, parts = {}) {
      const xid = nextXid();
      replayer.broadcast(
        requestBytes({ mac: about.mac, type: 1, xid, flags: 0x8000, options: STAGES[stage], ...parts }),
      );
      return xid;
    },
    async lease(stage, server = SERVER) {
      const xid = nextXid();
      const isWanted = (kind: number) => (reply: { type: number | undefined; source: string }) =>
        reply.type === kind && reply.source === server;
      const offer = await replayer.ask(bytes(1, stage, xid), isWanted(OFFER));
      const wish = { 50: addressHex(offer.yiaddr), 54: addressHex(server) };
      const ack = await replayer.ask(bytes(3, stage, xid, wish), isWanted(ACK));
      ip(`-n ${client.namespace} address replace ${ack.yiaddr}/24 dev ${client.interfaceName}`);
      return ack.yiaddr;
    },
    tftp: (name, ...args) =>
      inside(['curl', '-sS', '-o', '/dev/null', '-m', '30', ...args, `tftp://${SERVER}/${name}`]),
    http: (path, userAgent = 'iPXE/1.21.1') =>
      inside([
        'curl',
        '-sS',
        '-g',
        '--path-as-is',
        '-o',
        '/dev/null',
        '-m',
        '30',
        '-A',
        userAgent,
        `http://${SERVER}${path}`,
      ]),
  };
}

async function ask(server: TestServer, path: string): Promise<unknown> {
  const socketPath = join(server.data, 'rackready.sock');
  const text = await new Promise<string>((resolve, reject) => {
    request({ socketPath, path: `/api/v1${path}`, host: 'localhost' }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve(body));
    })
      .on('error', reject)
      .end();
  });
  return JSON.parse(text);
}

/** The machine's last boot as the API shows it; undefined before there is one. */
async function storyOf(server: TestServer, box: Box): Promise<Story | undefined> {
  const { stories } = (await ask(server, `/stories?mac=${box.mac}`)) as { stories: readonly Story[] };
  return stories[0];
}

/** All that the server's API says happened, oldest first. */
async function eventsOf(server: TestServer): Promise<RecordedEvent[]> {
  const { events } = (await ask(server, '/events?limit=5000&level=debug')) as {
    events: (Omit<RecordedEvent, 'time'> & { time: string })[];
  };
  return events.map((event) => ({ ...event, time: Date.parse(event.time) }));
}
