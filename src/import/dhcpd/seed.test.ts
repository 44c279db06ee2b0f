import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { addressHex, book, type RequestBytes, requestBytes } from '../../../test/support/dhcp.ts';
import { macContext } from '../../../test/support/macs.ts';
import { readReply } from '../../../test/support/reply.ts';
import { classifyClient } from '../../boot/classify.ts';
import { loadSettings } from '../../config/load.ts';
import { parseSettings } from '../../config/parse.ts';
import type { Settings } from '../../config/settings.ts';
import type { Network } from '../../lease/network.ts';
import { formatIpv4, ipv4 } from '../../net/ipv4.ts';
import type { Mac } from '../../net/mac.ts';
import { formatRange } from '../../net/subnet.ts';
import { answerDhcp } from '../../serve/dhcp/answer.ts';
import { readRequest } from '../../serve/dhcp/request.ts';
import { decodePacket } from '../../wire/dhcp4/packet.ts';
import type { ServingHost } from '../places.ts';
import { importDhcpd } from './import-dhcpd.ts';

/*
 * The seed's own dhcpd.conf, imported, against the example configuration of the same rack: what the wire shows is the same.
 * The example says more than the file does (a profile and a mirror for CentOS, SSH keys, which machines are Macs), and has a
 * name for the network. Both leave out what the file says last: `ping-check off`.
 */

const fixtures = new URL('../../../test/fixtures/', import.meta.url);
const text = readFileSync(new URL('seed/dhcpd.conf', fixtures), 'utf8');
const example = await load(new URL('config/seed-rack.yaml', fixtures).pathname);
const GIVEN: ServingHost = { interfaces: ['br0'], addresses: [{ address: ipv4('172.22.10.2') }] };

async function load(path: string): Promise<Settings> {
  const result = await loadSettings({ path });
  assert.ok(result.kind === 'settings', JSON.stringify(result));
  return result.settings;
}

function yamlFor(host: ServingHost): string {
  const imported = importDhcpd({ name: 'dhcpd.conf', text }, () => ({ problem: 'it does not exist' }), host);
  assert.ok(imported.kind === 'imported');
  assert.deepEqual(imported.problems, []);
  return imported.yaml;
}

function check(yaml: string) {
  return parseSettings([{ name: 'rackready.yaml', folder: '/', text: yaml }], { productFolder: '/' });
}

function settingsFor(host: ServingHost): Settings {
  const result = check(yamlFor(host));
  assert.ok(result.kind === 'settings', JSON.stringify(result));
  assert.deepEqual(result.warnings, []);
  return result.settings;
}

const imported = settingsFor(GIVEN);

test('the interface alone is enough: the address is that of the next server', () => {
  assert.deepEqual(settingsFor({ interfaces: ['br0'], addresses: [] }).networks, imported.networks);
});

test('without an interface, the check refuses the result at the line that is to be filled in, and nowhere else', () => {
  const yaml = yamlFor({ interfaces: [], addresses: [] });
  const result = check(yaml);
  assert.ok(result.kind === 'problems');
  assert.deepEqual(
    result.problems.map(({ line, path }) => [yaml.split('\n')[line - 1]?.trim(), path]),
    [['interface: FILL IN # this host’s interface on 172.22.10.0/24', 'networks.net-172-22-10-0.interface']],
  );
});

test('networks, pools, options and times are those of the example', () => {
  const facts = ({ name: _name, ...network }: Network) => ({
    ...network,
    dhcp: {
      ...network.dhcp,
      pools: network.dhcp.pools.map(({ range, clients }) => `${formatRange(range)} ${clients}`),
    },
  });
  assert.deepEqual(imported.networks.map(facts), example.networks.map(facts));
});

test('machines, their cards, addresses and names are those of the example', () => {
  const facts = ({ machines }: Settings) =>
    [...machines.values()].map(({ name, macs, address, hostName, domain, uuid, secureBoot, loader }) => ({
      ...{ name, macs, address: address && formatIpv4(address), hostName, domain, uuid, secureBoot, loader },
    }));
  assert.equal(imported.machines.size, 9);
  assert.deepEqual(facts(imported), facts(example));
  assert.deepEqual(imported.unknownMachines, example.unknownMachines);
  assert.deepEqual(imported.server, example.server);
});

/** The reply of a server with these settings, as bytes and in words. */
function answer(settings: Settings, parts: RequestBytes): string {
  const byMac = new Map(
    [...settings.machines.values()].flatMap((machine) => machine.macs.map((mac) => [mac, machine])),
  );
  const verdict = answerDhcp(
    readRequest(decodePacket(requestBytes(parts))),
    { interface: 'br0', source: { address: ipv4('0.0.0.0'), port: 68 }, port: 67 },
    {
      networks: settings.networks,
      view: book(settings.networks),
      now: 1000,
      machineByMac: (mac: Mac) => byMac.get(mac),
      classify: classifyClient,
      answerBoot: (client) =>
        client.kind === 'pxe'
          ? { kind: 'boot', fields: { bootFile: 'boot/grub/i386-pc/core.0', vendorClass: 'PXEClient', isIpxe: false } }
          : { kind: 'none' },
      // The example asks first whether a pool address is in use: nobody answers.
      probed: () => 'free',
      mac: macContext(),
    },
  );
  if (verdict.kind !== 'answer') return `${verdict.kind}: ${verdict.kind === 'ignore' ? verdict.reason : ''}`;
  if (verdict.reply === undefined) return 'no reply';
  const { to, bytes } = verdict.reply;
  // Not the name of the network, which is told and not sent.
  const change = verdict.change?.kind === 'put' ? { ...verdict.change.lease, network: '' } : verdict.change;
  return JSON.stringify([readReply(Buffer.from(bytes)).hex, to, change]);
}

const unknown = '02:00:00:00:01:01';
const macs = [...example.machines.values()].flatMap((machine) => machine.macs);
const ASKED = 'hex:0103060c0f1c2a3a3b42';
const BIOS = { 60: 'PXEClient:Arch:00000:UNDI:002001', 93: 'hex:0000', 94: 'hex:010201', 57: 'hex:05c0' };
const requests: readonly (readonly [string, RequestBytes])[] = [...macs, unknown].flatMap(
  (mac): (readonly [string, RequestBytes])[] => [
    [`${mac}: DISCOVER`, { mac, type: 1, options: { 55: ASKED } }],
    [`${mac}: DISCOVER of everything`, { mac, type: 1 }],
    [`${mac}: DISCOVER of BIOS firmware`, { mac, type: 1, options: { ...BIOS, 55: ASKED } }],
    [`${mac}: DISCOVER for a minute`, { mac, type: 1, options: { 51: 'hex:0000003c' } }],
    [`${mac}: DISCOVER for a week`, { mac, type: 1, options: { 51: 'hex:00093a80' } }],
    [`${mac}: REQUEST after reboot`, { mac, type: 3, options: { 50: addressHex('172.22.10.55') } }],
    [`${mac}: REQUEST of a pool address`, { mac, type: 3, options: { 50: addressHex('172.22.10.20') } }],
    [`${mac}: REQUEST of another network`, { mac, type: 3, options: { 50: addressHex('10.1.2.3') } }],
    [`${mac}: INFORM`, { mac, type: 8, ciaddr: '172.22.10.200', options: { 55: ASKED } }],
    [`${mac}: BOOTP`, { mac }],
    [`${mac}: DISCOVER through a relay`, { mac, type: 1, giaddr: '172.22.10.9', options: { 55: ASKED } }],
  ],
);

for (const [name, parts] of requests) {
  test(`the imported seed answers as the example does: ${name}`, () => {
    const ours = answer(imported, parts);
    assert.equal(ours, answer(example, parts));
    assert.match(ours, /^\[/, 'a reply');
  });
}

test('each machine of the seed is offered its own address', () => {
  for (const {
    macs: [mac = ''],
    address,
  } of example.machines.values()) {
    const [hex = ''] = JSON.parse(answer(imported, { mac, type: 1 })) as [string];
    assert.equal(readReply(Buffer.from(hex, 'hex')).yiaddr, formatIpv4(address ?? ipv4('0.0.0.0')));
  }
});
