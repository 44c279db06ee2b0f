import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSettings } from '../config/parse.ts';
import { type Emit, type RecordedEvent, recordEvent } from '../event/event.ts';
import { type EventQuery, matchesFilter } from '../event/query.ts';
import type { WakeDatagram, WakeSent } from '../io/power/send-wake.ts';
import { createLeaseBook } from '../lease/book.ts';
import { formatIpv4 } from '../net/ipv4.ts';
import { type Mac, mac } from '../net/mac.ts';
import { ProvisionError } from '../net/provision-error.ts';
import { createWake, type WakeParts } from './wake.ts';

const YAML = `
networks:
  rack: { interface: e0, subnet: 10.0.1.0/24, address: 10.0.1.1, dhcp: { mode: authoritative } }
  office: { interface: e1, subnet: 10.0.2.0/24, address: 10.0.2.1, dhcp: { mode: proxy } }
  watched: { interface: e2, subnet: 10.0.4.0/24, address: 10.0.4.1, dhcp: { mode: observe } }
machines:
  a: { mac: "00:25:90:00:00:0a", address: 10.0.1.10, power: { password: "01:02:03:04:05:fe" } }
  b: { mac: "00:25:90:00:00:0b" }
  w: { mac: "00:25:90:00:00:0c", address: 10.0.4.10 }
`;

function setup(answer: (one: WakeDatagram) => WakeSent = () => ({ kind: 'sent', packets: 3 })) {
  const parsed = parseSettings([{ name: 'r.yaml', folder: '/', text: YAML }], { productFolder: '/product' });
  assert.ok(parsed.kind === 'settings', JSON.stringify(parsed));
  let { settings } = parsed;
  const told: RecordedEvent[] = [];
  const emit: Emit = (id, subject, data) => {
    told.push(recordEvent({ seq: told.length + 1, time: clock.now }, id, subject, data));
  };
  /** `now`: as the system's clock says; `passed`: as time goes by. */
  const clock = { now: 1_000_000, passed: 5_000 };
  /** Happens while somebody waits for a turn. */
  const meanwhile = { do: () => {} };
  const sent: { readonly at: number; readonly datagram: WakeDatagram }[] = [];
  const sleeps: number[] = [];
  const holders = new Map<string, Mac>();
  const list = async (query: EventQuery) => told.filter((event) => matchesFilter(event, query)).slice(-query.limit);
  const store = { events: { list } } as unknown as WakeParts['base']['store'];
  const times = { now: () => clock.now, monotonic: () => clock.passed };
  const wake = createWake({
    base: { store, book: createLeaseBook(settings.networks, []), emit, ...times },
    settings: () => settings,
    whoHas: async (interfaceName, address) => holders.get(`${interfaceName} ${formatIpv4(address)}`),
    send: async (datagram) => {
      sent.push({ at: clock.passed, datagram });
      return answer(datagram);
    },
    sleep: async (ms) => {
      sleeps.push(ms);
      meanwhile.do();
    },
  });
  const reload = (text: string) => {
    const read = parseSettings([{ name: 'r.yaml', folder: '/', text }], { productFolder: '/product' });
    assert.ok(read.kind === 'settings', JSON.stringify(read));
    settings = read.settings;
  };
  return { call: wake, told, sent, sleeps, clock, emit, holders, meanwhile, reload };
}

test('what is sent is told with machine, card, network and way, and without the password', async () => {
  const { call, told, sent } = setup();
  const result = await call('a');
  assert.equal(result.kind, 'sent');
  const [event, ...more] = told;
  assert.deepEqual(more, []);
  assert.deepEqual(
    [event?.id, event?.machine, event?.mac, event?.network, event?.data],
    ['power.wake.sent', 'a', '00:25:90:00:00:0a', 'rack', { interface: 'e0', to: '255.255.255.255', packets: 3 }],
  );
  const { payload, interface: name, source } = sent[0]?.datagram ?? assert.fail();
  assert.deepEqual([payload.length, name, formatIpv4(source)], [108, 'e0', '10.0.1.1']);
  assert.equal(Buffer.from(payload.subarray(102)).toString('hex'), '0102030405fe');
  assert.doesNotMatch(JSON.stringify([told, result]), /01:02:03:04|1,2,3,4|password|payload/);
});

test('a machine without an address goes where it was heard last, else everywhere that is served', async () => {
  const { call, sent, emit } = setup();
  const networks = () => sent.splice(0).map(({ datagram }) => datagram.interface);
  await call('b');
  assert.deepEqual(networks(), ['e0', 'e1']);
  const b = { mac: mac('00:25:90:00:00:0b'), machine: 'b' };
  emit('dhcp.discover', { ...b, network: 'rack' }, { client: 'PXE firmware, uefi-x64', via: 'interface e0' });
  emit('dhcp.discover', { ...b, network: 'office' }, { client: 'PXE firmware, uefi-x64', via: 'interface e1' });
  await call('b');
  assert.deepEqual(networks(), ['e1']);
});

test('one machine a second, whoever asks, and not more than a minute’s worth waits', async () => {
  const { call, sent, sleeps, clock, told } = setup();
  const results = await Promise.all(Array.from({ length: 3 }, () => call('a')));
  assert.deepEqual(
    results.map(({ kind }) => kind),
    ['sent', 'sent', 'sent'],
  );
  assert.deepEqual(sleeps, [1_000, 2_000]);
  clock.passed += 10_000;
  sent.length = 0;
  await call('a');
  assert.deepEqual([sent.length, sleeps.length], [1, 2], 'after a pause nobody waits');
  const many = await Promise.all(Array.from({ length: 70 }, () => call('a')));
  assert.equal(many.filter(({ kind }) => kind === 'refused').length, 70 - 60);
  assert.match(told.findLast(({ id }) => id === 'power.wake.refused')?.text ?? '', /wait to be woken, one a second/);
});

test('a machine that answers for its address is on already; an address that somebody else has says nothing', async () => {
  const { call, told, sent, holders } = setup();
  holders.set('e0 10.0.1.10', mac('00:25:90:00:00:0b'));
  await call('a');
  assert.equal(told[0]?.data.answers, undefined);
  holders.set('e0 10.0.1.10', mac('00:25:90:00:00:0a'));
  const result = await call('a');
  assert.equal(result.kind === 'sent' && result.answers && formatIpv4(result.answers), '10.0.1.10');
  assert.match(told[1]?.text ?? '', /by e0; it answers at 10\.0\.1\.10, so it is on already$/);
  // A card may answer for a machine that sleeps.
  assert.equal(sent.length, 2);
});

test('a network that is only observed gets nothing: told with the reason', async () => {
  const { call, told, sent } = setup();
  const result = await call('w');
  assert.equal(result.kind, 'refused');
  assert.equal(sent.length, 0);
  assert.match(told[0]?.text ?? '', /^is not woken: network watched: it is only observed .*Switch it on by hand/);
  assert.equal(told[0]?.machine, 'w');
});

test('what cannot be sent is told; what can be is sent all the same', async () => {
  const { call, told } = setup(({ interface: name }) =>
    name === 'e0' ? { kind: 'failed', reason: 'the interface is down (ENETDOWN)' } : { kind: 'sent', packets: 3 },
  );
  const both = await call('b');
  assert.ok(both.kind === 'sent');
  assert.deepEqual(both.skipped, [{ network: 'rack', reason: 'the interface is down (ENETDOWN)' }]);
  assert.deepEqual(
    told.map(({ id }) => id),
    ['power.wake.failed', 'power.wake.sent'],
  );
  assert.deepEqual(await call('a'), { kind: 'failed', reason: 'network rack: the interface is down (ENETDOWN)' });
});

test('an interface that is gone is a failure with its reason, and no crash', async () => {
  const { call } = setup(() => {
    throw new ProvisionError('no-interface', 'there is no such interface');
  });
  assert.deepEqual(await call('a'), { kind: 'failed', reason: 'network rack: there is no such interface' });
});

test('what is read again while it waits for its turn counts: networks, passwords, and whether it is named', async () => {
  const { call, sent, told, meanwhile, reload, clock } = setup();
  const second = async (text: string) => {
    await call('b');
    sent.length = 0;
    meanwhile.do = () => reload(text);
    const result = await call('a');
    clock.passed += 10_000;
    return result;
  };
  const observed = await second(YAML.replace('authoritative', 'observe'));
  assert.equal(observed.kind, 'refused');
  assert.match(told.at(-1)?.text ?? '', /^is not woken: network rack: it is only observed/);
  assert.equal(sent.length, 0);
  reload(YAML);
  assert.equal((await second(YAML.replace('05:fe', '05:ff'))).kind, 'sent');
  assert.equal(Buffer.from(sent[0]?.datagram.payload.subarray(102) ?? []).toString('hex'), '0102030405ff');
  reload(YAML);
  assert.equal((await second(YAML.replace(/^ {2}a: .*\n/m, ''))).kind, 'refused');
  assert.deepEqual([told.at(-1)?.id, told.at(-1)?.machine], ['power.wake.refused', 'a']);
  assert.match(told.at(-1)?.text ?? '', /names it no longer/);
  assert.equal(sent.length, 0);
});

for (const seconds of [3_600, 30, -30]) {
  test(`a clock that is set back by ${seconds} s holds nobody up, and lets nobody go before`, async () => {
    const { call, sleeps, clock } = setup();
    await call('a');
    clock.now -= seconds * 1_000;
    clock.passed += 400;
    assert.equal((await call('a')).kind, 'sent');
    assert.equal((await call('a')).kind, 'sent');
    assert.deepEqual(sleeps, [600, 1_600]);
  });
}
