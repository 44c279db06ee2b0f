import type { EventView } from '../../http/api/views.ts';
import { redact } from '../../story/redact.ts';
import type { Story } from '../../story/story.ts';
import { formatEvent } from '../print.ts';
import type { Look } from './look.ts';
import { storyLines } from './one.ts';

const look: Look = { width: 110, colour: false, unicode: true };

/** All of one boot as text, to be sent to somebody: the story, and each event of it. Without tokens and passwords. */
export function storyText(story: Story, events: readonly EventView[]): string {
  const lines = [
    ...storyLines({ story, now: story.now, isFull: true }, look),
    '',
    `${events.length} events`,
    '',
    ...events.map((event) => formatEvent(event, false)),
  ];
  return `${redact(lines.join('\n'))}\n`;
}
