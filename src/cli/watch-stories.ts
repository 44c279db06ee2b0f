import { setTimeout as sleep } from 'node:timers/promises';
import type { Story } from '../story/story.ts';
import { type ApiClient, ApiFailure, queryOf } from './client.ts';
import { conditionsOf } from './follow.ts';
import { wantsColour } from './print.ts';
import { openScreen } from './screen.ts';
import type { Look } from './story/look.ts';
import { storyLines } from './story/one.ts';
import { rackLines } from './story/rack.ts';
import { putStory } from './story/told.ts';

const RECONNECT_EVERY_MS = 1000;
/** The clocks in the picture go on by themselves. */
const DRAW_EVERY_MS = 500;

/** What a terminal can show. Without a locale, or in one that is not UTF-8, plain signs. */
export function lookOf(output: NodeJS.WriteStream, width: number): Look {
  const locale = process.env.LC_ALL || process.env.LC_CTYPE || process.env.LANG || '';
  return { width, colour: wantsColour(output), unicode: /utf-?8/i.test(locale) };
}

/** Whether there is a terminal that a picture can be drawn on. */
export function canDraw(): boolean {
  return process.stdout.isTTY === true && process.env.TERM !== 'dumb' && process.env.TERM !== undefined;
}

/**
 * Draws the boots of all machines, or of one, as they go on, until the user has had enough. Rejects with ApiFailure when the
 * server is not there at the start.
 */
export async function watchStories(client: ApiClient, machine: string | undefined): Promise<void> {
  // A server that is not there is told before the terminal is taken.
  await client.get('/status');
  const stories = new Map<string, Story>();
  let trouble: string | undefined;
  /** The server's clock is ahead of ours by so much. */
  let aheadMs = 0;
  const draw = () => {
    const look = lookOf(process.stdout, screen.columns());
    const now = Date.now() + aheadMs;
    const height = screen.rows();
    screen.draw(picture({ stories: [...stories.values()], machine, now, height, trouble }, look));
  };
  const screen = openScreen({ output: process.stdout, input: process.stdin, onChange: () => draw() });
  const timer = setInterval(draw, DRAW_EVERY_MS);
  const stop = new AbortController();
  try {
    draw();
    const hear = (story: Story) => {
      aheadMs = story.now - Date.now();
      putStory(stories, story);
    };
    // The server begins with all that there is: what is not told again is there no more.
    const onOpen = () => {
      stories.clear();
      onTrouble(undefined);
    };
    const onTrouble = (text: string | undefined) => {
      trouble = text;
      draw();
    };
    const path = `/stories/stream${queryOf(conditionsOf({ machine, last: 0 }))}`;
    const following = follow(client, path, { hear, onOpen, onTrouble, signal: stop.signal });
    await Promise.race([screen.ended, following]);
  } finally {
    clearInterval(timer);
    stop.abort();
    screen.close();
  }
}

interface Following {
  readonly hear: (story: Story) => void;
  readonly onOpen: () => void;
  readonly onTrouble: (text: string | undefined) => void;
  readonly signal: AbortSignal;
}

/** Reads the stream, and again when the server comes back. */
async function follow(client: ApiClient, path: string, { hear, onOpen, onTrouble, signal }: Following): Promise<void> {
  while (!signal.aborted) {
    try {
      await client.stream<Story>(path, undefined, { onOpen, onEvent: hear, signal });
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiFailure) || error.code !== 'not-running') throw error;
    }
    if (signal.aborted) return;
    onTrouble('the server is gone; waiting for it');
    await sleep(RECONNECT_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

interface Picture {
  readonly stories: readonly Story[];
  readonly machine: string | undefined;
  readonly now: number;
  readonly height: number;
  readonly trouble: string | undefined;
}

/** All boots, or the last one of the machine that was named. */
function picture({ stories, machine, now, height, trouble }: Picture, look: Look): string[] {
  if (machine === undefined) return rackLines({ stories, now, height, trouble }, look);
  const [story] = [...stories].sort((a, b) => b.startedAt - a.startedAt);
  const lines =
    story === undefined
      ? [`${machine}: no boot was heard yet. Switch it on.`]
      : storyLines({ story, now, isFull: false }, look);
  return trouble === undefined ? lines : [...lines, '', trouble];
}
