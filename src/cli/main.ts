import { Command, CommanderError } from 'commander';

/** Each command is one file that exports `command`; only the one that is asked for is loaded. */
const commands: Readonly<Record<string, () => Promise<{ readonly command: () => Command }>>> = {
  up: () => import('./up.ts'),
  check: () => import('./check.ts'),
  status: () => import('./status.ts'),
  events: () => import('./events.ts'),
  watch: () => import('./watch.ts'),
  leases: () => import('./leases.ts'),
  machines: () => import('./machines.ts'),
  install: () => import('./install.ts'),
  cancel: () => import('./cancel.ts'),
  demo: () => import('./demo.ts'),
  setup: () => import('./setup.ts'),
};

/** sysexits(3) EX_USAGE. */
const USAGE = 64;

async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('rackready');
  program.description('From box to rack to ready: network boot and installation of Macs and PCs.');
  program.showHelpAfterError('(rackready --help says more)');
  program.exitOverride();
  const wanted = argv.find((word) => !word.startsWith('-'));
  const names = wanted !== undefined && wanted in commands ? [wanted] : Object.keys(commands);
  for (const name of names) {
    const load = commands[name];
    if (load) program.addCommand((await load()).command());
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : USAGE;
  }
}

await main(process.argv.slice(2));
