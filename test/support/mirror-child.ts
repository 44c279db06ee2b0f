import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/*
 * One run of a mirror in a process that may be told to die. Arguments: the upstream's URL, the mirror's folder, at which change
 * of the file system by the main thread SIGKILL comes (0: never), and how many threads fetch. Prints how many changes there were, and what the run came to.
 */

const [, , url = '', folder = '', killAt = '0', threads = '1'] = process.argv;
let changes = 0;

/** Counts a call, and dies before it where that is the one. */
function watch(
  name: 'renameSync' | 'linkSync' | 'writeSync' | 'rmSync' | 'mkdirSync' | 'fsyncSync' | 'writeFileSync',
): void {
  const call = fs[name] as (...args: unknown[]) => unknown;
  const watched = (...args: unknown[]) => {
    changes += 1;
    if (changes === Number(killAt)) process.kill(process.pid, 'SIGKILL');
    return call(...args);
  };
  Object.assign(fs, { [name]: watched });
}

for (const name of [
  'renameSync',
  'linkSync',
  'writeSync',
  'rmSync',
  'mkdirSync',
  'fsyncSync',
  'writeFileSync',
] as const)
  watch(name);
syncBuiltinESMExports();

// Loaded only now, so that it has the watched calls.
const { openTestMirror } = await import('./mirror-run.ts');
const { result, reason } = await openTestMirror(url, folder).run(threads === '2' ? { lane: {} } : {});
process.stdout.write(`${JSON.stringify({ changes, result, reason })}\n`);
