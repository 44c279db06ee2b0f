import type { ClientKind } from './client-kind.ts';
import { type Course, isAtOrAfter, stageNow } from './course.ts';
import type { StageName } from './story.ts';

/** EDK2 asks at 0, 4, 12 and 28 s and then for a minute each by IPv4, IPv6 and HTTP: longer silence is another power-on. */
const FIRMWARE_SILENCE_MS = 3 * 60_000;
/** A loader that does not ask for so long is not the one that is still trying. */
const LOADER_SILENCE_MS = 3 * 60_000;

/** In which stage a story begins when this one is the first to be heard; undefined: with a system no boot begins. */
export function firstStage(kind: ClientKind): StageName | undefined {
  switch (kind) {
    case 'firmware':
    case 'ipxe':
      return 'firmware';
    case 'grub':
      return 'loader';
    case 'installer':
      return 'installer';
    case 'system':
    case 'bootp':
      return undefined;
  }
}

/** Whether a new attempt begins when `kind` is heard at `time`, and `course` was the last one. */
export function beginsAnother(course: Course, kind: ClientKind, time: number): boolean {
  const { attempt, isReported } = course;
  const silentMs = time - attempt.lastAt;
  if (attempt.endedAt !== undefined) {
    // GRUB opens its configuration twice.
    return kind === 'grub' ? silentMs > LOADER_SILENCE_MS : kind !== 'system' && kind !== 'bootp';
  }
  // The reboot into the installed system.
  if (isReported) return false;
  switch (kind) {
    case 'firmware':
      return isAtOrAfter(course, 'loader') || silentMs > FIRMWARE_SILENCE_MS;
    case 'ipxe':
      return beginsAnotherByIpxe(course, silentMs);
    case 'grub':
      return stageNow(course)?.name === 'loader' && silentMs > LOADER_SILENCE_MS;
    case 'installer':
    case 'system':
    case 'bootp':
      return false;
  }
}

/** An iPXE is the firmware itself where it is in the card's ROM, and a loader where firmware or another iPXE loaded it. */
function beginsAnotherByIpxe(course: Course, silentMs: number): boolean {
  const stage = stageNow(course)?.name;
  if (stage === 'firmware') return silentMs > FIRMWARE_SILENCE_MS;
  if (stage !== 'loader') return true;
  return course.ipxe === 'working' || silentMs > LOADER_SILENCE_MS;
}
