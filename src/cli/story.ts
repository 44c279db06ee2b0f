import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import type { EventView } from '../http/api/views.ts';
import type { Story } from '../story/story.ts';
import { type ApiClient, ApiFailure, type ClientOptions, runClient, withClientOptions } from './client.ts';
import { formatDuration } from './print.ts';
import { storyLines } from './story/one.ts';
import { storyText } from './story/text.ts';
import { lookOf } from './watch-stories.ts';

interface Options extends ClientOptions {
  readonly attempt: number;
  readonly text?: string | undefined;
}

/** `sysexits.h` */
const EX_CANTCREAT = 73;

export function command(): Command {
  return withClientOptions(new Command('story'))
    .description('How a machine booted: its stages with times and transfers, and the likely cause where it hangs.')
    .argument('<MACHINE>', 'name or MAC of the machine')
    .option('--attempt <N>', 'which boot: 1 the last one, 2 the one before', parseAttempt, 1)
    .option('--text <FILE>', 'write the story and all its events to a file, without secrets')
    .addHelpText(
      'after',
      `
Examples:
  ./rackready story sm1                            the last boot
  ./rackready story sm1 --attempt 2                the one before
  ./rackready story sm1 --text sm1.txt             to be sent to somebody who can help
  ./rackready story 00:25:90:96:c4:9a --json       for programs`,
    )
    .action((machine: string, options: Options) => runClient(options, (client) => tell(client, machine, options)));
}

function parseAttempt(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 50) throw new InvalidArgumentError('Expected a number from 1.');
  return value;
}

async function tell(client: ApiClient, machine: string, options: Options): Promise<void> {
  const path = `/stories/${encodeURIComponent(machine)}`;
  const { attempts } = await client.get<{ attempts: Story[] }>(`${path}?limit=50`);
  const story = attempts[options.attempt - 1];
  if (story === undefined) throw noSuchBoot(machine, attempts.length);
  if (options.text !== undefined) {
    const { events } = await client.get<{ events: EventView[] }>(`${path}/${story.id}/events`);
    write(options.text, storyText(story, events));
  }
  if (options.json) process.stdout.write(`${JSON.stringify(story)}\n`);
  else if (options.text === undefined)
    process.stdout.write(`${printed(story, attempts, options.attempt).join('\n')}\n`);
}

function noSuchBoot(machine: string, known: number): ApiFailure {
  const message =
    known === 0
      ? `no boot of ${machine} was heard yet`
      : `of ${machine} only ${known} ${known === 1 ? 'boot is' : 'boots are'} known`;
  const hint = 'Switch it on, with network boot first in its boot order. To see it come: ./rackready watch';
  return new ApiFailure({ code: 'unknown-attempt', message, hint });
}

function printed(story: Story, attempts: readonly Story[], shown: number): string[] {
  const width = process.stdout.isTTY ? process.stdout.columns : 80;
  const look = lookOf(process.stdout, Math.min(Math.max(width, 60), 120));
  const lines = storyLines({ story, now: story.now, isFull: true }, look);
  const others = attempts.flatMap((one, index) => (index + 1 === shown ? [] : otherLine(one, index + 1)));
  return others.length === 0 ? lines : [...lines, '', 'other boots (--attempt N)', ...others];
}

function otherLine({ now, startedAt, endedAt, outcome, decision }: Story, number: number): string {
  const took = endedAt === undefined ? 'not over' : `took ${formatDuration((endedAt - startedAt) / 1000)}`;
  const ago = formatDuration((now - startedAt) / 1000);
  return `  ${number}  ${ago} ago  ${outcome}${decision === undefined ? '' : `, told: ${decision}`}, ${took}`;
}

/** A file that cannot be written is told with what to do. */
function write(path: string, content: string | Uint8Array): void {
  try {
    writeFileSync(path, content);
  } catch (error) {
    const message = `cannot write ${path}: ${error instanceof Error ? error.message : error}`;
    throw new ApiFailure(
      { code: 'cannot-write', message, hint: 'Name a file in a folder that you may write to.' },
      EX_CANTCREAT,
    );
  }
}
