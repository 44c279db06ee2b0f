import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { sendWake } from '../../src/io/power/send-wake.ts';
import { BROADCAST, ipv4 } from '../../src/net/ipv4.ts';
import { mac } from '../../src/net/mac.ts';
import { ProvisionError } from '../../src/net/provision-error.ts';
import { encodeMagicPacket } from '../../src/power/magic-packet.ts';
import { needs } from '../needs.ts';
import { runProgram, startProgram, tshark } from '../support/segment.ts';
import { newFolder } from '../support/server.ts';
import { makeSegments } from './io-segment.ts';

before(() => makeSegments());

const CARD = mac('00:25:90:96:c4:9a');
const PASSWORD = Uint8Array.of(1, 2, 3, 4, 5, 0xfe);
const FIELDS = ['eth.dst', 'ip.src', 'ip.dst', 'udp.dstport'];

/** Records so many packets of a card on the other side; what comes back waits for them, and gives the file. */
async function record(t: TestContext, interfaceName: string, count: number, filter: string) {
  const file = join(newFolder('wake'), `${interfaceName}.pcap`);
  const argv = ['tcpdump', '-i', interfaceName, '-U', '--immediate-mode', '-Z', 'root', '-c', `${count}`, '-w', file];
  const tcpdump = startProgram(t, ['ip', 'netns', 'exec', 'peer', ...argv, ...filter.split(' ')]);
  await tcpdump.printed(/listening on/);
  const ended = once(tcpdump.child, 'close');
  return async () => {
    await ended;
    return file;
  };
}

/** The frames of a file that tcpdump wrote. */
function framesOf(file: string): Buffer[] {
  const bytes = readFileSync(file);
  const frames: Buffer[] = [];
  for (let at = 24; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 8)) {
    frames.push(bytes.subarray(at + 16, at + 16 + bytes.readUInt32LE(at + 8)));
  }
  return frames;
}

for (const native of [true, false]) {
  const how = native ? 'tied to its interface' : 'without native code';
  test(`a socket ${how} sends three broadcasts to its own segment only, which tshark reads as ours`, async (t) => {
    if (!needs(t, 'ip', 'tcpdump', 'tshark')) return;
    const onOther = await record(t, 'cli0', 1, 'udp port 9');
    const onOurs = await record(t, 'cli1', 3, 'udp port 9');
    const to = { interface: 'srv1', source: ipv4('10.2.0.1'), to: BROADCAST };
    const sent = await sendWake({ ...to, payload: encodeMagicPacket(CARD, PASSWORD) }, native);
    assert.deepEqual(sent, { kind: 'sent', packets: 3 });
    const file = await onOurs();
    const row = ['ff:ff:ff:ff:ff:ff', '10.2.0.1', '255.255.255.255', '9'];
    assert.deepEqual(await tshark(file, 'wol', ...FIELDS), [row, row, row]);
    const { text } = await runProgram(['tshark', '-r', file, '-c', '1', '-V', '-O', 'wol']);
    const [[macs = ''] = []] = await tshark(file, 'wol', 'wol.mac');
    assert.deepEqual(macs.split(','), Array(16).fill(CARD));
    assert.match(text, /Password: 01:02:03:04:05:fe/);
    // The first on the other segment is what is meant for it.
    const there = { interface: 'srv0', source: ipv4('10.1.0.1'), to: BROADCAST };
    await sendWake({ ...there, payload: encodeMagicPacket(CARD) }, native);
    const [first] = await tshark(await onOther(), 'wol', ...FIELDS);
    assert.deepEqual(first?.slice(1), ['10.1.0.1', '255.255.255.255', '9']);
  });
}

test('a card that is asked for by etherwake and by wakeonlan is asked for in the same bytes', async (t) => {
  if (!needs(t, 'ip', 'tcpdump', 'etherwake', 'wakeonlan')) return;
  const frames = await record(t, 'cli0', 1, 'ether proto 0x0842');
  const raw = await runProgram(['etherwake', '-b', '-i', 'srv0', '-p', '01:02:03:04:05:fe', CARD]);
  assert.equal(raw.code, 0, raw.text);
  const [frame = Buffer.alloc(0)] = framesOf(await frames());
  assert.equal(frame.subarray(14).toString('hex'), Buffer.from(encodeMagicPacket(CARD, PASSWORD)).toString('hex'));

  const datagrams = await record(t, 'cli0', 1, 'udp port 9');
  const udp = await runProgram(['wakeonlan', '-i', '10.1.0.255', CARD]);
  assert.equal(udp.code, 0, udp.text);
  const [datagram = Buffer.alloc(0)] = framesOf(await datagrams());
  assert.equal(datagram.subarray(14 + 20 + 8).toString('hex'), Buffer.from(encodeMagicPacket(CARD)).toString('hex'));
});

test('what cannot be sent has a reason that names the place', async (t) => {
  if (!needs(t, 'ip')) return;
  const payload = encodeMagicPacket(CARD);
  const noRoute = await sendWake({ source: ipv4('10.1.0.1'), to: ipv4('192.0.2.255'), payload });
  assert.deepEqual(noRoute, {
    kind: 'failed',
    reason: 'there is no route to 192.0.2.255 (ENETUNREACH): ip route',
  });
  const isNoInterface = (error: unknown) => error instanceof ProvisionError && error.code === 'no-interface';
  await assert.rejects(sendWake({ source: ipv4('192.0.2.1'), to: ipv4('10.1.0.255'), payload }), isNoInterface);
  const gone = { interface: 'srv9', source: ipv4('10.1.0.1'), to: BROADCAST, payload };
  await assert.rejects(sendWake(gone, true), isNoInterface);
});
