import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lease } from '../../lease/lease.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import { mac } from '../../net/mac.ts';
import type { Cell, Failure, Request } from './protocol.ts';
import { RequestFailed, WorkerDied } from './worker-link.ts';
import { createWriteQueue } from './write-queue.ts';

const lease = (address: number): Lease => ({
  address: address as Ipv4,
  network: 'rack',
  client: mac('52:54:00:00:00:01'),
  state: 'bound',
  kind: 'dhcp',
  startsAt: 0,
  endsAt: 1,
});

const CELLS_PER_PUT = 13;
const full: Failure = { cause: 'world', code: 'store-failed', reason: 'full', next: 'free some' };
const bad: Failure = { ...full, cause: 'bad-data' };

/** A worker by hand: each request waits for an answer that the test gives. */
function prepare() {
  const sent: { rows: number; answer: (cells: Cell[]) => void; refuse: (error: Error) => void }[] = [];
  const told: string[] = [];
  let onSent = () => {};
  const queue = createWriteQueue({
    folder: '/data',
    request: (request: Request) => {
      const { promise, resolve, reject } = Promise.withResolvers<Cell[]>();
      const rows = request.kind === 'write' ? request.rows.length / CELLS_PER_PUT : -1;
      sent.push({ rows, answer: resolve, refuse: reject });
      onSent();
      return promise;
    },
    onWritten: () => told.push('written'),
    onFailed: (failure) => told.push(failure.reason),
  });
  const nextSent = async (count: number) => {
    while (sent.length < count) {
      await new Promise<void>((resolve) => {
        onSent = resolve;
      });
    }
    const request = sent[count - 1];
    assert.ok(request);
    return request;
  };
  const commit = (address: number) => queue.commit([{ kind: 'put', lease: lease(address), at: 0 }]);
  return { queue, sent, told, nextSent, commit };
}

test('what comes in one turn is one transaction; what comes while it runs is the next', async () => {
  const { commit, nextSent, sent } = prepare();
  const first = [commit(1), commit(2), commit(3)];
  const one = await nextSent(1);
  const second = [commit(4), commit(5)];
  assert.deepEqual([one.rows, sent.length], [3, 1]);
  one.answer([1, 'id:aa']);
  assert.deepEqual(await Promise.all(first), [
    [{ kind: 'written' }],
    [{ kind: 'taken', holder: 'id:aa' }],
    [{ kind: 'written' }],
  ]);
  const two = await nextSent(2);
  assert.equal(two.rows, 2);
  two.answer([]);
  await Promise.all(second);
});

test('a failure of the disk refuses the whole batch and is told', async () => {
  const { commit, nextSent, told } = prepare();
  const outcome = Promise.allSettled([commit(1), commit(2)]);
  (await nextSent(1)).refuse(new RequestFailed(full));
  assert.deepEqual(
    (await outcome).map((one) => one.status === 'rejected' && [one.reason.message, one.reason.hint]),
    Array(2).fill(['Cannot write leases to "/data": full', 'free some']),
  );
  assert.deepEqual(told, ['full']);
});

test('after a bad value each call is tried by itself, and the disk is not blamed', async () => {
  const { commit, nextSent, told } = prepare();
  const outcome = Promise.allSettled([commit(1), commit(2)]);
  (await nextSent(1)).refuse(new RequestFailed(bad));
  (await nextSent(2)).answer([]);
  const last = await nextSent(3);
  assert.equal(last.rows, 1);
  last.refuse(new RequestFailed(bad));
  assert.deepEqual(
    (await outcome).map((one) => one.status),
    ['fulfilled', 'rejected'],
  );
  assert.deepEqual(told, ['written']);
});

test('what was on the way when the worker died is tried once more, and only once', async () => {
  const { commit, nextSent, queue } = prepare();
  const outcome = assert.rejects(commit(1), /the store's worker stopped \(again\)/);
  (await nextSent(1)).refuse(new WorkerDied('first'));
  (await nextSent(2)).refuse(new WorkerDied('again'));
  await outcome;
  const later = commit(2);
  (await nextSent(3)).refuse(new WorkerDied('first'));
  (await nextSent(4)).answer([]);
  assert.deepEqual(await later, [{ kind: 'written' }]);
  await queue.close();
});

test('close() waits for what was asked for', async () => {
  const { commit, nextSent, queue } = prepare();
  const pending = commit(1);
  const closed = queue.close();
  await assert.rejects(commit(2), /the store is closed/);
  (await nextSent(1)).answer([]);
  assert.deepEqual(await pending, [{ kind: 'written' }]);
  await closed;
});
