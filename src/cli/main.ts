import { CommanderError } from 'commander';
import { commands, createProgram } from './program.ts';

/** sysexits(3) EX_USAGE. */
const USAGE = 64;

async function main(argv: readonly string[]): Promise<void> {
  const wanted = argv.find((word) => !word.startsWith('-'));
  // Completion looks at all of them.
  const isOne = wanted !== undefined && wanted !== 'completion' && Object.hasOwn(commands, wanted);
  const names = isOne ? [wanted] : undefined;
  const program = await createProgram(names);
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : USAGE;
  }
}

await main(process.argv.slice(2));
