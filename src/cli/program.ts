import { Command } from 'commander';

/** Each command is one file that exports `command`; only the one that is asked for is loaded. */
export const commands: Readonly<Record<string, () => Promise<{ readonly command: () => Command }>>> = {
  up: () => import('./up.ts'),
  init: () => import('./init.ts'),
  check: () => import('./check.ts'),
  status: () => import('./status.ts'),
  events: () => import('./events.ts'),
  watch: () => import('./watch.ts'),
  story: () => import('./story.ts'),
  leases: () => import('./leases.ts'),
  machines: () => import('./machines.ts'),
  mirror: () => import('./mirror.ts'),
  bundle: () => import('./bundle.ts'),
  install: () => import('./install.ts'),
  cancel: () => import('./cancel.ts'),
  wake: () => import('./wake.ts'),
  render: () => import('./render.ts'),
  import: () => import('./import.ts'),
  doctor: () => import('./doctor.ts'),
  demo: () => import('./demo.ts'),
  lab: () => import('./lab.ts'),
  setup: () => import('./setup.ts'),
  completion: () => import('./completion.ts'),
};

/** The program with the named commands, or with all. Mistakes in the command line throw CommanderError everywhere. */
export async function createProgram(names: readonly string[] = Object.keys(commands)): Promise<Command> {
  const program = new Command('rackready');
  program.description('From box to rack to ready: network boot and installation of Macs and PCs.');
  program.addHelpText('after', '\nExample:\n  ./rackready machines --help');
  for (const name of names) {
    const load = commands[name];
    if (load) program.addCommand((await load()).command());
  }
  for (const one of allCommands(program)) {
    one.exitOverride();
    one.showHelpAfterError('(--help says more)');
  }
  return program;
}

/** What is typed for a command: "rackready mirror tag". */
export function commandPath(command: Command): string {
  return command.parent ? `${commandPath(command.parent)} ${command.name()}` : command.name();
}

/** A command and everything below it. */
export function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}
