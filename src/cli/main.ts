import { Command } from 'commander';

/** Each command is one file that exports `command`; only the one that is asked for is loaded. */
const commands: Readonly<Record<string, () => Promise<{ readonly command: () => Command }>>> = {
  up: () => import('./up.ts'),
  check: () => import('./check.ts'),
  events: () => import('./events.ts'),
  watch: () => import('./watch.ts'),
  leases: () => import('./leases.ts'),
  demo: () => import('./demo.ts'),
  setup: () => import('./setup.ts'),
};

async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('rackready');
  program.description('From box to rack to ready: network boot and installation of Macs and PCs.');
  program.showHelpAfterError('(rackready --help says more)');
  const wanted = argv.find((word) => !word.startsWith('-'));
  const names = wanted !== undefined && wanted in commands ? [wanted] : Object.keys(commands);
  for (const name of names) {
    const load = commands[name];
    if (load) program.addCommand((await load()).command());
  }
  await program.parseAsync(argv, { from: 'user' });
}

await main(process.argv.slice(2));
