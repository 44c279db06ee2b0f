import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createHttpClient } from '../../src/io/mirror/http-client.ts';
import { needs } from '../needs.ts';
import {
  cutAfter,
  INDEX,
  planIndex,
  sendFile,
  startUpstream,
  status,
  type Upstream,
} from '../support/hostile-upstream.ts';
import { openTestMirror, type TestMirror } from '../support/mirror-run.ts';
import { ip } from '../support/segment.ts';

const big = randomBytes(3 * 1024 * 1024);

function someTree(): Record<string, Buffer | string> {
  const packages = Array.from({ length: 10 }, (_, n) => [`Packages/p/p${n}+x~1.rpm`, `package ${n} `.repeat(n + 1)]);
  return { ...Object.fromEntries(packages), 'images/pxeboot/vmlinuz': big, 'comps.xml': '<comps/>', empty: '' };
}

/** Everything in the pool is what its name says. */
function checkPool({ pool }: TestMirror): void {
  for (const part of readdirSync(pool.folder)) {
    for (const name of readdirSync(join(pool.folder, part))) {
      const sum = createHash('sha256')
        .update(readFileSync(pool.pathOf(name)))
        .digest('hex');
      assert.equal(sum, name);
    }
  }
}

function checkServed(mirror: TestMirror, { files }: Upstream): void {
  const expected = [...files]
    .map(([path, body]) => [path, body.toString('latin1')] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const live = [...mirror.live()].sort(([a], [b]) => (a < b ? -1 : 1));
  assert.deepEqual(live, expected);
  checkPool(mirror);
}

test('a tree is copied, published, and found unchanged with one request', async (t) => {
  const upstream = await startUpstream(t, someTree());
  const mirror = openTestMirror(upstream.url);
  const first = await mirror.run();
  assert.equal(first.result, 'published', first.reason);
  checkServed(mirror, upstream);
  assert.equal(first.snapshot?.boot['images/pxeboot/vmlinuz'], createHash('sha256').update(big).digest('hex'));
  upstream.asked.length = 0;
  assert.equal((await mirror.run()).result, 'unchanged');
  assert.deepEqual(upstream.asked, [`GET ${INDEX}`]);
});

test('files that metadata name by SHA-512 only are fetched once, and again when they are damaged', async (t) => {
  const upstream = await startUpstream(t, { 'Packages/a.rpm': 'a', 'Packages/b.rpm': 'b' });
  const mirror = openTestMirror(upstream.url);
  const planTree: typeof planIndex = async (reader) => {
    const plan = await planIndex(reader);
    const files = plan.files.map((file) => {
      const hex = createHash('sha512')
        .update(upstream.files.get(file.path) ?? '')
        .digest('hex');
      return { ...file, digests: [{ algorithm: 'sha512', hex } as const] };
    });
    return { ...plan, files };
  };
  const packages = () => upstream.asked.filter((one) => one.includes('Packages/'));
  assert.equal((await mirror.run({ planTree })).result, 'published');
  assert.equal(packages().length, 2);
  upstream.files.set('Packages/b.rpm', Buffer.from('c'));
  upstream.seal();
  assert.equal((await mirror.run({ planTree })).result, 'published');
  assert.deepEqual(packages().slice(2), ['GET Packages/b.rpm']);
  rmSync(mirror.pool.pathOf(createHash('sha256').update('a').digest('hex')));
  assert.equal((await mirror.run({ planTree, isForced: true })).result, 'unchanged');
  assert.deepEqual(packages().slice(3), ['GET Packages/a.rpm']);
});

test('of a changed tree only what is new is fetched, and the old state stays where it is', async (t) => {
  const upstream = await startUpstream(t, someTree());
  const mirror = openTestMirror(upstream.url);
  const first = await mirror.run();
  upstream.files.set('Packages/p/new.rpm', Buffer.from('new'));
  upstream.files.set('comps.xml', Buffer.from('<comps><group/></comps>'));
  upstream.files.delete('Packages/p/p3+x~1.rpm');
  upstream.seal();
  upstream.asked.length = 0;
  const second = await mirror.run();
  assert.equal(second.result, 'published', second.reason);
  assert.deepEqual(upstream.asked.toSorted(), [
    'GET Packages/p/new.rpm',
    'GET comps.xml',
    ...Array(3).fill(`GET ${INDEX}`),
  ]);
  const live = mirror.live();
  assert.equal(live.get('Packages/p/p3+x~1.rpm'), 'package 3 '.repeat(4));
  assert.equal(live.get('comps.xml'), '<comps><group/></comps>');
  assert.ok(mirror.files.readManifest(first.snapshot?.id ?? '').has('Packages/p/p3+x~1.rpm'));
  assert.ok(!mirror.files.readManifest(second.snapshot?.id ?? '').has('Packages/p/p3+x~1.rpm'));
});

test('a second thread that dies in the middle takes nothing with it', async (t) => {
  const packages = Array.from({ length: 80 }, (_, n) => [`Packages/${n}.rpm`, randomBytes(30_000)]);
  const upstream = await startUpstream(t, Object.fromEntries(packages));
  const mirror = openTestMirror(upstream.url);
  const died: string[] = [];
  const script = new URL('../support/dying-lane.ts', import.meta.url);
  const { result, reason } = await mirror.run({ lane: { script, onDied: (why) => died.push(why) } });
  assert.equal(result, 'published', reason);
  assert.deepEqual(died, ['exit code 3']);
  checkServed(mirror, upstream);
});

describe('what is wrong once is made good', () => {
  const vmlinuz = 'images/pxeboot/vmlinuz';
  for (const [name, path, fault] of [
    ['a body that breaks off', vmlinuz, cutAfter(1_000_000, 1)],
    ['a body that breaks off again and again, each time a little later', vmlinuz, cutAfter(2_000_000, 2)],
    ['a server that is busy and says how long', vmlinuz, status(503, { 'Retry-After': '0' }, 2)],
    ['a server that fails', vmlinuz, status(500, {}, 2)],
    ['the wrong content once, as a stale cache gives it', 'comps.xml', stale(1)],
    ['a redirect', 'comps.xml', status(302, { Location: '/tree/comps.xml?again' }, 1)],
    ['an encoding that nobody asked for', 'comps.xml', encoded(1)],
    ['the answer 304 to a plain question', 'comps.xml', status(304, {}, 1)],
  ] as const)
    test(name, async (t) => {
      const upstream = await startUpstream(t, someTree());
      const mirror = openTestMirror(upstream.url);
      upstream.faults.set(path, fault);
      const { result, reason } = await mirror.run();
      assert.equal(result, 'published', reason);
      checkServed(mirror, upstream);
    });

  test('a body that broke off is gone on with where it was', async (t) => {
    const upstream = await startUpstream(t, someTree());
    const mirror = openTestMirror(upstream.url);
    upstream.faults.set(vmlinuz, cutAfter(1_500_000, 1));
    assert.equal((await mirror.run()).result, 'published');
    const ranges = upstream.asked.filter((one) => one.startsWith(`GET ${vmlinuz} bytes=`));
    assert.equal(ranges.length, 1);
    checkServed(mirror, upstream);
  });

  test('a range of another file is not gone on with', async (t) => {
    const upstream = await startUpstream(t, someTree());
    const mirror = openTestMirror(upstream.url);
    let asks = 0;
    upstream.faults.set(vmlinuz, (request, response, body) => {
      if (++asks === 1) return cutAfter(1_500_000)(request, response, body);
      if (request.headers.range === undefined) return false;
      const start = Number(/[0-9]+/.exec(request.headers.range)?.[0]);
      const lie = Buffer.alloc(body.length - start, 'x');
      response.writeHead(206, {
        'Content-Range': `bytes ${start}-${body.length - 1}/${body.length}`,
        'Content-Length': lie.length,
      });
      response.end(lie);
      return true;
    });
    const { result, reason } = await mirror.run();
    assert.equal(result, 'published', reason);
    checkServed(mirror, upstream);
  });

  test('a range that begins elsewhere is not gone on with', async (t) => {
    const upstream = await startUpstream(t, someTree());
    const mirror = openTestMirror(upstream.url);
    let asks = 0;
    upstream.faults.set(vmlinuz, (request, response, body) => {
      if (++asks === 1) return cutAfter(1_500_000)(request, response, body);
      if (request.headers.range === undefined) return false;
      response.writeHead(206, {
        'Content-Range': `bytes 0-${body.length - 1}/${body.length}`,
        'Content-Length': body.length,
      });
      response.end(body);
      return true;
    });
    assert.equal((await mirror.run()).result, 'published');
    checkServed(mirror, upstream);
  });

  test('another place has what the first one has wrong', async (t) => {
    const good = await startUpstream(t, someTree());
    const upstream = await startUpstream(t, someTree());
    const mirror = openTestMirror([upstream.url, good.url]);
    upstream.faults.set('comps.xml', stale(Number.POSITIVE_INFINITY));
    const { result, reason } = await mirror.run();
    assert.equal(result, 'published', reason);
    checkServed(mirror, good);
  });
});

test('a redirect to what only this host may see is not followed', async (t) => {
  if (!needs(t, 'ip')) return;
  ip('addr add 192.0.2.1/32 dev lo');
  const inner = await startUpstream(t, { secret: 'x' });
  const server = createServer((_request, response) => {
    response.writeHead(302, { Location: `${inner.url}secret` }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '192.0.2.1', resolve));
  const client = createHttpClient({ connections: 1 });
  t.after(() => {
    client.close();
    server.close();
    ip('addr del 192.0.2.1/32 dev lo');
  });
  const { port } = server.address() as AddressInfo;
  const asked = client.get(`http://192.0.2.1:${port}/`, {}, new AbortController().signal);
  await assert.rejects(asked, { message: /is redirected to 127\.0\.0\.1:.*not followed/, isFinal: true });
  assert.deepEqual(inner.asked, []);
});

describe('a place that is dead is not the last word where there is another one', () => {
  for (const [name, urlOf] of [
    ['has nothing any more', ({ url }: Upstream) => url],
    ['does not answer', () => 'http://127.0.0.1:9/tree/'],
  ] as const)
    test(`it ${name}`, async (t) => {
      const good = await startUpstream(t, someTree());
      const dead = await startUpstream(t, {});
      dead.files.clear();
      const mirror = openTestMirror([urlOf(dead), good.url]);
      const { result, reason } = await mirror.run();
      assert.equal(result, 'published', reason);
      checkServed(mirror, good);
      assert.equal((await mirror.run()).result, 'unchanged');
    });
});

describe('what stays wrong is never served, and the old state stays', () => {
  for (const [name, path, fault, reason] of [
    ['a truncated file', 'comps.xml', cutAfter(3), /broke off|aborted/],
    ['a file that is too short', 'comps.xml', other('<co'), /should be/],
    ['a file that is too long', 'comps.xml', other('<comps/><more/>'), /should be/],
    ['a file that is too long and does not say so', 'comps.xml', chunked('<comps/><more/>'), /longer than/],
    ['the wrong content', 'comps.xml', stale(Number.POSITIVE_INFINITY), /does not have the sha256 checksum/],
    ['a file that is not there', 'comps.xml', status(404), /has no comps\.xml/],
    ['a file that nobody may have', 'comps.xml', status(403), /status 403/],
    ['a server that is always busy', 'comps.xml', status(503, { 'Retry-After': '0' }), /status 503/],
    ['redirects without an end', 'comps.xml', status(302, { Location: '/tree/comps.xml' }), /again and again/],
    ['a redirect to a file of this host', 'comps.xml', status(302, { Location: 'file:///etc/passwd' }), /file:/],
    ['a redirect to nowhere', 'comps.xml', status(302), /to nowhere/],
    ['an index that is not there any more', INDEX, status(404), /upstream does not have it/],
    ['an index that breaks off', INDEX, cutAfter(5), /cannot be had/],
  ] as const)
    test(name, async (t) => {
      const upstream = await startUpstream(t, someTree());
      const mirror = openTestMirror(upstream.url);
      assert.equal((await mirror.run()).result, 'published');
      const before = mirror.live();
      const served = mirror.files.readState().current;
      upstream.files.set('comps.xml', Buffer.from('<comps2>'));
      upstream.files.set('Packages/p/new.rpm', Buffer.from('new'));
      upstream.seal();
      upstream.faults.set(path, fault);
      const { result, reason: said } = await mirror.run();
      assert.equal(result, 'failed', said);
      assert.match(said, reason);
      assert.deepEqual(mirror.live(), before);
      assert.equal(mirror.files.readState().current, served);
      checkPool(mirror);
      // The rest was fetched all the same, so that the next run has less to do.
      upstream.faults.clear();
      assert.equal((await mirror.run()).result, 'published');
      assert.equal(mirror.live().get('comps.xml'), '<comps2>');
    });

  test('a connection on which nothing comes any more', async (t) => {
    const upstream = await startUpstream(t, someTree());
    const mirror = openTestMirror(upstream.url);
    upstream.faults.set('comps.xml', (_request, response, body) => {
      response.writeHead(200, { 'Content-Length': body.length });
      response.write(body.subarray(0, 1));
      return true;
    });
    const { result, reason } = await mirror.run({ stallMs: 150 });
    assert.equal(result, 'failed');
    assert.match(reason, /nothing came in time|aborted|broke off/);
  });

  test('an optional file that is not there is no failure', async (t) => {
    const upstream = await startUpstream(t, { ...someTree(), 'optional/updates.img': 'x' });
    upstream.faults.set('optional/updates.img', status(404));
    const mirror = openTestMirror(upstream.url);
    assert.equal((await mirror.run()).result, 'published');
    assert.ok(!mirror.live().has('optional/updates.img'));
  });

  test('a file that is known to be broken upstream may be missing', async (t) => {
    const upstream = await startUpstream(t, someTree());
    upstream.faults.set('comps.xml', stale(Number.POSITIVE_INFINITY));
    const mirror = openTestMirror(upstream.url);
    const { result, reason } = await mirror.run({ allowMissing: ['*.xml'] });
    assert.equal(result, 'published', reason);
    assert.ok(!mirror.live().has('comps.xml'));
    assert.equal(mirror.refused.length, 1);
  });

  test('however many files may be missing, all others are there', async (t) => {
    const broken = Array.from({ length: 250 }, (_, n) => [`drpms/${n}.drpm`, `delta ${n} `.repeat(9)]);
    const upstream = await startUpstream(t, { ...Object.fromEntries(broken), ...someTree() });
    for (const path of upstream.files.keys()) if (path.endsWith('.drpm')) upstream.faults.set(path, status(404));
    const mirror = openTestMirror(upstream.url);
    const { result, reason } = await mirror.run({ allowMissing: ['*.drpm'] });
    assert.equal(result, 'published', reason);
    for (const path of [...upstream.files.keys()].filter((one) => !one.endsWith('.drpm')))
      assert.ok(mirror.live().has(path), path);
  });

  test('a file that is not there by one name is taken by another', async (t) => {
    const upstream = await startUpstream(t, { 'optional/Packages': 'same', 'dists/Packages': 'same' });
    upstream.faults.set('optional/Packages', status(404));
    const mirror = openTestMirror(upstream.url);
    const { result, reason } = await mirror.run();
    assert.equal(result, 'published', reason);
    assert.equal(mirror.live().get('dists/Packages'), 'same');
    upstream.faults.set('dists/Packages', status(404));
    const other = await openTestMirror(upstream.url).run();
    assert.equal(other.result, 'failed', other.reason);
  });

  test('paths that lead out of the tree', async (t) => {
    const upstream = await startUpstream(t, { ...someTree(), '../../etc/cron.d/evil': 'x' });
    const { result, reason } = await openTestMirror(upstream.url).run();
    assert.equal(result, 'failed');
    assert.match(reason, /\.\./);
  });
});

describe('an upstream that changes in the middle', () => {
  test('is planned anew', async (t) => {
    const upstream = await startUpstream(t, someTree());
    const mirror = openTestMirror(upstream.url);
    let isOld = true;
    upstream.faults.set('comps.xml', () => {
      if (!isOld) return false;
      isOld = false;
      upstream.files.set('comps.xml', Buffer.from('<comps3/>'));
      upstream.seal();
      return false;
    });
    const { result, reason } = await mirror.run();
    assert.equal(result, 'published', reason);
    checkServed(mirror, upstream);
  });

  test('again and again is given up', async (t) => {
    const upstream = await startUpstream(t, someTree());
    const mirror = openTestMirror(upstream.url);
    upstream.faults.set(INDEX, () => {
      upstream.seal();
      return false;
    });
    const { result, reason } = await mirror.run();
    assert.equal(result, 'failed');
    assert.match(reason, /changed in each of 3 tries/);
    assert.equal(mirror.live().size, 0);
  });
});

describe('a state that waits for a person', () => {
  for (const [name, change, reason] of [
    ['an upstream that has become empty', (upstream: Upstream) => upstream.files.clear(), /the upstream is empty/],
    [
      'an upstream that has lost half of its files',
      (upstream: Upstream) => remove(upstream, [...upstream.files.keys()].slice(0, 6)),
      /6 of 13 files would be gone/,
    ],
    [
      'an upstream without packages',
      (upstream: Upstream) =>
        remove(
          upstream,
          [...upstream.files.keys()].filter((path) => path.endsWith('.rpm')),
        ),
      /none of its 10 packages/,
    ],
  ] as const)
    test(name, async (t) => {
      const upstream = await startUpstream(t, someTree());
      const mirror = openTestMirror(upstream.url);
      const first = await mirror.run();
      const before = mirror.live();
      change(upstream);
      upstream.seal();
      const { result, reason: said, state } = await mirror.run();
      assert.equal(result, 'held', said);
      assert.match(said, reason);
      assert.deepEqual(mirror.live(), before);
      assert.equal(state.current, first.snapshot?.id);
      assert.ok(state.held?.snapshot);
    });

  test('an upstream that goes back', async (t) => {
    const upstream = await startUpstream(t, someTree());
    const mirror = openTestMirror(upstream.url);
    upstream.seal('20');
    assert.equal((await mirror.run()).result, 'published');
    upstream.files.set('Packages/p/other.rpm', Buffer.from('other'));
    upstream.seal('10');
    const { result, reason } = await mirror.run();
    assert.equal(result, 'held');
    assert.match(reason, /goes back/);
  });

  test('is settled by an upstream that is right again', async (t) => {
    const upstream = await startUpstream(t, someTree());
    const mirror = openTestMirror(upstream.url);
    await mirror.run();
    const files = new Map(upstream.files);
    upstream.files.clear();
    upstream.seal();
    assert.equal((await mirror.run()).result, 'held');
    for (const [path, body] of files) upstream.files.set(path, body);
    upstream.files.set('Packages/p/new.rpm', Buffer.from('new'));
    upstream.seal();
    const { result, state } = await mirror.run();
    assert.equal(result, 'published');
    assert.equal(state.held, undefined);
  });
});

function remove({ files }: Upstream, paths: readonly string[]): void {
  for (const path of paths) files.delete(path);
}

function stale(times: number) {
  let left = times;
  return other((body) => {
    if (left-- <= 0) return body;
    return Buffer.alloc(body.length, '?');
  });
}

/** Another body, under an honest head. */
function other(instead: string | ((body: Buffer) => Buffer)) {
  return (...[request, response, body]: Parameters<typeof sendFile>): boolean => {
    sendFile(request, response, typeof instead === 'string' ? Buffer.from(instead) : instead(body));
    return true;
  };
}

function chunked(instead: string) {
  return (...[_request, response]: Parameters<typeof sendFile>): boolean => {
    response.writeHead(200);
    response.write(instead);
    response.end();
    return true;
  };
}

function encoded(times: number) {
  let left = times;
  return (...[_request, response]: Parameters<typeof sendFile>): boolean => {
    if (left-- <= 0) return false;
    response.writeHead(200, { 'Content-Encoding': 'gzip' }).end('xx');
    return true;
  };
}
