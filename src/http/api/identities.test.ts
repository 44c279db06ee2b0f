import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordEvent } from '../../event/event.ts';
import { mac } from '../../net/mac.ts';
import { foldIdentities } from './identities.ts';

const ack = (seq: number, client: string, clientId?: string) =>
  recordEvent(
    { seq, time: seq * 1000 },
    'dhcp.ack',
    { mac: mac('00:25:90:96:c4:9a'), machine: 'sm1' },
    {
      address: '172.22.10.55',
      seconds: 600,
      client,
      kind: 'selecting',
      ...(clientId && { clientId }),
    },
  );

test('foldIdentities() keeps each face of a machine once, with its first and last time', () => {
  const events = [
    ack(1, 'iPXE, bios-x86', '01aa'),
    ack(2, 'installer, d-i', '01aa'),
    ack(3, 'system', 'ffbb'),
    ack(4, 'system', 'ffbb'),
  ];
  const found = foldIdentities(events).map(({ client, clientId, firstSeen, lastSeen, count }) => [
    client,
    clientId,
    firstSeen,
    lastSeen,
    count,
  ]);
  assert.deepEqual(found, [
    ['iPXE, bios-x86', '01aa', '1970-01-01T00:00:01.000Z', '1970-01-01T00:00:01.000Z', 1],
    ['installer, d-i', '01aa', '1970-01-01T00:00:02.000Z', '1970-01-01T00:00:02.000Z', 1],
    ['system', 'ffbb', '1970-01-01T00:00:03.000Z', '1970-01-01T00:00:04.000Z', 2],
  ]);
});
