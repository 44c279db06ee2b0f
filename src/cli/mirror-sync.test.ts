import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiClient } from './client.ts';
import { followRun } from './mirror-sync.ts';

test('a run whose process died is not waited for for ever', async (t) => {
  const write = t.mock.method(process.stderr, 'write', () => true);
  const progress = { phase: 'fetching', bytesTotal: 0, bytesDone: 0 };
  let asks = 0;
  const client = {
    get: async () => {
      asks += 1;
      // It is there when it is asked for first, and then never again.
      return { mirror: { name: 'm', lastRun: null, progress: asks === 1 ? progress : null } };
    },
  } as unknown as ApiClient;
  let waited = 0;
  const wait = async (ms: number) => {
    waited += ms;
    assert.ok(waited < 600_000);
  };
  const code = await followRun(client, '/mirrors/m', null, false, wait);
  const told = write.mock.calls.map((call) => String(call.arguments[0])).join('');
  write.mock.restore();
  assert.equal(code, 1);
  assert.match(told, /m: nothing runs any more.*\n.*rackready events.*rackready mirror sync m\n$/);
});

test('how a run ended is told with what to do next', async (t) => {
  const write = t.mock.method(process.stdout, 'write', () => true);
  const lastRun = {
    endedAt: '2026-11-26T10:00:00Z',
    result: 'failed',
    reason: 'it has no repomd.xml',
    next: 'Look at it.',
  };
  const client = { get: async () => ({ mirror: { name: 'm', lastRun, held: null, progress: null } }) };
  const code = await followRun(client as unknown as ApiClient, '/mirrors/m', null, false);
  const told = write.mock.calls.map((call) => String(call.arguments[0])).join('');
  write.mock.restore();
  assert.deepEqual([code, told], [1, 'm: failed: it has no repomd.xml\nLook at it.\n']);
});
