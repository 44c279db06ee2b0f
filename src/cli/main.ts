import { type Command, CommanderError } from 'commander';
import { allCommands, commandPath, commands, createProgram } from './program.ts';

/** sysexits(3) EX_USAGE. */
const USAGE = 64;

async function main(argv: readonly string[]): Promise<void> {
  endQuietly();
  const wanted = argv.find((word) => !word.startsWith('-'));
  // Completion looks at all of them.
  const isOne = wanted !== undefined && wanted !== 'completion' && Object.hasOwn(commands, wanted);
  const names = isOne ? [wanted] : undefined;
  const program = await createProgram(names);
  const refusing = asksForJson(argv) ? keepErrors(program) : undefined;
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : USAGE;
    if (refusing && error.exitCode !== 0) process.stdout.write(`${usageJson(error, refusing())}\n`);
  }
}

/** `rackready events | head`: the reader has seen enough, which is no error. */
function endQuietly(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

/** What stands after `--` is for another program. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end === -1 ? argv.length : end).includes('--json');
}

/** Keeps what commander says of mistakes off the terminal; returns what tells which command said it last. */
function keepErrors(program: Command): () => Command {
  let last = program;
  for (const one of allCommands(program)) {
    const keep = () => {
      last = one;
    };
    one.configureOutput({ writeErr: keep, outputError: keep });
  }
  return () => last;
}

/** As `runClient` tells failures. */
function usageJson({ code, message }: CommanderError, command: Command): string {
  // Without a command below it, a command prints its help.
  const text = code === 'commander.help' ? 'a command is missing' : message.replace(/^error: /, '').replace('\n', ' ');
  return JSON.stringify({ error: { code: 'usage', message: text, hint: `See: ${commandPath(command)} --help` } });
}

await main(process.argv.slice(2));
