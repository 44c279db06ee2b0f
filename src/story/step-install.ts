import type { EventData, RecordedEvent } from '../event/event.ts';
import { type Course, change, end, enter, expect, isAtOrAfter, note, stand } from './course.ts';
import type { Expectation } from './story.ts';

const KERNEL_MS = 40_000;
const PACKAGES_MS = 10 * 60_000;
const REPORT_MS = 60 * 60_000;
/** A server's self-test takes up to eight minutes. */
const CONTACT_MS = 20 * 60_000;

/** What boot decisions, answer files and installers tell of a machine whose attempt is open. */
export function stepInstall(course: Course, event: RecordedEvent): Course {
  const { time, text } = event;
  switch (event.id) {
    case 'boot.config':
      return onDecision(course, event, event.data as EventData<'boot.config'>);
    case 'boot.held':
      return end(course, 'held', { time, standing: text, isWell: false });
    case 'boot.not-rendered':
    case 'answer.refused':
    case 'install.cancelled':
      return stand(course, text);
    case 'answer.fetched':
      return stand(...answered(enter(course, 'installer', time), event));
    case 'install.started':
      return { ...stand(enter(course, 'installer', time), text, untilReport(time)), installer: 'working' };
    case 'install.chosen': {
      const { disk, diskId, nic } = event.data as EventData<'install.chosen'>;
      const noted = note(enter(course, 'installer', time), { disk: diskId ?? disk, nic });
      return stand(noted, text, course.attempt.next ?? untilReport(time));
    }
    case 'install.reported': {
      const entered = enter(course, 'system', time);
      return { ...stand(entered, text, expect('its own system answers by SSH', time, CONTACT_MS)), isReported: true };
    }
    case 'install.done':
      return end(course, 'installed', { time, standing: text, isWell: true });
    case 'install.failed':
      return end(course, 'failed', { time, standing: text, isWell: false });
    case 'install.log':
      return note(course, { log: lastLine((event.data as EventData<'install.log'>).text) });
    case 'installer.log':
    case 'installer.error': {
      const noted = note(isAtOrAfter(course, 'kernel') ? enter(course, 'installer', time) : course, {
        log: (event.data as EventData<'installer.log'>).text,
      });
      return noted;
    }
    default:
      return course;
  }
}

/** From its first deed on. */
export function untilReport(time: number): Expectation {
  return expect('reports success', time, REPORT_MS);
}

/** Some fetch it more than once. */
function answered(course: Course, { time, text }: RecordedEvent): [Course, string, Expectation | undefined] {
  if (course.installer === 'working') return [course, text, course.attempt.next];
  return [{ ...course, installer: 'answered' }, text, expect('loads its packages', time, PACKAGES_MS)];
}

function onDecision(course: Course, event: RecordedEvent, data: EventData<'boot.config'>): Course {
  const { decision, profile, loader } = data;
  const { time, text } = event;
  if (course.isReported) return stand(course, text, course.attempt.next);
  const told = profile === undefined ? decision : `${decision} ${profile}`;
  const placed = note(change(enter(course, 'loader', time), { decision: told }), { loader });
  switch (decision) {
    case 'install':
      return stand(placed, text, expect('asks for its kernel', time, KERNEL_MS));
    case 'local':
      return end(placed, 'local', { time, standing: text, isWell: true });
    case 'hold':
      // Told by boot.held, too, and better.
      if (course.attempt.outcome === 'held') return placed;
      return end(placed, 'held', { time, standing: text, isWell: false });
    default:
      return end(placed, 'ignored', { time, standing: text, isWell: true });
  }
}

function lastLine(text: string): string {
  return text.slice(text.lastIndexOf('\n') + 1);
}
