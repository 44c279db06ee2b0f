import assert from 'node:assert/strict';
import { test } from 'node:test';
import { subnet } from '../../test/support/dhcp.ts';
import { ipv4 } from '../net/ipv4.ts';
import { type FirstNetwork, firstConfiguration } from './first-configuration.ts';
import { checkSources } from './load.ts';
import { formatProblem } from './problem.ts';

const OS = 'debian-12';
const lab: FirstNetwork = {
  interface: 'eth1',
  subnet: subnet('172.22.10.0/24'),
  address: ipv4('172.22.10.2'),
  otherServers: [],
};

function check(text: string) {
  const result = checkSources([{ name: 'rackready.yaml', text, folder: '/' }]);
  if (result.kind === 'settings') return result.settings;
  throw new Error(`${result.problems.map(formatProblem).join('\n')}\n${text}`);
}

/** As an operator would who takes the other way. */
function uncommented(text: string): string {
  return text
    .replace(/^( +)# (mode: authoritative|pools:|router: .*|web1: .*|install: once.*| {2}- range: .*)$/gm, '$1$2')
    .replace(/^ +mode: proxy\n/gm, '');
}

const networks: readonly FirstNetwork[] = [
  lab,
  { ...lab, interface: 'enp3s0.100', subnet: subnet('10.0.0.0/8'), address: ipv4('10.0.0.50') },
  { ...lab, interface: 'br0', subnet: subnet('192.168.7.16/29'), address: ipv4('192.168.7.18') },
];

for (const network of networks) {
  test(`what is proposed for ${network.interface} is right, as it stands and with its examples taken`, () => {
    const text = firstConfiguration({ networks: [network], os: OS });
    const settings = check(text);
    assert.deepEqual(
      settings.networks.map((one) => [one.interface, one.dhcp.mode, one.dhcp.pools.length]),
      [[network.interface, 'proxy', 0]],
    );
    const taken = check(uncommented(text));
    assert.deepEqual(
      taken.networks.map(({ dhcp }) => [dhcp.mode, dhcp.pools.length]),
      [['authoritative', 1]],
    );
    assert.deepEqual([...taken.machines.keys()], ['web1']);
  });
}

test('several networks, none, and public keys', () => {
  assert.equal(check(firstConfiguration({ networks: [lab, ...networks.slice(1)], os: OS })).networks.length, 3);
  assert.equal(check(firstConfiguration({ networks: [], os: OS })).networks.length, 0);
  const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5oPzrq3Yt8xk2x0m7m0ZtS8Hq3u0V7pX4m2QyJwJcB "me": # here';
  assert.deepEqual(check(firstConfiguration({ networks: [lab], sshKeys: [key], os: OS })).defaults.sshKeys, [key]);
});

test('a DHCP server that was heard is named', () => {
  const text = firstConfiguration({ networks: [{ ...lab, otherServers: ['172.22.10.1'] }], os: OS });
  assert.match(text, /# 172\.22\.10\.1 gives out the addresses here/);
});
