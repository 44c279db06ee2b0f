import type { EventData, RecordedEvent } from '../event/event.ts';
import { type ClientKind, clientKind } from './client-kind.ts';
import {
  type Course,
  change,
  end,
  enter,
  expect,
  isAtOrAfter,
  isUnderWay,
  note,
  reopen,
  stageNow,
  stand,
} from './course.ts';
import type { Expectation } from './story.ts';

/** From an offer to the request that takes it: EDK2 listens 4 to 32 s for other offers. */
const OFFER_MS = 40_000;
const FIRST_FILE_MS = 15_000;
const CONFIG_MS = 30_000;
const ANSWER_MS = 60_000;

/** What DHCP, proxyDHCP and BSDP tell of a machine whose attempt is open. */
export function stepDhcp(course: Course, event: RecordedEvent): Course {
  switch (event.id) {
    case 'dhcp.discover':
      return onDiscover(course, event, event.data as EventData<'dhcp.discover'>);
    case 'dhcp.offer':
      return onOffer(course, event, event.data as EventData<'dhcp.offer'>);
    case 'dhcp.ack':
      return onAck(course, event, event.data as EventData<'dhcp.ack'>);
    case 'dhcp.proxy-offer': {
      const { bootFile, port } = event.data as EventData<'dhcp.proxy-offer'>;
      const next = expect(`asks for ${bootFile}`, event.time, port === 67 ? OFFER_MS : FIRST_FILE_MS);
      return stand(answered(course), event.text, next);
    }
    case 'dhcp.would-answer':
      return onOverheard(course, event, event.data as EventData<'dhcp.would-answer'>);
    case 'dhcp.other-answer':
      return onOtherAnswer(course, event, event.data as EventData<'dhcp.other-answer'>);
    case 'dhcp.ignored':
      return onIgnored(course, event, event.data as EventData<'dhcp.ignored'>);
    case 'bsdp.list':
      return stand(answered(course), event.text, expect('chooses an image', event.time, OFFER_MS));
    case 'bsdp.select': {
      const { image, bootFile } = event.data as EventData<'bsdp.select'>;
      return stand(note(course, { image }), event.text, expect(`asks for ${bootFile}`, event.time, FIRST_FILE_MS));
    }
    case 'bsdp.ignored':
      return unanswered(course, event);
    case 'mac.seen':
      return note(course, { model: (event.data as EventData<'mac.seen'>).model });
    case 'dhcp.nak':
    case 'dhcp.other-nak':
    case 'dhcp.decline':
    case 'dhcp.conflict':
    case 'dhcp.no-address':
      return onRefusal(course, event);
    case 'dhcp.no-boot-file':
    case 'dhcp.chose-other':
    case 'dhcp.asks-proxy':
    case 'bsdp.failed':
    case 'bsdp.cannot-boot':
    case 'bsdp.not-started':
      return stand(course, event.text);
    default:
      return course;
  }
}

/** Goes to the stage of whoever asks. */
function place(course: Course, kind: ClientKind, time: number): Course {
  if (course.isReported) return course;
  switch (kind) {
    case 'firmware':
      return course;
    case 'ipxe': {
      const isRom = stageNow(course)?.name === 'firmware' && (course.attempt.firmware ?? 'iPXE').startsWith('iPXE');
      return { ...(isRom ? course : enter(course, 'loader', time)), ipxe: 'asking' };
    }
    // A kernel's own DHCP says as little of itself as GRUB's.
    case 'grub':
    case 'bootp':
      return isAtOrAfter(course, 'kernel') ? enter(course, 'installer', time) : enter(course, 'loader', time);
    case 'installer':
      return enter(course, 'installer', time);
    case 'system': {
      const isInstalling = course.attempt.decision?.startsWith('install') && isAtOrAfter(course, 'loader');
      return enter(course, isInstalling ? 'installer' : 'system', time);
    }
  }
}

function onDiscover(course: Course, event: RecordedEvent, data: EventData<'dhcp.discover'>): Course {
  const { client, via, arch, vendorClass, userClass, uuid, nic, loads, relay } = data;
  const kind = clientKind(client);
  const named = nameFirmware(change(place(course, kind, event.time), { isObserved: undefined }), client);
  const noted = note(named, { client, via, arch, vendorClass, userClass, uuid, nic, relay, loads: loads?.join(', ') });
  return stand(noted, event.text, kind === 'system' || isUnderWay(course) ? course.attempt.next : undefined);
}

/** By the first words of a firmware. */
function nameFirmware(course: Course, client: string): Course {
  const kind = clientKind(client);
  const isFirmware = kind === 'firmware' || kind === 'ipxe';
  return isFirmware && course.attempt.firmware === undefined ? change(course, { firmware: client }) : course;
}

/** On a network that is only observed: what it asks for is heard, what it is told hardly, and what it loads not at all. */
function onOverheard(course: Course, event: RecordedEvent, data: EventData<'dhcp.would-answer'>): Course {
  // Another client of the system that it came to.
  if (course.attempt.endedAt !== undefined) return course;
  const { client = 'Mac', uuid, server } = data;
  const placed = change(place(course, clientKind(client), event.time), { isObserved: true, outcome: 'running' });
  const noted = note(nameFirmware(placed, client), { client, uuid, server });
  const isUp = data.message === 'request' && stageNow(noted)?.name === 'system';
  return isUp ? end(noted, 'left', { time: event.time, standing: event.text, isWell: true }) : stand(noted, event.text);
}

function onOtherAnswer(course: Course, event: RecordedEvent, data: EventData<'dhcp.other-answer'>): Course {
  if (course.attempt.isObserved !== true) return course;
  const { bootFile, nextServer } = data;
  return stand(note(course, { bootFile, nextServer }), event.text);
}

function onOffer(course: Course, event: RecordedEvent, data: EventData<'dhcp.offer'>): Course {
  const noted = note(answered(course), { bootFile: data.bootFile });
  const next = expect(`takes ${data.address}`, event.time, OFFER_MS);
  return stand(noted, event.text, isUnderWay(course) ? course.attempt.next : next);
}

function onAck(course: Course, event: RecordedEvent, data: EventData<'dhcp.ack'>): Course {
  const kind = clientKind(data.client);
  const placed = place(course, kind, event.time);
  const { firmware } = placed.attempt;
  const isFirmware = kind === 'firmware' || kind === 'ipxe';
  const named = change(placed, {
    address: data.address,
    ...(firmware === undefined && isFirmware && { firmware: data.client }),
  });
  const noted = note(answered(named), { address: data.address, bootFile: data.bootFile, clientId: data.clientId });
  if (isUnderWay(course)) return stand(noted, event.text, course.attempt.next);
  if (kind === 'system' && stageNow(noted)?.name === 'system') return onOwnSystem(noted, event);
  return stand(noted, event.text, afterAck(noted, kind, event, data.bootFile));
}

function afterAck(
  course: Course,
  kind: ClientKind,
  { time }: RecordedEvent,
  bootFile?: string,
): Expectation | undefined {
  if (isAtOrAfter(course, 'installer')) {
    return course.attempt.decision?.startsWith('install')
      ? expect('fetches its answer file', time, ANSWER_MS)
      : undefined;
  }
  if (kind === 'grub' || kind === 'bootp') return expect('asks for its configuration', time, CONFIG_MS);
  if (bootFile === undefined) return undefined;
  return expect(`asks for ${bootFile}`, time, kind === 'ipxe' ? CONFIG_MS : FIRST_FILE_MS);
}

/** It does not get its address, or does not keep it. */
export function isRefusal({ id }: RecordedEvent): boolean {
  return ['dhcp.nak', 'dhcp.other-nak', 'dhcp.decline', 'dhcp.conflict', 'dhcp.no-address'].includes(id);
}

/** Of a machine that was sent to its disk this is its own system, which is not up, or no longer. */
function onRefusal(course: Course, event: RecordedEvent): Course {
  const { outcome, endedAt } = course.attempt;
  if (outcome !== 'local' || endedAt === undefined) return stand(course, event.text);
  const placed = reopen(enter(course, 'system', event.time));
  return change(placed, { standing: event.text });
}

/** It runs what is on its disk: as it was told, or because nothing came of the network boot. */
function onOwnSystem(course: Course, event: RecordedEvent): Course {
  const outcome = course.attempt.outcome === 'local' ? 'local' : 'left';
  return end(course, outcome, { time: event.time, standing: event.text, isWell: true });
}

function onIgnored(course: Course, event: RecordedEvent, data: EventData<'dhcp.ignored'>): Course {
  return data.message === 'DISCOVER' && course.attempt.isObserved !== true ? unanswered(course, event) : course;
}

/** Nothing was sent, on purpose. It may still be answered when it asks again. */
function unanswered(course: Course, event: RecordedEvent): Course {
  const stage = stageNow(course);
  if (stage?.name !== 'firmware' || stage.words.address !== undefined) return course;
  if (course.attempt.outcome !== 'running' || course.attempt.next !== undefined) return course;
  return change(stand(course, event.text), { outcome: 'ignored' });
}

function answered(course: Course): Course {
  return course.attempt.outcome === 'ignored' ? change(course, { outcome: 'running' }) : course;
}
