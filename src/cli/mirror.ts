import { Command, InvalidArgumentError } from 'commander';
import type { MirrorJson, ScrubJson } from '../http/api/mirror-json.ts';
import { TAG_PATTERN } from '../mirror/run/state.ts';
import { formatBytes } from '../net/amounts.ts';
import { type ApiClient, ApiFailure, type ClientOptions, runClient, withClientOptions } from './client.ts';
import { addCommand } from './mirror-add.ts';
import { importCommand } from './mirror-import.ts';
import { indexCommand } from './mirror-index.ts';
import { describeMirror, describeSnapshots, formatFindings } from './mirror-print.ts';
import { describeDamage, scrubCommand } from './mirror-scrub.ts';
import { followRun } from './mirror-sync.ts';
import { formatTable, formatWhen } from './print.ts';

export function command(): Command {
  const mirror = withClientOptions(new Command('mirror'))
    .description('Operating systems served from this host: what they are, what they follow, and what was fetched.')
    .addHelpText(
      'after',
      `
Examples:
  ./rackready mirror                      all of them, a line each
  ./rackready mirror add debian-12        write a mirror into the configuration
  ./rackready mirror import rocky-9 x.iso make one from an ISO
  ./rackready mirror sync centos-7        fetch what is new, with a progress bar
  ./rackready mirror approve centos-7     publish a state that was held`,
    )
    .allowExcessArguments()
    .action((options: ClientOptions, self: Command) => {
      const [word] = self.args;
      if (word !== undefined) self.error(`error: there is no command mirror ${word}`);
      return runClient(options, (client) => list(client, options));
    });
  for (const one of [
    addCommand(),
    listCommand(),
    statusCommand(),
    snapshotsCommand(),
    syncCommand(),
    verifyCommand(),
    ...plainCommands(),
    indexCommand(),
    importCommand(),
    scrubCommand(),
  ])
    mirror.addCommand(one);
  return mirror;
}

function listCommand(): Command {
  return sub('list', 'All mirrors, a line each.', 'list').action((_own: ClientOptions, self: Command) => {
    const options = self.optsWithGlobals<ClientOptions>();
    return runClient(options, (client) => list(client, options));
  });
}

async function list(client: ApiClient, options: ClientOptions): Promise<void> {
  const { mirrors } = await client.get<{ mirrors: MirrorJson[] }>('/mirrors');
  if (options.json) return print(JSON.stringify(mirrors, undefined, 2));
  if (mirrors.length > 0) {
    print(formatTable(['MIRROR', 'STATE', 'SIZE', 'FILES', 'LAST GOOD', 'NEXT', 'FROM'], mirrors.map(listRow)));
  } else process.stderr.write('rackready: no mirrors; add one with: rackready mirror add PRESET (docs/mirrors.md)\n');
}

function listRow(mirror: MirrorJson): string[] {
  const now = Date.now();
  const current = mirror.snapshots.find(({ isCurrent }) => isCurrent);
  const next =
    mirror.isFrozen || mirror.mode === 'frozen' ? 'frozen' : mirror.nextRunAt && formatWhen(mirror.nextRunAt, now);
  return [
    mirror.name,
    mirror.progress ? mirror.progress.phase : mirror.state,
    current ? formatBytes(current.bytes) : '-',
    current ? String(current.files) : '-',
    mirror.lastSuccessAt === null ? 'never' : formatWhen(mirror.lastSuccessAt, now),
    next ?? 'by command',
    mirror.from[0] ?? '-',
  ];
}

function statusCommand(): Command {
  const words = 'One mirror: what it serves, what the last run came to, and what to do next.';
  return showCommand('status', words, async (mirror, now, client) => {
    const damage = await client.get<{ scrub: ScrubJson }>('/scrub').then(
      ({ scrub }) => describeDamage(scrub, mirror.name),
      // The mirror process has not said anything yet.
      () => [],
    );
    return describeMirror(mirror, now, damage);
  });
}

function snapshotsCommand(): Command {
  return showCommand('snapshots', 'The states of a mirror that can be served.', async (mirror, now) =>
    describeSnapshots(mirror, now),
  );
}

type Describe = (mirror: MirrorJson, now: number, client: ApiClient) => Promise<string>;

function showCommand(name: string, words: string, describe: Describe): Command {
  return sub(name, words, `${name} centos-7`)
    .argument('<MIRROR>', 'name in the configuration')
    .action((which: string, _own: ClientOptions, self: Command) => {
      const options = self.optsWithGlobals<ClientOptions>();
      return runClient(options, async (client) => {
        const { mirror } = await client.get<{ mirror: MirrorJson }>(pathOf(which));
        print(options.json ? JSON.stringify(mirror, undefined, 2) : await describe(mirror, Date.now(), client));
      });
    });
}

interface SyncOptions extends ClientOptions {
  readonly force?: true;
  readonly wait: boolean;
}

function syncCommand(): Command {
  return sub('sync', 'Fetch what is new, verify it, and publish it.', 'sync centos-7')
    .argument('<MIRROR>', 'name in the configuration')
    .option('--force', 'look at everything, also when the upstream says that nothing is new')
    .option('--no-wait', 'begin, and do not stay to watch')
    .action((which: string, _own: SyncOptions, self: Command) => {
      const options = self.optsWithGlobals<SyncOptions>();
      return runClient(options, async (client) => {
        const before = (await client.get<{ mirror: MirrorJson }>(pathOf(which))).mirror.lastRun;
        const { text } = await client.send<{ text: string }>('POST', `${pathOf(which)}/sync`, {
          force: options.force === true,
        });
        if (!options.wait) return print(options.json ? JSON.stringify({ text }) : text);
        process.exitCode = await followRun(client, pathOf(which), before?.endedAt ?? null, options.json === true);
      });
    });
}

function verifyCommand(): Command {
  const words = 'Read all that is served, and look whether it is what it should be.';
  return sub('verify', words, 'verify centos-7')
    .argument('<MIRROR>', 'name in the configuration')
    .action((which: string, _own: ClientOptions, self: Command) => {
      const options = self.optsWithGlobals<ClientOptions>();
      return runClient(options, async (client) => {
        try {
          await ask(client, `${pathOf(which)}/verify`, {}, options);
        } catch (error) {
          if (error instanceof ApiFailure && error.findings && !options.json) print(formatFindings(error.findings));
          throw error;
        }
      });
    });
}

/** Commands that ask for one thing and print what came of it. */
function plainCommands(): Command[] {
  return [
    plain('stop', 'Stop the run in progress; the next one goes on where it was.', 'stop centos-7', () => ({})),
    plain('approve', 'Publish the state that is held.', 'approve centos-7', ([snapshot]) => ({
      ...(snapshot !== undefined && { snapshot }),
    })).argument('[SNAPSHOT]', 'only when it is this one: its id, or the beginning of it'),
    plain('prune', 'Forget old snapshots, and delete what nobody needs any more.', 'prune centos-7', () => ({})),
    plain('rollback', 'Serve an older snapshot, and stay there.', 'rollback centos-7 20261126T011100', ([to]) => ({
      to,
    })).argument('<SNAPSHOT>', 'id, the beginning of one, or a tag'),
    plain('tag', 'Give a snapshot a name that keeps it.', 'tag centos-7 prod 20261126T011100', ([tag, snapshot]) => ({
      tag,
      ...(snapshot !== undefined && { snapshot }),
    }))
      .argument('<TAG>', 'the name, like prod', parseTag)
      .argument('[SNAPSHOT]', 'id, the beginning of one, or another tag; without it the tag is taken away'),
    plain('freeze', 'Keep a mirror as it is.', 'freeze centos-7', (_rest, { off }) => ({
      frozen: off !== true,
    })).option('--off', 'let it follow its upstream again'),
  ];
}

function parseTag(text: string): string {
  if (new RegExp(TAG_PATTERN).test(text)) return text;
  const form = 'at most 63 letters, digits, and (not as the first) . _ -';
  throw new InvalidArgumentError(`A tag is a part of an address: ${form}.`);
}

type BodyOf = (rest: readonly (string | undefined)[], options: { readonly off?: boolean }) => object;

function plain(name: string, words: string, example: string, bodyOf: BodyOf): Command {
  return sub(name, words, example)
    .argument('<MIRROR>', 'name in the configuration')
    .action((which: string, ...more: unknown[]) => {
      const self = more.at(-1) as Command;
      const rest = more.slice(0, -2) as (string | undefined)[];
      const options = self.optsWithGlobals<ClientOptions & { off?: boolean }>();
      return runClient(options, (client) => ask(client, `${pathOf(which)}/${name}`, bodyOf(rest, options), options));
    });
}

async function ask(client: ApiClient, path: string, body: object, { json }: ClientOptions): Promise<void> {
  const answer = await client.send<{ text: string }>('POST', path, body);
  print(json ? JSON.stringify(answer) : answer.text);
}

function sub(name: string, words: string, example: string): Command {
  return withClientOptions(new Command(name))
    .description(words)
    .addHelpText('after', `\nExample:\n  ./rackready mirror ${example}`);
}

function pathOf(mirror: string): string {
  return `/mirrors/${encodeURIComponent(mirror)}`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
