import { Command, Option } from 'commander';
import type { ScrubJson } from '../http/api/mirror-json.ts';
import type { ScrubAction } from '../mirror/run/scrub.ts';
import { formatBytes } from '../net/amounts.ts';
import { type ClientOptions, runClient, withClientOptions } from './client.ts';
import { formatTime, formatWhen } from './print.ts';

interface Options extends ClientOptions {
  readonly start?: true;
  readonly pause?: true;
  readonly resume?: true;
}

/** `mirror scrub` */
export function scrubCommand(): Command {
  return withClientOptions(new Command('scrub'))
    .description('Everything that mirrors have is read again and compared, slowly, once a week: how far that is.')
    .addOption(new Option('--start', 'begin now').conflicts(['pause', 'resume']))
    .addOption(new Option('--pause', 'rest; also after a restart').conflicts('resume'))
    .option('--resume', 'go on where it rested')
    .addHelpText('after', '\nExample:\n  ./rackready mirror scrub --start')
    .action((_own: Options, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      const action = (['start', 'pause', 'resume'] as const).find((one) => options[one]);
      return runClient(options, async (client) => {
        if (action !== undefined)
          return tellText(options, await client.send('POST', '/scrub', { action } satisfies { action: ScrubAction }));
        const { scrub } = await client.get<{ scrub: ScrubJson }>('/scrub');
        process.stdout.write(`${options.json ? JSON.stringify(scrub) : describe(scrub, Date.now())}\n`);
      });
    });
}

function tellText({ json }: Options, { text }: { readonly text: string }): void {
  process.stdout.write(`${json ? JSON.stringify({ text }) : text}\n`);
}

function describe(scrub: ScrubJson, now: number): string {
  return [describeProgress(scrub, now), ...describeDamage(scrub)].join('\n');
}

/** What was damaged and is kept, and what waits to be fetched again; a line each. `mirror` undefined: of all mirrors. */
export function describeDamage({ aside, waiting }: ScrubJson, mirror?: string): string[] {
  const noun = aside.files === 1 ? 'damaged file' : 'damaged files';
  const kept = `${aside.files} ${noun} (${formatBytes(aside.bytes)}) of all mirrors in mirrors/damaged of the data folder`;
  const own = waiting.filter((one) => mirror === undefined || one.mirror === mirror);
  return [...(aside.files > 0 ? [kept] : []), ...own.map(describeWaiting)];
}

function describeProgress(scrub: ScrubJson, now: number): string {
  const { isRunning, isPaused, startedAt, endedAt, nextAt, files, bytes, damaged } = scrub;
  const next = nextAt === null ? 'by command' : formatWhen(nextAt, now);
  const found = `${files} files (${formatBytes(bytes)}), ${damaged} damaged`;
  const resume = 'go on with: rackready mirror scrub --resume';
  if (isPaused && (startedAt === null || endedAt !== null)) return `it rests; ${resume}`;
  if (startedAt === null) return `nothing was read again yet; the next time: ${next}`;
  if (isPaused) return `it rests at ${found}; ${resume}`;
  if (isRunning) return `in progress since ${formatWhen(startedAt, now)}: ${found}`;
  return `last: ${found}, ended ${endedAt === null ? 'early' : formatWhen(endedAt, now)}; the next time: ${next}`;
}

/** Why what was damaged is not fetched again yet, and what to type where somebody does not want to wait. */
function describeWaiting({ mirror, reason, until }: ScrubJson['waiting'][number]): string {
  const atOnce = `at once: rackready mirror sync ${mirror}`;
  const waits = `${mirror}: what was damaged is to be fetched again; it`;
  if (reason === 'paused')
    return `${waits} rests with the scrub; go on with: rackready mirror scrub --resume; ${atOnce}`;
  if (reason === 'frozen') return `${waits} waits for: rackready mirror freeze ${mirror} --off`;
  if (reason === 'blackout')
    return `${waits} waits until ${until === null ? 'its blackout is over' : formatTime(until)} (blackout); ${atOnce}`;
  return `${waits} waits until ${reason === 'scrub' ? 'the scrub is over' : 'another run is over'}; ${atOnce}`;
}
