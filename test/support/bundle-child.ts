import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/*
 * One `rackready bundle import` in a process that may be told to die. Arguments: at which change of the file system SIGKILL comes
 * (0: never), then the command line. Prints how many changes there were, as the last line.
 */

const [, , killAt = '0', ...words] = process.argv;
let changes = 0;

/** Counts a call, and dies before it where that is the one. */
function watch(from: Record<string, unknown>, name: string): void {
  const call = from[name] as (...args: unknown[]) => unknown;
  from[name] = (...args: unknown[]) => {
    changes += 1;
    if (changes === Number(killAt)) process.kill(process.pid, 'SIGKILL');
    return call(...args);
  };
}

for (const name of [
  'renameSync',
  'linkSync',
  'writeSync',
  'rmSync',
  'mkdirSync',
  'fsyncSync',
  'copyFileSync',
  'writeFileSync',
])
  watch(fs as unknown as Record<string, unknown>, name);
for (const name of ['open', 'chmod', 'rename']) watch(fs.promises as unknown as Record<string, unknown>, name);
syncBuiltinESMExports();

// Loaded only now, so that it has the watched calls.
const { createProgram } = await import('../../src/cli/program.ts');
const program = await createProgram(['bundle']);
await program.parseAsync(['bundle', 'import', ...words], { from: 'user' });
process.stdout.write(`\n${JSON.stringify({ changes })}\n`);
