import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { openTestEngine } from '../support/mirror-engine.ts';
import { tinyYum } from '../support/tiny-yum.ts';
import { until } from '../support/told-engine.ts';

/*
 * What `bandwidth` says holds for a whole run by HTTP, over all its connections together. Only that it is not faster is measured: a
 * machine that is busy is slower, and never faster.
 */

const MB = 1_000_000;
const DAY = { from: 8 * 60, to: 18 * 60 };
/** What may come at once, as nothing has come in the second before; and a piece of each connection that is paid for after it. */
const CARRIED = MB + 4 * 65_536;

function packages(count: number, bytes: number, revision: number): Record<string, Buffer> {
  const texts = Array.from({ length: count }, (_, index) => [
    `Packages/p${index}-${revision}-1.noarch.rpm`,
    `${index}, ${revision} `.padEnd(bytes, '.'),
  ]);
  return tinyYum(Object.fromEntries(texts), revision);
}

async function serve(t: TestContext) {
  let [files, connections, sent]: [Record<string, Buffer>, number, number] = [{}, 0, 0];
  const server = createServer((request, response) => {
    const body = files[decodeURIComponent(request.url ?? '/').slice(1)];
    if (body === undefined) return void response.writeHead(404).end();
    sent += body.length;
    response.writeHead(200, { 'Content-Length': body.length }).end(body);
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    /** What is there from now on. */
    give: (next: Record<string, Buffer>) => {
      files = next;
      sent = 0;
    },
    connections: () => connections,
    sent: () => sent,
  };
}

test('all connections of a run together keep to the rate of the moment', async (t) => {
  const upstream = await serve(t);
  let clock = Date.parse('2026-11-26T07:59:30Z');
  const mirror = openTestEngine(t, upstream.url, { now: () => clock });
  /** One run; at least so long it has to take in ms for what came. */
  const sync = async () => {
    const before = performance.now();
    const { event, reason } = await mirror.sync();
    assert.equal(event, 'mirror.published', reason);
    const least = ((upstream.sent() - CARRIED) / MB) * 1000;
    return { tookMs: performance.now() - before, least };
  };

  // Before the window: with its rate it would take weeks.
  upstream.give(packages(8, MB / 2, 1));
  await mirror.configure({ bandwidth: { windows: [{ ...DAY, bytesPerSecond: 1 }] } });
  await sync();

  // In the window.
  clock = Date.parse('2026-11-26T08:00:00Z');
  upstream.give(packages(8, MB / 2, 2));
  await mirror.configure({ bandwidth: { windows: [{ ...DAY, bytesPerSecond: MB }] } });
  const before = upstream.connections();
  const inWindow = await sync();
  assert.ok(inWindow.least > 2_000, `${inWindow.least}`);
  assert.ok(inWindow.tookMs >= inWindow.least, JSON.stringify(inWindow));
  assert.ok(upstream.connections() - before >= 2, 'over several connections');

  // All day.
  clock = Date.parse('2026-11-26T20:00:00Z');
  upstream.give(packages(8, MB / 2, 3));
  await mirror.configure({ bandwidth: { bytesPerSecond: MB, windows: [{ ...DAY, bytesPerSecond: 1 }] } });
  const allDay = await sync();
  assert.ok(allDay.tookMs >= allDay.least, JSON.stringify(allDay));
});

test('a window that ends in the middle of a run lets it go on faster', async (t) => {
  const upstream = await serve(t);
  let clock = Date.parse('2026-11-26T17:59:30Z');
  const mirror = openTestEngine(t, upstream.url, { now: () => clock });
  // At the rate of the window it would take some minutes.
  upstream.give(packages(400, 2_500, 1));
  await mirror.configure({ bandwidth: { windows: [{ ...DAY, bytesPerSecond: 4_000 }] } });
  const running = mirror.sync();
  await until(() => upstream.sent() > 20_000, 'it begins');
  assert.ok(upstream.sent() < 500_000, 'it is not slower for the window');
  clock = Date.parse('2026-11-26T18:00:00Z');
  const { event, reason } = await running;
  assert.equal(event, 'mirror.published', reason);
});
