import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { openProbe } from '../../src/io/udp/probe.ts';
import { openRawSender, type RawSender } from '../../src/io/udp/raw-sender.ts';
import { openStrangerListener, type StrangerReply } from '../../src/io/udp/stranger-listener.ts';
import { ipv4 } from '../../src/net/ipv4.ts';
import { mac } from '../../src/net/mac.ts';
import { needs } from '../needs.ts';
import { ip, makeSegments, start, startPeer } from './io-segment.ts';

before(() => makeSegments());

const CLIENT = mac('02:00:00:00:00:02');
const text = (value: string) => new TextEncoder().encode(value);

async function sender(): Promise<RawSender> {
  const opened = await openRawSender({ interface: 'srv0' });
  if (opened.kind !== 'raw') throw new Error(opened.reason);
  return opened;
}

test('sendTo() reaches a machine without an address, with checksums that tcpdump finds right', async (t) => {
  if (!needs(t, 'ip', 'tcpdump')) return;
  const raw = await sender();
  t.after(() => raw.close());
  const dump = start(t, 'sh', ['-c', 'exec ip netns exec peer tcpdump --immediate-mode -l -n -e -vv -i cli0 udp 2>&1']);
  while (!(await dump.next()).includes('listening on cli0'));
  for (const payload of ['even', 'odd']) {
    const ports = { sourcePort: 67, destinationPort: 68 };
    const addresses = { sourceAddress: ipv4('10.1.0.1'), destinationAddress: ipv4('10.1.0.77') };
    assert.deepEqual(raw.sendTo({ mac: CLIENT, ...addresses, ...ports, payload: text(payload) }), { kind: 'sent' });
    const frame = await dump.next();
    assert.match(frame, /02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype IPv4/);
    assert.doesNotMatch(frame, /bad cksum/);
    let datagram = '';
    while (!datagram.includes('10.1.0.1.67 > 10.1.0.77.68')) datagram = await dump.next();
    assert.doesNotMatch(datagram, /bad udp/);
  }
  const port = { sourcePort: 68, destinationPort: 6_767, payload: text('x') };
  assert.deepEqual(raw.sendRawBroadcast({ ...port, sourceMac: mac('06:01:02:03:04:05') }), { kind: 'sent' });
  let line = '';
  while (!line.includes('06:01:02:03:04:05 > ff:ff:ff:ff:ff:ff')) line = await dump.next();
  while (!line.includes('0.0.0.0.68 > 255.255.255.255.6767')) line = await dump.next();
  assert.match(line, /udp sum ok/);
});

test('sendTo() refuses what does not fit the MTU, and after the interface went away', async (t) => {
  if (!needs(t, 'ip')) return;
  const raw = await sender();
  const datagram = { mac: CLIENT, sourceAddress: ipv4('10.1.0.1'), destinationAddress: ipv4('10.1.0.77') };
  const to = { ...datagram, sourcePort: 67, destinationPort: 68 };
  assert.equal(raw.sendTo({ ...to, payload: new Uint8Array(1_472) }).kind, 'sent');
  assert.deepEqual(raw.sendTo({ ...to, payload: new Uint8Array(1_473) }), {
    kind: 'refused',
    reason: '1473 octets do not fit into the 1472 that the MTU leaves',
  });
  ip('link set srv0 down');
  const refused = raw.sendTo({ ...to, payload: text('x') });
  assert.deepEqual(refused, { kind: 'refused', reason: 'the system refused the frame: ENETDOWN' });
  ip('link set srv0 up');
  raw.close();
  assert.equal(raw.sendTo({ ...to, payload: text('x') }).kind, 'refused');
});

test('packet sockets are unavailable, with a reason, without koffi and on what is not Ethernet', async (t) => {
  if (!needs(t, 'ip')) return;
  const without = await openRawSender({ interface: 'srv0', native: false });
  assert.deepEqual(without, { kind: 'unavailable', reason: 'koffi is not installed' });
  const loopback = await openRawSender({ interface: 'lo' });
  assert.deepEqual(loopback, { kind: 'unavailable', reason: '"lo" is not an Ethernet interface' });
  await assert.rejects(openRawSender({ interface: 'eth9' }), { code: 'no-interface' });
});

for (const native of [true, false]) {
  test(`isInUse() tells used from free addresses, many at once (${native ? 'ARP' : 'kernel’s table'})`, async (t) => {
    if (!needs(t, 'ip')) return;
    for (let host = 20; host < 30; host++) ip(`-n peer address replace 10.1.0.${host}/24 dev cli0`);
    const probe = await openProbe({ interface: 'srv0', native });
    t.after(() => probe.close());
    assert.equal(probe.kind, native ? 'arp' : 'neighbour');
    const hosts = Array.from({ length: 20 }, (_, index) => 20 + index);
    const answers = await Promise.all(hosts.map((host) => probe.isInUse(ipv4(`10.1.0.${host}`), 1_000)));
    assert.deepEqual(
      answers,
      hosts.map((host) => (host < 30 ? { inUse: true, mac: CLIENT } : { inUse: false })),
    );
    // Twice the same question, and again after nobody asked for a while.
    const same = await Promise.all([20, 20].map((host) => probe.isInUse(ipv4(`10.1.0.${host}`), 10_000)));
    assert.deepEqual(same, [
      { inUse: true, mac: CLIENT },
      { inUse: true, mac: CLIENT },
    ]);
    const reason = new Error('enough');
    await assert.rejects(probe.isInUse(ipv4('10.1.0.99'), 60_000, AbortSignal.abort(reason)));
    const controller = new AbortController();
    const question = probe.isInUse(ipv4('10.1.0.99'), 60_000, controller.signal);
    controller.abort(reason);
    await assert.rejects(question);
  });
}

for (const native of [true, false]) {
  test(`another server’s replies are heard, ours are not (${native ? 'packets' : 'port 68'})`, async (t) => {
    if (!needs(t, 'ip')) return;
    const replies: StrangerReply[] = [];
    let wake = () => {};
    const listener = await openStrangerListener({ interface: 'srv0', native }, (reply) => {
      replies.push(reply);
      wake();
    });
    t.after(() => listener.close());
    assert.equal(listener.kind, native ? 'packet' : 'socket');
    const raw = await sender();
    t.after(() => raw.close());
    const ours = { sourceAddress: ipv4('10.1.0.1'), sourcePort: 67, destinationPort: 68, payload: text('ours') };
    assert.equal(raw.sendRawBroadcast(ours).kind, 'sent');
    const server = await startPeer(t, '10.1.0.2', 67);
    const noise = await startPeer(t, '10.1.0.2', 5_353);
    const heard = new Promise<void>((resolve) => {
      wake = () => replies.length === 2 && resolve();
    });
    noise.say('255.255.255.255 68 noise');
    server.say('255.255.255.255 67 request');
    server.say('255.255.255.255 68 first');
    server.say('10.1.0.1 68 second');
    await heard;
    const from = { sourceAddress: ipv4('10.1.0.2'), ...(native ? { sourceMac: CLIENT } : {}) };
    assert.deepEqual(
      replies.map(({ payload, ...rest }) => ({ text: Buffer.from(payload).toString(), ...rest })),
      [
        { text: 'first', ...from },
        { text: 'second', ...from },
      ],
    );
  });
}
