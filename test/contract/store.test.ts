import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isOver } from '../../src/lease/book.ts';
import type { Lease } from '../../src/lease/lease.ts';
import type { Life } from '../../src/machine/life.ts';
import { withModel, withSelection } from '../../src/machine/mac-record.ts';
import { mac } from '../../src/net/mac.ts';
import { openMemoryStore } from '../../src/store/memory/memory-store.ts';
import { openStore } from '../../src/store/sqlite/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { addressAt, clientAt, eventAt, leaseAt, put, T0 } from './store-samples.ts';

/** What a contract test runs on. `reopen` is a restart of the server, where the store survives one. */
interface Bench {
  store: Store;
  reopen: (() => Promise<Store>) | undefined;
}

const kinds: Record<string, (t: TestContext, eventCount?: number) => Promise<Bench>> = {
  memory: async (_t, eventCount) => ({
    store: openMemoryStore(eventCount === undefined ? {} : { eventCount }),
    reopen: undefined,
  }),
  sqlite: async (t, eventCount) => {
    const folder = await mkdtemp(join(tmpdir(), 'rackready-store-'));
    const open = () =>
      openStore({ folder, eventLimits: { count: eventCount ?? 200_000, ageMs: Number.MAX_SAFE_INTEGER } });
    const bench: Bench = {
      store: await open(),
      reopen: async () => {
        await bench.store.close();
        bench.store = await open();
        return bench.store;
      },
    };
    t.after(async () => {
      await bench.store.close();
      await rm(folder, { recursive: true });
    });
    return bench;
  },
};

const byAddress = (leases: readonly Lease[]) => new Map(leases.map((lease) => [lease.address, lease]));
const WRITTEN = { kind: 'written' };

for (const [kind, prepare] of Object.entries(kinds)) {
  const contract = (name: string, run: (bench: Bench, t: TestContext) => Promise<void>) =>
    test(`${kind} store: ${name}`, async (t) => run(await prepare(t), t));

  contract('commit() keeps every field, and leaves absent ones absent', async ({ store }) => {
    const full = leaseAt(1, {
      vendorClass: 'PXEClient:Arch:00007',
      clientId: '0152540000000001',
      relayInfo: '0104deadbeef',
      kind: 'bootp',
      endsAt: null,
      hostName: 'knödel-雪',
    });
    const { hostName: _, ...bare } = leaseAt(2, { client: 'id:ff00' });
    assert.deepEqual(await store.leases.commit([put(full), put(bare)]), [WRITTEN, WRITTEN]);
    assert.deepEqual(await store.leases.load(), [full, bare]);
  });

  contract('an address that is bound to another client is taken, and nothing is written', async ({ store }) => {
    await store.leases.commit([put(leaseAt(1)), put(leaseAt(2))]);
    const thief = leaseAt(1, { client: clientAt(2) });
    assert.deepEqual(await store.leases.commit([put(thief, T0 + 1000)]), [{ kind: 'taken', holder: clientAt(1) }]);
    // The thief's own lease is not released by the attempt.
    assert.deepEqual(await store.leases.load(), [leaseAt(1), leaseAt(2)]);
  });

  contract('the end of a lease decides to the millisecond', async ({ store }) => {
    await store.leases.commit([put(leaseAt(1))]);
    const next = leaseAt(1, { client: clientAt(2), startsAt: T0 + 3_600_000, endsAt: T0 + 7_200_000 });
    const [before] = await store.leases.commit([put(next, T0 + 3_599_999)]);
    assert.deepEqual(before, { kind: 'taken', holder: clientAt(1) });
    // The lease book, which offers the address, says the same of that millisecond.
    assert.ok(isOver(leaseAt(1), T0 + 3_600_000));
    assert.deepEqual(await store.leases.commit([put(next, T0 + 3_600_000)]), [WRITTEN]);
    assert.deepEqual(await store.leases.load(), [next]);
  });

  contract('a BOOTP lease without end is never taken over, until it is released', async ({ store }) => {
    const forever = leaseAt(1, { kind: 'bootp', endsAt: null });
    const late = leaseAt(1, { client: clientAt(2) });
    await store.leases.commit([put(forever)]);
    assert.deepEqual(await store.leases.commit([put(late, T0 * 2)]), [{ kind: 'taken', holder: clientAt(1) }]);
    await store.leases.commit([put({ ...forever, state: 'released' })]);
    assert.deepEqual(await store.leases.commit([put(late)]), [WRITTEN]);
  });

  for (const state of ['released', 'abandoned'] as const) {
    contract(`an address that is ${state} may be put by anybody`, async ({ store }) => {
      await store.leases.commit([put(leaseAt(1, { state }))]);
      assert.deepEqual(await store.leases.commit([put(leaseAt(1, { client: clientAt(7) }))]), [WRITTEN]);
      assert.equal((await store.leases.load())[0]?.client, clientAt(7));
    });
  }

  contract('the holder renews, and may be told to abandon', async ({ store }) => {
    await store.leases.commit([put(leaseAt(1))]);
    const renewed = leaseAt(1, { startsAt: T0 + 10, endsAt: T0 + 9_000_000 });
    assert.deepEqual(await store.leases.commit([put(renewed)]), [WRITTEN]);
    const abandoned = leaseAt(1, { state: 'abandoned' });
    assert.deepEqual(await store.leases.commit([put(abandoned)]), [WRITTEN]);
    assert.deepEqual(await store.leases.load(), [abandoned]);
  });

  contract(
    'a second bound lease in a network releases the first, in another network it does not',
    async ({ store }) => {
      const other = leaseAt(3, { client: clientAt(1), network: 'lab' });
      await store.leases.commit([put(leaseAt(1)), put(other)]);
      await store.leases.commit([put(leaseAt(2, { client: clientAt(1) }), T0 + 5000)]);
      const found = byAddress(await store.leases.load());
      assert.deepEqual(found.get(addressAt(1)), leaseAt(1, { state: 'released', endsAt: T0 + 5000 }));
      assert.deepEqual(found.get(addressAt(2)), leaseAt(2, { client: clientAt(1) }));
      assert.deepEqual(found.get(addressAt(3)), other);
    },
  );

  contract('the address that a client left is free in the same batch', async ({ store }) => {
    await store.leases.commit([put(leaseAt(1))]);
    const moved = leaseAt(2, { client: clientAt(1) });
    const heir = leaseAt(1, { client: clientAt(5) });
    assert.deepEqual(await store.leases.commit([put(moved), put(heir)]), [WRITTEN, WRITTEN]);
    assert.deepEqual(await store.leases.load(), [heir, moved]);
  });

  contract('a client that comes back to its old address leaves the newer one', async ({ store }) => {
    for (const index of [1, 2, 1]) {
      await store.leases.commit([put({ ...leaseAt(index), client: clientAt(9) }, T0 + 1)]);
    }
    const found = byAddress(await store.leases.load());
    assert.equal(found.get(addressAt(1))?.state, 'bound');
    assert.equal(found.get(addressAt(2))?.state, 'released');
  });

  contract('forget removes the row, and results come in the order of the changes', async ({ store }) => {
    await store.leases.commit([put(leaseAt(1)), put(leaseAt(2)), put(leaseAt(3))]);
    const results = await store.leases.commit([
      { kind: 'forget', address: addressAt(1) },
      put(leaseAt(2, { client: clientAt(8) })),
      { kind: 'forget', address: addressAt(99) },
      put(leaseAt(1, { client: clientAt(8) })),
    ]);
    assert.deepEqual(results, [WRITTEN, { kind: 'taken', holder: clientAt(2) }, WRITTEN, WRITTEN]);
    const found = await store.leases.load();
    assert.deepEqual(found, [leaseAt(1, { client: clientAt(8) }), leaseAt(2), leaseAt(3)]);
    assert.deepEqual(await store.leases.commit([]), []);
  });

  contract('of many that claim one address at once, one gets it and the others learn who', async ({ store }) => {
    const claims = Array.from({ length: 100 }, (_, n) => {
      const own = leaseAt(1000 + n, { client: clientAt(n), network: 'lab' });
      return store.leases.commit([put(leaseAt(1, { client: clientAt(n) })), put(own)]);
    });
    const results = await Promise.all(claims);
    const winners = results.flatMap(([first], n) => (first?.kind === 'written' ? [n] : []));
    assert.equal(winners.length, 1);
    const winner = clientAt(winners[0] ?? -1);
    for (const [first, second] of results) {
      if (first?.kind === 'taken') assert.equal(first.holder, winner);
      assert.deepEqual(second, WRITTEN);
    }
    const stored = await store.leases.load();
    assert.deepEqual(stored[0], leaseAt(1, { client: winner }));
    assert.equal(stored.length, 101);
  });

  contract('records of Macs are kept by address, the newest wins, and leave absent fields absent', async (bench) => {
    const model = { model: 'Macmini6,2', arch: 'i386' };
    const [one, two] = [mac('a8:20:66:34:ff:e9'), mac('a8:20:66:4a:ce:46')];
    const chosen = withSelection(withModel(undefined, one, model, T0), 'debian-雪', T0 + 1);
    const bare = withModel(undefined, two, { ...model, model: 'iMac14,3' }, T0);
    await bench.store.macs.saveMac(withModel(undefined, one, model, T0));
    await Promise.all([bench.store.macs.saveMac(chosen), bench.store.macs.saveMac(bare)]);
    const store = (await bench.reopen?.()) ?? bench.store;
    assert.deepEqual(await store.macs.loadMacs(), [chosen, bare]);
  });

  contract('lives are kept by machine, the newest wins', async (bench) => {
    const life: Life = {
      machine: 'node1',
      state: 'ready',
      onceUsed: true,
      operation: {
        kind: 'install',
        stage: 'booting',
        grant: { token: 'abc', profile: 'debian', via: 'command', grantedAt: T0 },
      },
    };
    await bench.store.lives.saveLife({ machine: 'node1', state: 'discovered', onceUsed: false });
    await Promise.all([
      bench.store.lives.saveLife(life),
      bench.store.lives.saveLife({ machine: 'node2', state: 'retired', onceUsed: false }),
    ]);
    const store = bench.reopen ? await bench.reopen() : bench.store;
    assert.deepEqual(await store.lives.loadLives(), [life, { machine: 'node2', state: 'retired', onceUsed: false }]);
  });

  contract('events are listed by every condition, ascending, newest without `after`', async ({ store }) => {
    const all = Array.from({ length: 10_000 }, (_, n) => eventAt(n + 1));
    store.events.append(all.slice(0, 9000));
    store.events.append(all.slice(9000));
    const seqs = async (query: Parameters<typeof store.events.list>[0]) =>
      (await store.events.list(query)).map((event) => event.seq);
    assert.deepEqual(await store.events.list({ limit: 20_000 }), all);
    assert.deepEqual(await seqs({ limit: 3 }), [9998, 9999, 10_000]);
    assert.deepEqual(await seqs({ limit: 3, after: 0 }), [1, 2, 3]);
    assert.deepEqual(await seqs({ limit: 2, after: 5, before: 100, machine: 'node3' }), [13, 23]);
    assert.deepEqual(await seqs({ limit: 2, before: 100, mac: clientAt(3) }), [83, 93]);
    assert.deepEqual(await seqs({ limit: 2, before: 10, minLevel: 'warning' }), [7, 9]);
    assert.deepEqual(await seqs({ limit: 2, before: 10, id: 'server.stopped' }), [6, 8]);
    assert.deepEqual(await seqs({ limit: 2, network: 'other' }), []);
    assert.deepEqual(await seqs({ limit: 5, after: 10_000 }), []);
  });

  test(`${kind} store: events beyond the limit are given up, oldest first`, async (t) => {
    const { store } = await prepare(t, 2000);
    for (let first = 1; first <= 10_000; first += 100) {
      store.events.append(Array.from({ length: 100 }, (_, n) => eventAt(first + n)));
    }
    const kept = await store.events.list({ limit: 20_000 });
    assert.equal(kept.at(-1)?.seq, 10_000);
    assert.ok(kept.length >= 2000 && kept.length <= 2500, `${kept.length} events are kept`);
  });

  contract('50,000 leases come back complete, also after a restart', async (bench) => {
    const leases = Array.from({ length: 50_000 }, (_, n) => leaseAt(n));
    const commits = [];
    for (let at = 0; at < leases.length; at += 100) {
      commits.push(bench.store.leases.commit(leases.slice(at, at + 100).map((lease) => put(lease))));
    }
    await Promise.all(commits);
    const store = bench.reopen ? await bench.reopen() : bench.store;
    assert.deepEqual(await store.leases.load(), leases);
  });
}

test('sqlite store: lastSeq() is that of the former run', async (t) => {
  const bench = await kinds.sqlite?.(t);
  assert.equal(bench?.store.events.lastSeq(), 0);
  bench?.store.events.append([eventAt(41), eventAt(42)]);
  const store = await bench?.reopen?.();
  assert.equal(store?.events.lastSeq(), 42);
  assert.deepEqual(await store?.events.list({ limit: 10 }), [eventAt(41), eventAt(42)]);
});
