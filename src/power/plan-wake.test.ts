import assert from 'node:assert/strict';
import { test } from 'node:test';
import { network } from '../../test/support/dhcp.ts';
import type { DhcpMode, Network } from '../lease/network.ts';
import { formatIpv4, ipv4 } from '../net/ipv4.ts';
import { mac } from '../net/mac.ts';
import { planWake, type WakePlan } from './plan-wake.ts';

const ONE = mac('00:25:90:96:c4:9a');
const TWO = mac('00:25:90:96:c4:9b');

function net(name: string, third: number, mode: DhcpMode, interfaceName?: string): Network {
  const plain = network();
  return {
    ...plain,
    name,
    interface: interfaceName,
    subnet: { base: ipv4(`10.0.${third}.0`), prefix: 24 },
    address: ipv4(`10.0.${third}.1`),
    dhcp: { ...plain.dhcp, mode },
  };
}

const RACK = net('rack', 1, 'authoritative', 'eth1');
const OFFICE = net('office', 2, 'proxy', 'eth2');
const BRANCH = net('branch', 3, 'authoritative');
const WATCHED = net('watched', 4, 'observe', 'eth4');
const DARK = net('dark', 5, 'off', 'eth5');
const ALL = [RACK, OFFICE, BRANCH, WATCHED, DARK];

/** "00:25:…:9a rack eth1 255.255.255.255" of each target, and who is left out. */
function short(plan: WakePlan): string[] {
  if (plan.kind === 'refused') return [`refused: ${plan.reason}`, plan.next];
  const sent = plan.targets.map((one) => `${one.mac.slice(-2)} ${one.network} ${one.interface} ${formatIpv4(one.to)}`);
  return [...sent, ...plan.skipped.map(({ network: name }) => `not ${name}`)];
}

test('a machine with an address is woken on the network of that address, all its cards', () => {
  const machine = { macs: [ONE, TWO], address: ipv4('10.0.1.7') };
  const plan = planWake({ machine, networks: ALL, heardOn: [] });
  assert.deepEqual(short(plan), ['9a rack eth1 255.255.255.255', '9b rack eth1 255.255.255.255']);
  assert.ok(plan.kind === 'send');
  assert.deepEqual(
    plan.targets.map(({ source }) => formatIpv4(source)),
    ['10.0.1.1', '10.0.1.1'],
  );
});

test('it is woken where it was heard, too; what the configuration does not name is left out', () => {
  const machine = { macs: [ONE], address: ipv4('10.0.1.7') };
  const heardOn = ['office', 'a network of last year'];
  assert.deepEqual(short(planWake({ machine, networks: ALL, heardOn })), [
    '9a rack eth1 255.255.255.255',
    '9a office eth2 255.255.255.255',
  ]);
});

test('behind a relay the broadcast is directed to its subnet', () => {
  const machine = { macs: [ONE], address: ipv4('10.0.3.7') };
  assert.deepEqual(short(planWake({ machine, networks: ALL, heardOn: [] })), ['9a branch undefined 10.0.3.255']);
});

test('of a machine without an address that was never heard nobody knows where it is: all that are served', () => {
  assert.deepEqual(short(planWake({ machine: { macs: [ONE] }, networks: ALL, heardOn: [] })), [
    '9a rack eth1 255.255.255.255',
    '9a office eth2 255.255.255.255',
    '9a branch undefined 10.0.3.255',
  ]);
});

test('nothing is sent on a network that is observed or off, and the reason is told', () => {
  const watched = { macs: [ONE], address: ipv4('10.0.4.7') };
  assert.deepEqual(short(planWake({ machine: watched, networks: ALL, heardOn: [] })), [
    'refused: network watched: it is only observed (mode: observe), so nothing is sent there',
    'Switch it on by hand, or set networks.watched.dhcp.mode to authoritative or proxy.',
  ]);
  assert.deepEqual(short(planWake({ machine: watched, networks: ALL, heardOn: ['rack'] })), [
    '9a rack eth1 255.255.255.255',
    'not watched',
  ]);
  const dark = { macs: [ONE], address: ipv4('10.0.5.7') };
  assert.match(short(planWake({ machine: dark, networks: ALL, heardOn: [] }))[0] ?? '', /dark: .*\(mode: off\)/);
  const nowhere = planWake({ machine: { macs: [ONE] }, networks: [WATCHED, DARK], heardOn: [] });
  assert.match(short(nowhere)[0] ?? '', /refused: network watched: .*; network dark: /);
});

test('a configuration without networks wakes nobody', () => {
  assert.match(short(planWake({ machine: { macs: [ONE] }, networks: [], heardOn: [] }))[0] ?? '', /names no network/);
});
