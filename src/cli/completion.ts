import { Argument, Command, type Option } from 'commander';
import { writtenMachines } from '../config/edit.ts';
import { findConfiguration, loadSettings, readSources } from '../config/load.ts';
import type { DiscoveredView } from '../http/api/discovered.ts';
import type { MirrorJson } from '../http/api/mirror-json.ts';
import type { Status } from '../http/api/ports.ts';
import type { MachineView } from '../http/api/views.ts';
import { type ApiClient, createClient } from './client.ts';

/** Tells the shell to complete file names by itself. */
const FILES = ':files';

export function command(): Command {
  return new Command('completion')
    .description('Print a script that makes a shell complete commands, options and names.')
    .addArgument(new Argument('<SHELL>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .addArgument(
      new Argument('[WORDS...]', 'for the scripts: the words so far; prints what may stand in the last place'),
    )
    .addHelpText(
      'after',
      `
Names of machines, profiles, networks and mirrors come from the running server, else from the configuration.

Examples:
  source <(./rackready completion bash)                                 # now, in this shell
  rackready completion bash > /etc/bash_completion.d/rackready          # for everybody
  rackready completion zsh > "\${fpath[1]}/_rackready"
  rackready completion fish > ~/.config/fish/completions/rackready.fish`,
    )
    .action(async (shell: 'bash' | 'zsh' | 'fish', words: readonly string[], _own: unknown, self: Command) => {
      const text =
        words.length === 0 ? scripts[shell] : (await complete(self.parent ?? self, words.slice(1))).join('\n');
      process.stdout.write(text === '' ? '' : `${text}\n`);
    });
}

// The words after `--` begin with the program's own name, so that there is always one.
const scripts = {
  bash: `_rackready() {
  local words
  mapfile -t words < <("\${COMP_WORDS[0]}" completion bash -- "\${COMP_WORDS[@]:0:COMP_CWORD+1}" 2>/dev/null)
  if [ "\${words[0]}" = "${FILES}" ]; then
    compopt -o default; COMPREPLY=()
  else
    mapfile -t COMPREPLY < <(compgen -W "\${words[*]}" -- "\${COMP_WORDS[COMP_CWORD]}")
  fi
}
complete -F _rackready rackready ./rackready`,
  zsh: `#compdef rackready
_rackready() {
  local -a found
  found=("\${(@f)$("\${words[1]}" completion zsh -- "\${(@)words[1,CURRENT]}" 2>/dev/null)}")
  if [ "\${found[1]}" = "${FILES}" ]; then
    _files
  else
    compadd -a found
  fi
}
# Loaded from fpath, this file is the function's first call; sourced, it only makes it known.
if [ "$funcstack[1]" = _rackready ]; then _rackready "$@"; else compdef _rackready rackready ./rackready; fi`,
  fish: `function __rackready
  set -l tokens (commandline -opc) (commandline -ct)
  set -l found ($tokens[1] completion fish -- $tokens 2>/dev/null)
  if test "$found[1]" = "${FILES}"
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $found
  end
end
complete -c rackready -f -a '(__rackready)'`,
} as const;

/** What may stand where the last of the words begins; `:files` alone: a file name. */
export async function complete(
  program: Command,
  words: readonly string[],
  names: Names = findNames,
): Promise<readonly string[]> {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? '';
  const { at, waiting, position } = walk(program, before);
  const candidates = waiting
    ? await valuesOf(waiting.argChoices, waiting.flags, names, before)
    : current.startsWith('-')
      ? optionsOf(at)
      : [...at.commands.map((one) => one.name()), ...(await argumentValues(at, position, names, before))];
  if (candidates.includes(FILES)) return [FILES];
  return [...new Set(candidates)].filter((word) => word.startsWith(current)).toSorted();
}

/** Where the words lead: the command, the option that waits for its value, how many arguments were given. */
function walk(program: Command, words: readonly string[]) {
  let at = program;
  let waiting: Option | undefined;
  let position = 0;
  for (const word of words) {
    const below = at.commands.find((one) => one.name() === word);
    if (waiting) waiting = undefined;
    else if (word.startsWith('-')) {
      const option = knownOptions(at).find(({ long, short }) => long === word || short === word);
      waiting = option && (option.required || option.optional) ? option : undefined;
    } else if (below && position === 0) at = below;
    else position++;
  }
  return { at, waiting, position };
}

/** Options of the commands above count too. */
function knownOptions(command: Command): Option[] {
  const above = command.parent?.parent ? knownOptions(command.parent) : [];
  return [...command.options.filter(({ hidden }) => !hidden), ...above];
}

function optionsOf(command: Command): string[] {
  return [...knownOptions(command).flatMap(({ long }) => long ?? []), '--help'];
}

async function argumentValues(command: Command, position: number, names: Names, words: readonly string[]) {
  const known = command.registeredArguments;
  const argument = known[position] ?? (known.at(-1)?.variadic ? known.at(-1) : undefined);
  return argument === undefined ? [] : valuesOf(argument.argChoices, argument.name(), names, words);
}

/** By what the help calls the value. */
async function valuesOf(
  choices: readonly string[] | undefined,
  label: string,
  names: Names,
  words: readonly string[],
): Promise<readonly string[]> {
  if (choices) return choices;
  if (/(^|<)(PATH|FILE|DIR|path|folder)\b/.test(label)) return [FILES];
  if (/MACHINE|NAME\|MAC/.test(label)) return names('machines', words);
  if (/<MAC>/.test(label)) return names('discovered', words);
  if (/PROFILE/.test(label)) return names('profiles', words);
  if (/MIRROR/.test(label)) return names('mirrors', words);
  if (/SNAPSHOT/.test(label)) return names(words.includes('approve') ? 'held' : 'snapshots', words);
  if (/TAG/.test(label)) return names('tags', words);
  return /NETWORK|<NAME>/.test(label) && /--network/.test(label) ? names('networks', words) : [];
}

/** Of the mirror that the words name; of all, where they name none. */
type MirrorNames = 'held' | 'snapshots' | 'tags';

type Names = (
  what: 'machines' | 'profiles' | 'networks' | 'discovered' | 'mirrors' | MirrorNames,
  words: readonly string[],
) => Promise<readonly string[]>;

/** From the server, else from the configuration. Whatever is wrong, a shell is not the place to say so. */
const findNames: Names = async (what, words) => {
  const given = (option: string) => words[words.indexOf(option) + 1];
  const data = words.includes('--data') ? given('--data') : undefined;
  try {
    return await askServer(what, data, words);
  } catch {
    const path = words.includes('--config') ? given('--config') : findConfiguration();
    return path === undefined ? [] : readNames(what, path);
  }
};

async function askServer(
  what: Parameters<Names>[0],
  data: string | undefined,
  words: readonly string[],
): Promise<readonly string[]> {
  const client = createClient({ data });
  switch (what) {
    case 'machines':
      return (await client.get<{ machines: MachineView[] }>('/machines')).machines.map(({ name }) => name);
    case 'profiles':
      return (await client.get<{ profiles: string[] }>('/profiles')).profiles;
    case 'discovered':
      return (await client.get<{ discovered: DiscoveredView[] }>('/discovered')).discovered.map(({ mac }) => mac);
    case 'networks':
      return (await client.get<Status>('/status')).networks.map(({ name }) => name);
    case 'mirrors':
      return (await readMirrors(client)).map(({ name }) => name);
    default:
      return namesOfMirrors(what, await readMirrors(client), words);
  }
}

async function readMirrors(client: ApiClient): Promise<readonly MirrorJson[]> {
  return (await client.get<{ mirrors: MirrorJson[] }>('/mirrors')).mirrors;
}

function namesOfMirrors(what: MirrorNames, mirrors: readonly MirrorJson[], words: readonly string[]): string[] {
  const named = mirrors.filter(({ name }) => words.includes(name));
  return (named.length > 0 ? named : mirrors).flatMap(({ held, snapshots }) => {
    if (what === 'held') return held ? [held.id] : [];
    const tags = snapshots.flatMap((one) => one.tags);
    return what === 'tags' ? tags : [...snapshots.map(({ id }) => id), ...tags];
  });
}

async function readNames(what: Parameters<Names>[0], path: string): Promise<readonly string[]> {
  if (what === 'machines') {
    const read = await readSources(path);
    return 'texts' in read ? Object.keys(writtenMachines(read.texts)) : [];
  }
  if (what === 'discovered' || what === 'held' || what === 'snapshots' || what === 'tags') return [];
  const result = await loadSettings({ path });
  if (result.kind !== 'settings') return [];
  const { profiles, networks, mirrors } = result.settings;
  if (what === 'networks') return networks.map(({ name }) => name);
  return [...(what === 'profiles' ? profiles : mirrors).keys()];
}
