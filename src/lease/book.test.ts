import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { book, lease, network, range, subnet } from '../../test/support/dhcp.ts';
import { ipv4 } from '../net/ipv4.ts';
import { type Mac, mac } from '../net/mac.ts';
import { isOver } from './book.ts';
import { chooseAddress } from './choose.ts';

const small = network({ dhcp: { pools: [{ range: range('172.22.10.5-172.22.10.7'), clients: 'dhcp' }] } });
const a = mac('02:00:00:00:00:0a');
const b = mac('02:00:00:00:00:0b');

test('findFree() fills a pool without giving an address twice, then gives none', () => {
  const leases = book([small]);
  const given = new Set<number>();
  for (let index = 1; index <= 3; index++) {
    const client = mac(`02:00:00:00:00:0${index}`);
    const address = leases.findFree(small, 'dhcp', client, 0);
    assert.ok(address !== undefined && !given.has(address));
    given.add(address);
    leases.put(lease('0.0.0.0', client, { address }));
  }
  assert.equal(leases.findFree(small, 'dhcp', mac('02:00:00:00:00:04'), 0), undefined);
});

test('findFree() uses the address whose lease ended first once every address was given out', () => {
  const leases = book(
    [small],
    [
      lease('172.22.10.5', a, { endsAt: 900 }),
      lease('172.22.10.6', '02:00:00:00:00:01', { endsAt: 500 }),
      lease('172.22.10.7', '02:00:00:00:00:02', { endsAt: 2000 }),
    ],
  );
  assert.equal(leases.findFree(small, 'dhcp', b, 400), undefined);
  assert.equal(leases.findFree(small, 'dhcp', b, 1000), ipv4('172.22.10.6'));
});

test('a search that found a full pool is not believed any longer than the first lease lasts, or after a release', () => {
  const leases = book(
    [small],
    ['5', '6', '7'].map((last, index) => lease(`172.22.10.${last}`, `02:00:00:00:00:0${index + 1}`)),
  );
  assert.equal(leases.findFree(small, 'dhcp', b, 10), undefined);
  leases.put(lease('172.22.10.6', '02:00:00:00:00:02', { state: 'released', endsAt: 11 }));
  assert.equal(leases.findFree(small, 'dhcp', b, 12), ipv4('172.22.10.6'));
});

test('hold() keeps an address from others until the offer ends, and dropOffer() frees it', () => {
  const one = network({ dhcp: { pools: [{ range: range('172.22.10.5'), clients: 'dhcp' }] } });
  const leases = book([one]);
  leases.hold({ network: 'management', client: a, address: ipv4('172.22.10.5'), expiresAt: 60 }, 0);
  assert.equal(leases.findFree(one, 'dhcp', b, 59), undefined);
  assert.equal(leases.findFree(one, 'dhcp', b, 61), ipv4('172.22.10.5'));
  leases.hold({ network: 'management', client: a, address: ipv4('172.22.10.5'), expiresAt: 160 }, 100);
  leases.dropOffer('management', a);
  assert.equal(leases.findFree(one, 'dhcp', b, 101), ipv4('172.22.10.5'));
});

test('put() of a second address releases the first: a client holds one lease per network', () => {
  const leases = book([small], [lease('172.22.10.5', a)]);
  leases.put(lease('172.22.10.6', a));
  assert.equal(leases.leaseAt(ipv4('172.22.10.5'))?.state, 'released');
  assert.equal(leases.leaseOf('management', a)?.address, ipv4('172.22.10.6'));
});

test('a client’s own lease is the bound one, whatever it had at other addresses and in whatever order they are read', () => {
  const old = lease('172.22.10.7', a, { state: 'released', startsAt: 10, endsAt: 20 });
  const bound = lease('172.22.10.5', a, { startsAt: 30 });
  const found = lease('172.22.10.6', a, { state: 'abandoned', startsAt: 40 });
  for (const order of [
    [bound, found, old],
    [old, found, bound],
    [found, old, bound],
  ]) {
    const leases = book([small], order);
    assert.equal(leases.leaseOf('management', a)?.address, ipv4('172.22.10.5'));
    leases.shift(1000, 100);
    assert.equal(leases.leaseOf('management', a)?.address, ipv4('172.22.10.5'));
  }
});

test('of several addresses that a client gave back, the one that it had last is its own', () => {
  const older = lease('172.22.10.7', a, { state: 'released', startsAt: 10 });
  const newer = lease('172.22.10.5', a, { state: 'released', startsAt: 30 });
  for (const order of [
    [older, newer],
    [newer, older],
  ]) {
    assert.equal(book([small], order).leaseOf('management', a)?.address, ipv4('172.22.10.5'));
  }
});

test('a search that found a full pool is not believed once a lease was shortened', () => {
  const leases = book(
    [small],
    ['5', '6', '7'].map((last, index) => lease(`172.22.10.${last}`, `02:00:00:00:00:0${index + 1}`, { endsAt: 9000 })),
  );
  assert.equal(leases.findFree(small, 'dhcp', b, 10), undefined);
  leases.put(lease('172.22.10.6', '02:00:00:00:00:02', { startsAt: 20, endsAt: 140 }));
  assert.equal(leases.findFree(small, 'dhcp', b, 139), undefined);
  assert.equal(leases.findFree(small, 'dhcp', b, 141), ipv4('172.22.10.6'));
});

test('in a pool where every address was given out, each offer does not cost a search through all of it', () => {
  const large = network({
    subnet: subnet('10.0.0.0/8'),
    dhcp: { pools: [{ range: range('10.0.0.1-10.0.255.254'), clients: 'dhcp' }] },
  });
  const first = ipv4('10.0.0.1');
  const count = 65_534;
  let looks = 0;
  const leases = Array.from({ length: count }, (_, index) => {
    const one = lease(
      '0.0.0.0',
      `02:00:00:01:${(index >> 8).toString(16).padStart(2, '0')}:${(index & 255).toString(16).padStart(2, '0')}`,
      { address: (first + index) as typeof first, endsAt: 1000 + index },
    );
    return Object.defineProperty({ ...one }, 'endsAt', {
      get: () => {
        looks++;
        return one.endsAt;
      },
    });
  });
  const full = book([large], leases);
  looks = 0;
  for (let index = 0; index < 500; index++) {
    const client = mac(
      `02:00:00:02:${(index >> 8).toString(16).padStart(2, '0')}:${(index & 255).toString(16).padStart(2, '0')}`,
    );
    const address = full.findFree(large, 'dhcp', client, 100_000 + index);
    assert.equal(address, first + index, 'the one that ended first');
    full.hold({ network: large.name, client, address: address ?? first, expiresAt: 160_000 + index }, 100_000 + index);
  }
  // One search looks at each lease a few times, and sorts them.
  assert.ok(looks < 60 * count, `${looks} looks at leases`);
  // The offers run out one by one, and come back without a search.
  looks = 0;
  for (let index = 0; index < 500; index++) {
    assert.notEqual(full.findFree(large, 'dhcp', b, 160_001 + index), undefined);
  }
  assert.ok(looks < 10_000, `${looks} looks at leases`);
});

test('setNetworks() keeps leases and knows them as used in the new pools', () => {
  const leases = book([network()], [lease('172.22.10.5', a)]);
  const one = network({ dhcp: { pools: [{ range: range('172.22.10.5-172.22.10.6'), clients: 'dhcp' }] } });
  leases.setNetworks([one]);
  assert.equal(leases.findFree(one, 'dhcp', b, 10), ipv4('172.22.10.6'));
});

test('shift() moves every end with the clock', () => {
  const leases = book([small], [lease('172.22.10.5', a, { endsAt: 1000 }), lease('172.22.10.6', b, { endsAt: null })]);
  leases.shift(5000, 10);
  assert.equal(leases.leaseAt(ipv4('172.22.10.5'))?.endsAt, 6000);
  assert.equal(leases.leaseAt(ipv4('172.22.10.6'))?.endsAt, null);
});

test('shift() leaves leases alone that were given out by a right clock, before a start with a wrong one', () => {
  const [year2000, year2026] = [946_684_800_000, 1_790_000_000_000];
  const right = lease('172.22.10.5', a, { startsAt: year2026, endsAt: year2026 + 3_600_000 });
  const wrong = lease('172.22.10.6', b, { startsAt: year2000 + 5_000, endsAt: year2000 + 3_605_000 });
  const leases = book([small], [right, wrong]);
  const ms = year2026 + 7_200_000 - year2000;
  leases.shift(ms, year2000 + 10_000);
  assert.deepEqual(leases.leaseAt(right.address), right);
  assert.equal(leases.leaseAt(wrong.address)?.endsAt, year2000 + 3_605_000 + ms);
  assert.ok(isOver(right, year2000 + 10_000 + ms));
});

const choices: readonly {
  name: string;
  leases?: readonly ReturnType<typeof lease>[];
  question?: Partial<Parameters<typeof chooseAddress>[1]>;
  want: string;
}[] = [
  {
    name: 'the reservation over everything else',
    question: { reserved: ipv4('172.22.10.55') },
    leases: [lease('172.22.10.5', a)],
    want: 'reservation 172.22.10.55',
  },
  { name: 'its own ended lease again', leases: [lease('172.22.10.7', a, { endsAt: 5 })], want: 'lease 172.22.10.7' },
  {
    name: 'its released address again',
    leases: [lease('172.22.10.7', a, { state: 'released', endsAt: 5 })],
    want: 'lease 172.22.10.7',
  },
  {
    name: 'the wish, when it is free and in a pool',
    question: { requested: ipv4('172.22.10.6') },
    want: 'requested 172.22.10.6',
  },
  { name: 'no wish outside the pools', question: { requested: ipv4('172.22.10.99') }, want: 'pool' },
  {
    name: 'no wish that somebody else holds',
    leases: [lease('172.22.10.6', b)],
    question: { requested: ipv4('172.22.10.6') },
    want: 'pool',
  },
  {
    name: 'no abandoned address, even if it was its own',
    leases: [lease('172.22.10.6', a, { state: 'abandoned' })],
    question: { requested: ipv4('172.22.10.6') },
    want: 'pool',
  },
  { name: 'a refusal when unknown clients are off', question: { mayUsePool: false }, want: 'refused' },
  { name: 'none for BOOTP without a BOOTP pool', question: { kind: 'bootp' }, want: 'none' },
  {
    name: 'a pool address while the reservation is held by its other card',
    leases: [lease('172.22.10.55', b)],
    question: { reserved: ipv4('172.22.10.55') },
    want: 'pool',
  },
  {
    name: 'none while the reserved address is set aside and no pool is allowed',
    leases: [lease('172.22.10.55', b, { state: 'abandoned' })],
    question: { reserved: ipv4('172.22.10.55'), mayUsePool: false },
    want: 'none',
  },
];
for (const row of choices) {
  test(`chooseAddress() gives ${row.name}`, () => {
    const view = book([small], row.leases);
    const choice = chooseAddress(view, {
      network: small,
      client: a,
      kind: 'dhcp',
      mayUsePool: true,
      now: 10,
      ...row.question,
    });
    const got = choice.kind === 'address' ? `${choice.reason} ${dotted(choice.address)}` : choice.kind;
    assert.ok(got.startsWith(row.want), `${got} for ${row.want}`);
  });
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

test('whatever happens, no two clients hold the same address at the same time', () => {
  const action = fc.record({
    client: fc.integer({ min: 0, max: 6 }),
    what: fc.constantFrom('ask', 'bind', 'release', 'forget'),
    after: fc.integer({ min: 0, max: 400 }),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
      const leases = book([small]);
      let now = 0;
      for (const { client, what, after } of actions) {
        now += after;
        const key = `02:00:00:00:01:0${client}` as Mac;
        const choice = chooseAddress(leases, { network: small, client: key, kind: 'dhcp', mayUsePool: true, now });
        const own = leases.leaseOf('management', key);
        if (what === 'release' && own?.state === 'bound') leases.put({ ...own, state: 'released', endsAt: now });
        if (what === 'forget' && own) leases.forget(own.address);
        if (choice.kind !== 'address' || what === 'release' || what === 'forget') continue;
        const holder = leases.leaseAt(choice.address);
        assert.ok(!holder || holder.client === key || holder.state === 'released' || (holder.endsAt ?? now) <= now);
        const offered = leases.offeredTo(choice.address, now);
        assert.ok(offered === undefined || offered === key);
        if (what === 'ask')
          leases.hold({ network: 'management', client: key, address: choice.address, expiresAt: now + 60 }, now);
        else {
          leases.put(lease('0.0.0.0', key, { address: choice.address, startsAt: now, endsAt: now + 300 }));
          leases.dropOffer('management', key);
        }
      }
    }),
    { numRuns: 500 },
  );
});
