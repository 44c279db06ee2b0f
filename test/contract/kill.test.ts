import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { openStore } from '../../src/store/sqlite/open-store.ts';
import { startScenario, temporaryFolder } from './store-process.ts';
import { leaseAt } from './store-samples.ts';

const ROUNDS = 24;

test('whatever was acknowledged is there after SIGKILL, in every round', async (t) => {
  const folder = await temporaryFolder(t);
  const acknowledged: number[] = [];
  const saved: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    // From the first commit after the start to well past a checkpoint of the log.
    const killAfter = 1 + Math.floor(Math.random() * (round % 3 === 0 ? 20 : 2000));
    const scenario = startScenario(t, ['commit', folder, String(round * 100_000)]);
    let heard = 0;
    for await (const line of scenario.lines) {
      if (typeof line === 'number') acknowledged.push(line);
      else saved.push(String(line));
      if (++heard === killAfter) scenario.process.kill('SIGKILL');
    }
    await scenario.exited;
    assert.equal(scenario.process.signalCode, 'SIGKILL');

    const store = await openStore({ folder });
    const leases = new Map((await store.leases.load()).map((lease) => [lease.address, lease]));
    const lives = new Set((await store.lives.loadLives()).map((life) => life.machine));
    await store.close();
    const lost = acknowledged.filter((index) => !isDeepStrictEqual(leases.get(leaseAt(index).address), leaseAt(index)));
    assert.deepEqual(lost, []);
    assert.deepEqual(
      saved.filter((name) => !lives.has(name)),
      [],
    );
  }
  t.diagnostic(`${acknowledged.length} leases and ${saved.length} lives acknowledged in ${ROUNDS} rounds, none lost`);
  assert.ok(acknowledged.length > ROUNDS);
});
