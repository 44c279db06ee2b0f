import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';

/** A server that takes for ever to stop. */
const PROGRAM = `
  import { catchStop } from ${JSON.stringify(new URL('./catch-stop.ts', import.meta.url).href)};
  setInterval(() => {}, 1000);
  const stop = catchStop();
  console.log('runs');
  console.log('stops by ' + (await stop));
`;

for (const [first, second] of [
  ['SIGTERM', 'SIGINT'],
  ['SIGINT', 'SIGTERM'],
  ['SIGINT', 'SIGINT'],
] as const) {
  test(`${first} stops, and ${second} after it ends what stops`, { timeout: 120_000 }, async (t) => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => child.kill('SIGKILL'));
    const ended = once(child, 'exit');
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value, 'runs');
    child.kill(first);
    assert.equal((await lines.next()).value, `stops by ${first}`);
    child.kill(second);
    assert.deepEqual(await ended, [null, second]);
  });
}
