import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSources } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { ipv4 } from '../net/ipv4.ts';
import { mac } from '../net/mac.ts';
import { contradiction, grantNote, type MacOptions, modelNote, planMac, planNetwork } from './lab-mac-plan.ts';

const NETWORK = '  rack: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: off } }\n';
const MACHINES = `machines:
  pc: { mac: "00:25:90:96:c4:9a" }
  mm1: { mac: "a8:20:66:34:ff:e9", address: 172.22.10.51, kind: mac }
  old: { mac: "00:17:f2:00:00:21", kind: mac, model: "Macmini2,1" }
`;

function load(networks: string, more = MACHINES): Settings {
  const text = `networks:\n${networks}${more}`;
  const result = checkSources([{ name: 'rack.yaml', folder: '/', text }]);
  return result.kind === 'settings' ? result.settings : assert.fail(JSON.stringify(result.problems));
}

const settings = load(NETWORK);
const base: MacOptions = { way: 'firmware', secondServer: false };
const plan = (name: string | undefined, more: Partial<MacOptions> = {}, from: Settings | 'none' = settings) => {
  const planned = planMac(name, { ...base, ...more }, from === 'none' ? undefined : from);
  return planned.kind === 'mac' ? [planned.machine?.name, planned.order.mac, planned.order.model] : planned.message;
};

test('which Mac is switched on', () => {
  const [first, old] = ['a8:20:66:34:ff:e9', '00:17:f2:00:00:21'];
  assert.deepEqual(plan(undefined), ['mm1', first, 'Macmini6,2'], 'the first Mac of the configuration');
  assert.deepEqual(plan('old'), ['old', old, 'Macmini2,1'], 'with its own model');
  assert.deepEqual(plan('old', { model: 'iMac5,1' }), ['old', old, 'iMac5,1']);
  assert.deepEqual(plan(undefined, { mac: mac(old) }), ['old', old, 'Macmini2,1'], 'found by its address');
  assert.deepEqual(plan(undefined, { model: 'iMac5,1' }), [undefined, '02:00:ac:16:0a:6d', 'iMac5,1']);
  assert.deepEqual(plan(undefined, {}, 'none'), [undefined, '02:00:ac:16:0a:6d', 'Macmini6,2']);
  assert.equal(plan('nobody'), 'The configuration has no machine "nobody": its Macs are mm1, old');
});

test('a Mac without a name on a real network has an address that nobody else has', () => {
  const [one, other] = [1, 2].map(() => plan(undefined, { interface: 'eth1' }, 'none'));
  assert.match(one?.[1] ?? '', /^02:/);
  assert.notEqual(one?.[1], other?.[1]);
});

test('which network the rack stands for', () => {
  const several = load(`  far: { subnet: 10.9.0.0/24, address: 172.22.10.2, dhcp: { mode: off } }
  other: { interface: br1, subnet: 10.8.0.0/24, address: 10.8.0.2, dhcp: { mode: off } }
${NETWORK}`);
  const name = (machine: string | undefined, network: string | undefined) => {
    const planned = planNetwork(several, machine === undefined ? undefined : several.machines.get(machine), network);
    return planned.kind === 'network' ? `${planned.network.name} on ${planned.network.interface}` : planned.message;
  };
  assert.equal(name('mm1', undefined), 'rack on br0', 'where its address is');
  assert.equal(name(undefined, undefined), 'other on br1', 'the first with an interface');
  assert.equal(name('mm1', 'other'), 'other on br1');
  assert.match(name('mm1', 'far'), /^The network far is reached through relays/);
  assert.equal(name('mm1', 'nowhere'), 'The configuration has no network "nowhere": it has far, other, rack');
});

test('options that contradict each other', () => {
  const server = ipv4('172.22.10.2');
  const rows: readonly (readonly [more: Partial<MacOptions>, reason: RegExp | undefined])[] = [
    [{ select: 'x' }, /--select goes with --way menu or startup-disk/],
    [{ select: 'x', way: 'menu' }, undefined],
    [{ target: { kind: 'bsdp', server } }, /--target goes with --way bless/],
    [{ target: { kind: 'bsdp', server }, way: 'bless' }, undefined],
    [{ interface: 'eth1', secondServer: true }, /--second-server is for the virtual rack/],
    [{ interface: 'eth1', network: 'a' }, /--network is for the virtual rack/],
    [{ interface: 'eth1' }, undefined],
  ];
  for (const [more, reason] of rows) {
    if (reason) assert.match(contradiction({ ...base, ...more }) ?? '', reason);
    else assert.equal(contradiction({ ...base, ...more }), undefined);
  }
});

test('what a real Mac of the model would do', () => {
  const order = { mac: mac('a8:20:66:34:ff:e9'), version: 0x0101 };
  assert.equal(modelNote({ ...order, model: 'Macmini6,2', way: 'firmware' }), undefined);
  assert.match(modelNote({ ...order, model: 'Macmini8,1', way: 'firmware' }) ?? '', /T2 chip.*It would send nothing/);
  assert.match(
    modelNote({ ...order, model: 'Macmini8,1', way: 'startup-disk' }) ?? '',
    /macOS on it can ask all the same/,
  );
});

test('a profile that is installed by command only is not offered in the rack, which says how to see it', () => {
  const profiles = `profiles:
  by-hand: { os: debian-12 }
  by-file: { os: debian-12, install: once }
`;
  const told = (profile: string) => {
    const config = load(NETWORK, profiles + MACHINES.replace('kind: mac }', `kind: mac, profile: ${profile} }`));
    return grantNote(config.machines.get('mm1'), config);
  };
  assert.match(told('by-hand') ?? '', /nothing is granted.*by-hand is not offered.*install: once/);
  assert.equal(told('by-file'), undefined);
  assert.equal(grantNote(settings.machines.get('mm1'), settings), undefined);
});
