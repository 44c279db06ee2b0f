import type { Story } from '../../story/story.ts';
import { withoutControls } from '../print.ts';
import { formatClock, formatRate, formatTimeOfDay, fractionOf } from './amounts.ts';
import { stageBar, stageBarWidth } from './bars.ts';
import { type Colour, cut, fit, type Look, paint, sign, spread } from './look.ts';

export interface RackView {
  /** In any order. */
  readonly stories: readonly Story[];
  /** By the server's clock, ms since 1970. */
  readonly now: number;
  /** Lines that there are. */
  readonly height: number;
  /** What is said of the connection to the server, where it is lost. */
  readonly trouble?: string | undefined;
}

/** A MAC. */
const NAME = 17;
const WORD = 9;
const CLOCK = 7;

const OUTCOMES: Readonly<Record<Story['outcome'], readonly [string, Colour | undefined]>> = {
  running: ['', 'cyan'],
  installed: ['installed', 'green'],
  local: ['from disk', undefined],
  failed: ['failed', 'red'],
  held: ['held', 'red'],
  ignored: ['ignored', 'dim'],
  left: ['gone', 'dim'],
};

/** All boots, a line each: those that run first, then what was last. */
export function rackLines(view: RackView, look: Look): string[] {
  const { now, height, trouble } = view;
  const stories = [...view.stories].sort(
    (a, b) => Number(a.endedAt !== undefined) - Number(b.endedAt !== undefined) || b.startedAt - a.startedAt,
  );
  const lines = [title(stories, now, look)];
  if (trouble !== undefined) lines.push(paint(look, 'yellow', cut(look, trouble, look.width)));
  if (stories.length === 0) {
    lines.push('', 'No boot was heard yet. Switch a machine on, with network boot first in its boot order.');
    return lines.map((line) => cutPlain(line, look));
  }
  const room = Math.max(1, height - lines.length - 1);
  const shown = stories.length <= room + 1 ? stories : stories.slice(0, room);
  const names = shown.map((story) => nameOf(story, stories));
  const nameWidth = Math.min(NAME, Math.max(...names.map((name) => name.length)));
  for (const [index, story] of shown.entries()) {
    lines.push(rackLine(story, now, fit(look, names[index] ?? '', nameWidth), look));
  }
  const hidden = stories.length - shown.length;
  if (hidden > 0) lines.push(paint(look, 'dim', `and ${hidden} more`));
  return lines;
}

/** Lines without colours only. */
function cutPlain(line: string, look: Look): string {
  return line.includes('\x1b') ? line : cut(look, line, look.width);
}

function title(stories: readonly Story[], now: number, look: Look): string {
  const booting = stories.filter(({ endedAt }) => endedAt === undefined).length;
  const wanting = stories.filter((story) => needsSomebody(story, now)).length;
  const dot = ` ${sign(look, 'dot')} `;
  const parts = [`${stories.length} ${stories.length === 1 ? 'machine' : 'machines'}`, `${booting} booting`];
  if (wanting > 0) parts.push(`${wanting} with a problem`);
  const [left, right] = spread(look, `rackready${dot}${parts.join(dot)}`, formatTimeOfDay(now));
  return paint(look, 'bold', left) + right;
}

function needsSomebody(story: Story, now: number): boolean {
  return story.diagnoses.length > 0 || story.outcome === 'failed' || story.outcome === 'held' || isOverdue(story, now);
}

export function isOverdue({ next, endedAt }: Story, now: number): boolean {
  return endedAt === undefined && next !== undefined && now > next.expectedBy;
}

/** Of a machine that is heard with several cards, the end of the MAC says which. */
function nameOf({ machine, mac }: Story, all: readonly Story[]): string {
  if (machine === undefined) return mac;
  const hasSeveral = all.some((other) => other.machine === machine && other.mac !== mac);
  return withoutControls(hasSeveral ? `${machine} ${mac.slice(-5)}` : machine);
}

function rackLine(story: Story, now: number, name: string, look: Look): string {
  const stage = story.stages.at(-1);
  const isOver = story.endedAt !== undefined;
  const [word, colour] =
    isOver || story.outcome === 'ignored'
      ? OUTCOMES[story.outcome]
      : [stage?.name ?? (story.wokenAt === undefined ? 'awaited' : 'woken'), OUTCOMES.running[1]];
  const since = isOver ? story.startedAt : (stage?.startedAt ?? story.wokenAt ?? story.startedAt);
  const clock = formatClock((story.endedAt ?? now) - since);
  const fixed = name.length + 2 + stageBarWidth(look) + 2 + WORD + 1 + CLOCK + 2;
  const said = whatIsSaid(story, now);
  const text = story.isObserved === true ? `only observed: ${said.text}` : said.text;
  return [
    paint(look, 'bold', name),
    '  ',
    stageBar(story, look),
    '  ',
    paint(look, colour, fit(look, word, WORD)),
    ' ',
    clock.padStart(CLOCK),
    '  ',
    paint(look, said.colour, cut(look, withoutControls(text), look.width - fixed)),
  ].join('');
}

/** What is worth the rest of the line: a cause, what is late, what is loading, where it stands. */
function whatIsSaid(story: Story, now: number): { readonly text: string; readonly colour?: Colour } {
  const [diagnosis] = story.diagnoses;
  if (diagnosis) return { text: diagnosis.cause, colour: story.outcome === 'failed' ? 'red' : 'yellow' };
  const { next } = story;
  if (next && isOverdue(story, now)) {
    return { text: `late by ${formatClock(now - next.expectedBy)}: ${next.what}`, colour: 'yellow' };
  }
  const running =
    story.endedAt === undefined
      ? story.stages.at(-1)?.transfers.findLast(({ state }) => state === 'running')
      : undefined;
  if (running === undefined) return { text: story.standing };
  const fraction = fractionOf(running);
  const percent = fraction === undefined ? '' : ` ${Math.floor(fraction * 100)} %`;
  return { text: `${baseName(running.file)}${percent} ${formatRate(running, now) ?? ''}`.trim() };
}

function baseName(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1) || file;
}
