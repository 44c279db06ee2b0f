import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { nodeFlags } from './node-flags.ts';

test('the launcher gives the server the flags that its processes have', () => {
  const launcher = readFileSync(new URL('../../rackready', import.meta.url), 'utf8');
  assert.deepEqual(
    launcher.match(/ --[\w-]+=\S+/g),
    nodeFlags(50).map((flag) => ` ${flag}`),
  );
});
