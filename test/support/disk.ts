import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { runProgram } from './segment.ts';
import { newFolder } from './server.ts';

/** A file system of its own, with these options of tmpfs: resolves with its root. It is gone after the test. */
export async function mountDisk(t: TestContext, options: string): Promise<string> {
  const root = newFolder('disk');
  const mounted = await runProgram(['mount', '-t', 'tmpfs', '-o', options, 'tmpfs', root]);
  assert.equal(mounted.code, 0, mounted.text);
  t.after(() => runProgram(['umount', '--lazy', root]));
  return root;
}
