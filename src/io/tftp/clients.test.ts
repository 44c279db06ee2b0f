import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clients, type Slot } from './clients.ts';

const slot = (address: string, port: number): Slot => ({
  address,
  port,
  name: 'x',
  isTrimmed: false,
  session: undefined,
  isCancelled: false,
});

test('slots are found by port, counted by address, and leave nothing behind', () => {
  const clients = new Clients();
  const [a, b] = [slot('10.0.0.1', 1), slot('10.0.0.1', 2)];
  clients.add(a);
  clients.add(b);
  assert.equal(clients.at('10.0.0.1', 1), a);
  assert.equal(clients.of('10.0.0.1').size, 2);
  assert.equal(clients.of('10.0.0.2').size, 0);
  clients.remove(a);
  clients.remove(a);
  assert.equal(clients.at('10.0.0.1', 1), undefined);
  assert.equal(clients.total, 1);
  clients.remove(b);
  assert.deepEqual([clients.total, clients.of('10.0.0.1').size], [0, 0]);
});

test('removing a slot that was replaced keeps the one that took its port', () => {
  const clients = new Clients();
  const [old, young] = [slot('10.0.0.1', 1), slot('10.0.0.1', 1)];
  clients.add(old);
  clients.add(young);
  clients.remove(old);
  assert.equal(clients.at('10.0.0.1', 1), young);
});

test('a client that loses first blocks is capped at 1024, then at 512, for a day', () => {
  const clients = new Clients();
  const day = 24 * 3_600_000;
  assert.equal(clients.capOf('10.0.0.1', 0), undefined);
  assert.equal(clients.distrust('10.0.0.1', 1468, 0), 1024);
  assert.equal(clients.capOf('10.0.0.1', 1), 1024);
  assert.equal(clients.distrust('10.0.0.1', 1024, 5), 512);
  assert.equal(clients.capOf('10.0.0.1', day + 4), 512);
  assert.equal(clients.capOf('10.0.0.1', day + 5), undefined);
  assert.equal(clients.capOf('10.0.0.2', 0), undefined);
});

test('only so many capped clients are remembered', () => {
  const clients = new Clients();
  for (let index = 0; index <= 4096; index++) clients.distrust(`client-${index}`, 1468, 0);
  assert.equal(clients.capOf('client-0', 0), undefined);
  assert.equal(clients.capOf('client-1', 0), 1024);
});
