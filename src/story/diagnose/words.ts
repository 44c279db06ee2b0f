import type { RecordedEvent } from '../../event/event.ts';
import type { View } from './view.ts';

/** "sm1 (00:25:90:96:c4:9a)" */
export function whoIs({ trace: { attempt } }: View): string {
  return attempt.machine === undefined ? attempt.mac : `${attempt.machine} (${attempt.mac})`;
}

/** What commands take for a MACHINE. */
export function nameOf({ trace: { attempt } }: View): string {
  return attempt.machine ?? attempt.mac;
}

/** "`rackready events --machine sm1`", with the level where it matters. */
export function eventsCommand(view: View, level?: 'debug'): string {
  return `\`rackready events --machine ${nameOf(view)}${level ? ` --level ${level}` : ''}\``;
}

/** "40 s", "12 min", "3 h" */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

export function since(view: View, event: RecordedEvent): string {
  return span(view.now - event.time);
}

/** "a, b, c and 4 more" */
export function list(words: readonly string[], most = 4): string {
  const shown = words.slice(0, most).join(', ');
  return words.length > most ? `${shown} and ${words.length - most} more` : shown;
}
