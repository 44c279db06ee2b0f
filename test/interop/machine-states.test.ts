import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { DiscoveredView } from '../../src/http/api/discovered.ts';
import type { MachineView } from '../../src/http/api/views.ts';
import type { RackClient } from '../../src/lab/rack.ts';
import { needs } from '../needs.ts';
import { runUdhcpc } from '../support/dhcp-clients.ts';
import { openReplayer, openSegment, runProgram } from '../support/segment.ts';
import { newFolder, startServer, type TestServer } from '../support/server.ts';

/*
 * What a machine gets by its state, from a running server: discovered, ready, installed, retired; and that it keeps its
 * state when it is called otherwise.
 */

const SM1 = '00:25:90:96:c4:9a';
const BASE = 'http://172.22.10.2';

const rack = (machines: string, unknown = 'local') => `
unknownMachines: ${unknown}
networks:
  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false, pools: [{ range: 172.22.10.100-172.22.10.120 }] } }
profiles:
  debian: { os: debian-13, source: "${BASE}/debian", install: once }
machines:
${machines}`;

const NAMED = `  sm1: { mac: "${SM1}", address: 172.22.10.55, profile: debian }\n`;

interface Lab {
  readonly server: TestServer;
  readonly client: RackClient;
  /** Asks for what to boot, as a loader does. */
  boot(): Promise<string>;
  curl(...args: string[]): Promise<string>;
  cli(...args: string[]): Promise<{ readonly code: number; readonly text: string; readonly stderr: string }>;
  show(name: string): Promise<MachineView>;
  /** Puts another configuration in its place, and waits until it is in force. */
  use(yaml: string): Promise<void>;
}

async function open(t: TestContext, yaml: string): Promise<Lab> {
  const segment = await openSegment(t);
  const server = await startServer(t, { yaml, data: newFolder('data') });
  const client = await segment.addClient('sm1', { mac: SM1 });
  await runUdhcpc(client);
  const curl = async (...args: string[]) => (await runProgram([...client.prefix, 'curl', '-s', ...args])).text;
  const cli = async (...args: string[]) => {
    const ran = await server.rackready(...args);
    return { code: ran.code, stderr: ran.stderr, text: ran.stdout.toString() };
  };
  return {
    server,
    client,
    curl,
    cli,
    boot: () => curl(`${BASE}/ipxe/boot.ipxe`),
    show: async (name) => JSON.parse((await cli('machines', 'show', name, '--json')).text) as MachineView,
    use: async (next) => {
      const loaded = server.nextEvent('config.loaded');
      writeFileSync(server.config, next);
      await loaded;
    },
  };
}

/** Boots, fetches the answer file and reports success without a host key: installed as soon as the report is in. */
async function install({ boot, curl, server }: Lab): Promise<void> {
  const [, token = ''] = /answer\/([^/]+)\//.exec(await boot()) ?? [];
  assert.notEqual(token, '', 'it is installed');
  await curl(`${BASE}/answer/${token}/preseed.cfg`);
  assert.equal(await curl(`${BASE}/report/${token}/done`), 'noted\n');
  await server.event('install.done');
}

const TOOLS = ['ip', 'udhcpc', 'curl'];

test('retired: no grant by file or command, from disk; unretired it is what it was', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const lab = await open(t, rack(NAMED));
  const { boot, cli, show } = lab;
  const retired = await cli('machines', 'retire', 'sm1');
  assert.match(retired.text, /^sm1 is retired: it boots from its disk and is never installed\./);
  assert.match(await boot(), /boots from disk: the machine is retired/);
  const refused = await cli('install', 'sm1');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /sm1: the machine is retired, and is not installed until it is unretired/);
  assert.match((await cli('machines', 'retire', 'sm1')).stderr, /retired already/);
  assert.match((await cli('machines')).text, /^sm1 .* retired /m);
  assert.match((await runUdhcpc(lab.client)).text, /bound ip=172\.22\.10\.55 /, 'its address stays');
  assert.match((await cli('machines', 'unretire', 'sm1')).text, /^sm1 is ready again/);
  assert.match((await cli('machines', 'unretire', 'sm1')).stderr, /is not retired/);
  assert.match((await cli('machines', 'retire', 'sm9')).stderr, /no machine "sm9"/);

  await install(lab);
  await cli('machines', 'retire', 'sm1');
  assert.equal((await show('sm1')).state, 'retired');
  assert.match((await cli('machines', 'unretire', 'sm1')).text, /^sm1 is installed again/);
  assert.match(await boot(), /boots from disk: it is installed/);
  assert.equal((await cli('install', 'sm1')).code, 0);
  assert.match((await cli('machines', 'retire', 'sm1')).stderr, /in progress \(granted\); cancel it first/);
});

test('a machine that is renamed, taken out and taken in again is not installed a second time', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const lab = await open(t, rack(NAMED));
  const { boot, server, show, use } = lab;
  await install(lab);
  await use(rack(NAMED.replace('sm1:', 'web1:')));
  assert.match(
    (await server.event('machine.adopted', { machine: 'web1' })).text,
    /was known as sm1, and stays installed/,
  );
  assert.equal((await show('web1')).state, 'installed');
  assert.match(await boot(), /boots from disk: it is installed/);
  await use(rack('  other: { mac: "02:00:00:00:00:01" }\n', 'install debian'));
  assert.match(await boot(), /boots from disk: it is installed/, 'also where unknown machines are installed');
  await use(rack(NAMED));
  assert.match(await boot(), /boots from disk: it is installed/);
  assert.equal((await show('sm1')).state, 'installed');
  assert.equal(server.events.filter(({ id }) => id === 'install.granted').length, 1);
});

test('a running installation goes on under the new name, with the same token', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const { boot, curl, server, show, use } = await open(t, rack(NAMED));
  const [, token = ''] = /answer\/([^/]+)\//.exec(await boot()) ?? [];
  await use(rack(NAMED.replace('sm1:', 'web1:')));
  assert.match(await curl(`${BASE}/answer/${token}/preseed.cfg`), /get_hostname string web1/);
  assert.equal(await curl(`${BASE}/report/${token}/done`), 'noted\n');
  await server.event('install.done', { machine: 'web1' });
  assert.equal((await show('web1')).state, 'installed');
});

/** A PXE DISCOVER of a UEFI x64 machine. */
function discover(address: string): Uint8Array {
  const hex = (text: string) => Buffer.from(text.replaceAll(':', ''), 'hex');
  const header = Buffer.alloc(236);
  hex('01010600').copy(header);
  header.writeUInt32BE(0x5eed, 4);
  header.writeUInt16BE(0x8000, 10);
  hex(address).copy(header, 28);
  const vendor = Buffer.from('PXEClient:Arch:00007:UNDI:003000');
  const options = [
    hex('63825363'),
    hex('350101'),
    Buffer.from([60, vendor.length]),
    vendor,
    hex('5d020007'),
    hex('ff'),
  ];
  return Buffer.concat([header, ...options]);
}

test('discovered machines are listed, and one is taken in by its MAC address', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const { cli, client, boot, server, show } = await open(t, rack('  sm2: { mac: "02:00:00:00:00:01" }\n'));
  const none = await cli('machines', 'discovered');
  assert.match(none.stderr, /no unknown machine has asked to boot from the network; 1 other was heard: see --all/);
  const replayer = await openReplayer(t, client);
  await replayer.ask(discover(SM1));
  const listed = await cli('machines', 'discovered');
  const line = /^00:25:90:96:c4:9a +PXE firmware, uefi-x64.* 172\.22\.10\.1\d\d +n +discovered /m;
  assert.match(listed.text, line);
  assert.match(listed.text, /machines add NAME --mac 00:25:90:96:c4:9a --profile PROFILE/);
  const [row] = JSON.parse((await cli('machines', 'discovered', '--json')).text) as DiscoveredView[];
  assert.deepEqual([row?.mac, row?.bootsFromNetwork, row?.network], [SM1, true, 'n']);
  const hint = await cli('install', SM1);
  assert.match(
    hint.stderr,
    /only discovered\. Take it into the configuration first: rackready machines add NAME --mac/,
  );
  assert.match(await boot(), /boots from disk: unknown machines boot from their disk/);

  const added = await cli('machines', 'add', 'web1', '--mac', row?.mac ?? '', '--profile', 'debian');
  assert.match(added.text, /web1 is added/, added.stderr);
  assert.match(readFileSync(server.config, 'utf8'), /web1: \{ mac: "00:25:90:96:c4:9a", profile: debian \}/);
  assert.equal((await show('web1')).state, 'ready');
  assert.match((await cli('machines', 'discovered', '--all')).stderr, /no unknown machine/);
  assert.match(await boot(), /installs debian on web1|os\/debian\/linux/);
});

test('unknownMachines: install: it stays discovered until it is installed, and is taken in as that', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const lab = await open(t, rack('  sm2: { mac: "02:00:00:00:00:01" }\n', 'install debian'));
  const { boot, cli, show } = lab;
  await install(lab);
  const [row] = JSON.parse((await cli('machines', 'discovered', '--all', '--json')).text) as DiscoveredView[];
  assert.equal(row?.state, 'installed');
  assert.equal((await cli('machines', 'add', 'web1', '--mac', SM1, '--profile', 'debian')).code, 0);
  assert.equal((await show('web1')).state, 'installed');
  assert.match(await boot(), /boots from disk: it is installed/);
});
