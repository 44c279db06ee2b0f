import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MirrorState } from '../../src/mirror/run/state.ts';
import { needs } from '../needs.ts';
import { openTestEngine } from '../support/mirror-engine.ts';
import { openSegment } from '../support/segment.ts';
import { newFolder, startServer } from '../support/server.ts';

const DAY_MS = 86_400_000;
const NETWORK =
  'networks:\n  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false } }\n';

test('a server that was down for days makes up for its runs once, and then keeps to its schedule', async (t) => {
  if (!needs(t, 'ip')) return;
  await openSegment(t);
  const upstream = newFolder('upstream');
  writeFileSync(join(upstream, 'a'), 'a');
  const yaml = (schedule: string) =>
    `${NETWORK}mirrors:\n  m: { from: "file://${upstream}", kind: files, jitter: 1s${schedule} }\n`;
  const before = await startServer(t, { yaml: yaml('') });
  const { data } = before;
  const filled = await before.rackready('mirror', 'sync', 'm');
  assert.equal(filled.code, 0, filled.text);
  await before.stop();
  const file = join(data, 'mirrors/repos/m/state.json');
  const state = JSON.parse(readFileSync(file, 'utf8')) as MirrorState;
  const then = Date.now() - 3 * DAY_MS;
  const lastRun = { startedAt: then, endedAt: then, result: 'published', reason: 'a test' } as const;
  writeFileSync(file, JSON.stringify({ ...state, lastRun } satisfies MirrorState));
  writeFileSync(join(upstream, 'b'), 'b');
  const server = await startServer(t, { yaml: yaml(', schedule: "* * * * *"'), data });

  const first = await server.event('mirror.started', { mirror: 'm', why: 'by its schedule' }, 60_000);
  await server.event('mirror.published', { mirror: 'm' }, 60_000);
  // The next minute really begins.
  await server.event('mirror.unchanged', { mirror: 'm' }, 180_000);
  const started = server.events.filter(({ id }) => id === 'mirror.started');
  const minuteOf = (time: number) => Math.floor(time / 60_000);
  assert.ok(started.length >= 2);
  const minutes = [first, ...started.slice(1)].map(({ time }) => minuteOf(time));
  assert.deepEqual(minutes, [...new Set(minutes)], 'two runs in one minute');
});

/** An upstream that answers nothing until it may, and then that it has nothing. */
async function openGate(t: TestContext) {
  const gate = Promise.withResolvers<void>();
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    void gate.promise.then(() => response.writeHead(404).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, open: () => gate.resolve(), asked: () => asked };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(5);
}

test('a run that takes longer than the schedule is not begun a second time, and what it missed is one run', async (t) => {
  const upstream = await openGate(t);
  let [clock, looks] = [Date.parse('2026-11-26T01:00:30Z'), 0];
  const now = () => {
    looks += 1;
    return clock;
  };
  const { engine, configure, told } = openTestEngine(t, upstream.url, { now, lookEveryMs: 2 });
  const begun = () => told.filter((id) => id === 'mirror.started').length;
  /** Long enough for the engine to have looked at the clock again and again. */
  const looked = async () => {
    const before = looks;
    await until(() => looks > before + 50);
  };
  await configure({ schedule: '* * * * *' });
  await looked();
  assert.equal(begun(), 0);
  clock += 60_000;
  await until(() => upstream.asked() > 0);
  for (let minute = 0; minute < 5; minute++) {
    clock += 60_000;
    await looked();
  }
  assert.equal(begun(), 1);
  upstream.open();
  await until(() => told.filter((id) => id === 'mirror.failed').length === 2);
  await looked();
  assert.equal(begun(), 2);
  assert.ok(!engine.isRunning());

  // A window in which none begins, and what was missed in it.
  await configure({ schedule: '* * * * *', blackout: [{ from: 60, to: 120 }] });
  clock = Date.parse('2026-11-26T01:30:00Z');
  await looked();
  assert.equal(begun(), 2);
  clock = Date.parse('2026-11-26T02:00:00Z');
  await until(() => begun() === 3);
});
