import { type Stage, type Story, stageNames } from '../../story/story.ts';
import { fractionOf } from './amounts.ts';
import { type Colour, type Look, paint, sign } from './look.ts';

/** Columns of stageBar(). */
export function stageBarWidth(look: Look): number {
  return stageNames.length * cellWidth(look);
}

function cellWidth({ width }: Look): number {
  return width < 100 ? 2 : 4;
}

/** Where nobody knows how far it is. */
const SOME = 0.5;

const COLOURS: Readonly<Record<Stage['state'], Colour>> = { done: 'green', running: 'cyan', failed: 'red' };

/** All stages side by side; the running one as far as what it loads. */
export function stageBar(story: Story, look: Look): string {
  const cell = cellWidth(look);
  return stageNames
    .map((name) => {
      const stage = story.stages.find((one) => one.name === name);
      if (stage === undefined) return bar(look, cell, 0, undefined);
      return bar(look, cell, stage.state === 'running' ? runningFraction(stage) : 1, COLOURS[stage.state]);
    })
    .join('');
}

/** Of `columns`; always a little is shown of what has begun. */
export function bar(look: Look, columns: number, fraction: number, colour: Colour | undefined): string {
  const full = fraction <= 0 ? 0 : Math.max(1, Math.round(columns * fraction));
  return (
    paint(look, colour, sign(look, 'full').repeat(full)) +
    paint(look, 'dim', sign(look, 'empty').repeat(columns - full))
  );
}

function runningFraction({ transfers }: Stage): number {
  const running = transfers.findLast(({ state }) => state === 'running');
  return (running && fractionOf(running)) ?? SOME;
}
