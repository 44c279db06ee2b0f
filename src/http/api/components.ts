import { stageNames } from '../../story/story.ts';
import { firmwareKinds } from './render-view.ts';
import { shownLeaseStates } from './views.ts';

const text = { type: 'string' } as const;
const texts = { type: 'array', items: text } as const;
const maybeText = { type: ['string', 'null'] } as const;
const time = { type: 'string', format: 'date-time' } as const;
const maybeTime = { type: ['string', 'null'], format: 'date-time' } as const;
const number = { type: 'integer' } as const;
const maybeNumber = { type: ['integer', 'null'] } as const;
const flag = { type: 'boolean' } as const;

/** An object with exactly these fields, all of them always there. */
function exact<Fields extends Readonly<Record<string, object>>>(properties: Fields) {
  return { type: 'object', additionalProperties: false, required: Object.keys(properties), properties } as const;
}

function list(items: object) {
  return { type: 'array', items } as const;
}

function orNull(schema: object) {
  return { anyOf: [schema, { type: 'null' }] } as const;
}

const value = exact({ name: text, value: text, origin: text });
const operation = exact({
  kind: text,
  stage: text,
  profile: text,
  via: text,
  grantedAt: time,
  deadline: maybeTime,
  startedAt: maybeTime,
  seen: maybeText,
});
const outcome = exact({
  kind: text,
  profile: text,
  result: text,
  reason: text,
  at: time,
  isVerified: { type: ['boolean', 'null'] },
});
const chosen = exact({ disk: text, diskId: maybeText, diskBytes: { type: ['integer', 'null'] }, nic: maybeText });
const mac = exact({
  model: maybeText,
  seen: texts,
  firmware: text,
  offered: list(exact({ image: text, title: text, bootFile: text })),
  reason: maybeText,
  selected: maybeText,
});
const snapshot = exact({
  id: text,
  at: time,
  revision: text,
  files: number,
  bytes: number,
  packages: number,
  unverified: number,
  isCurrent: flag,
  tags: texts,
  remarks: texts,
});
const mirror = exact({
  name: text,
  os: maybeText,
  kind: text,
  mode: text,
  from: texts,
  state: { type: 'string', enum: ['empty', 'serving', 'held'] },
  isFrozen: flag,
  trust: text,
  packages: text,
  current: maybeText,
  snapshots: list(snapshot),
  held: orNull(
    exact({
      id: text,
      at: time,
      revision: text,
      files: number,
      bytes: number,
      packages: number,
      added: maybeNumber,
      removed: maybeNumber,
      changed: maybeNumber,
      addedExamples: texts,
      removedExamples: texts,
      summary: text,
    }),
  ),
  heldReasons: texts,
  canApprove: flag,
  lastRun: orNull(exact({ startedAt: time, endedAt: time, result: text, reason: text, next: maybeText })),
  lastSuccessAt: maybeTime,
  nextRunAt: maybeTime,
  progress: orNull(
    exact({
      phase: text,
      startedAt: time,
      filesDone: number,
      filesTotal: number,
      bytesDone: number,
      bytesTotal: number,
      bytesPerSecond: number,
      secondsLeft: { type: ['integer', 'null'] },
      retries: number,
      current: texts,
    }),
  ),
});
const scrub = exact({
  isRunning: flag,
  isPaused: flag,
  startedAt: maybeTime,
  endedAt: maybeTime,
  nextAt: maybeTime,
  files: number,
  bytes: number,
  damaged: number,
  aside: exact({ files: number, bytes: number }),
  waiting: list(
    exact({
      mirror: text,
      reason: { type: 'string', enum: ['turn', 'scrub', 'paused', 'blackout', 'frozen'] },
      until: maybeTime,
    }),
  ),
});
const finding = exact({
  path: text,
  states: texts,
  problem: { type: 'string', enum: ['damaged', 'missing', 'unreadable', 'misplaced'] },
  next: text,
});
const boot = exact({
  firmware: { type: 'string', enum: firmwareKinds },
  isLastSeen: flag,
  answer: text,
  reason: maybeText,
  bootFile: maybeText,
  loader: maybeText,
  options: list(exact({ ...value.properties, code: { type: ['integer', 'null'] } })),
  notAsked: texts,
  config: orNull(exact({ file: text, dialect: text, text })),
});
const installation = exact({
  profile: text,
  isNow: flag,
  kernel: value,
  initrd: value,
  words: list(exact({ value: text, origin: text })),
  answerFile: exact({ name: text, template: text, text: maybeText, problem: maybeText, values: list(value) }),
});

/** An object with these fields, of which only the required ones are always there. */
function partly<Fields extends Readonly<Record<string, object>>>(
  required: readonly (keyof Fields)[],
  properties: Fields,
) {
  return { type: 'object', additionalProperties: false, required, properties } as const;
}

const transfer = partly(['protocol', 'file', 'startedAt', 'bytes', 'state'], {
  protocol: { type: 'string', enum: ['tftp', 'http'] },
  file: text,
  startedAt: number,
  endedAt: number,
  bytes: number,
  ofBytes: number,
  state: { type: 'string', enum: ['running', 'done', 'aborted', 'stalled', 'failed', 'not-found', 'refused'] },
});
const stage = partly(['name', 'state', 'startedAt', 'bytes', 'transfers', 'transferCount', 'words'], {
  name: { type: 'string', enum: stageNames },
  state: { type: 'string', enum: ['running', 'done', 'failed'] },
  startedAt: number,
  endedAt: number,
  bytes: number,
  transfers: list(transfer),
  transferCount: number,
  words: { type: 'object', additionalProperties: text },
});
const diagnosis = partly(['rule', 'section', 'confidence', 'cause', 'remedy', 'evidence'], {
  rule: text,
  section: text,
  confidence: { type: 'number' },
  cause: text,
  remedy: text,
  applied: text,
  evidence: list(number),
});

/** The shapes of the answers, by the names of the OpenAPI document. They follow views.ts; a test holds them together. */
export const components = {
  Mirror: mirror,
  Scrub: scrub,
  Status: exact({
    version: text,
    pid: number,
    started: time,
    config: maybeText,
    data: text,
    admin: exact({ socket: text, listen: maybeText, problem: maybeText, tokenFile: text }),
    networks: list(
      exact({
        name: text,
        interface: maybeText,
        subnet: text,
        address: text,
        router: maybeText,
        mode: text,
        pools: list(exact({ first: text, last: text, clients: { type: 'string', enum: ['dhcp', 'bootp'] } })),
        leases: exact({ bound: number, free: number }),
      }),
    ),
    listeners: list(exact({ what: text, where: text, state: text })),
    loaders: list(exact({ platform: text, loader: text, from: text, packages: list(text) })),
    counters: { type: 'object', additionalProperties: number },
    netboot: { type: 'object', additionalProperties: number },
  }),
  Lease: exact({
    address: text,
    network: text,
    client: text,
    machine: maybeText,
    state: { type: 'string', enum: shownLeaseStates },
    kind: { type: 'string', enum: ['dhcp', 'bootp'] },
    startsAt: time,
    endsAt: maybeTime,
    hostName: maybeText,
    vendorClass: maybeText,
  }),
  Identity: exact({
    mac: text,
    client: text,
    clientId: maybeText,
    uuid: maybeText,
    address: text,
    firstSeen: time,
    lastSeen: time,
    count: number,
  }),
  Machine: exact({
    name: text,
    macs: texts,
    hostName: text,
    address: maybeText,
    profile: maybeText,
    state: text,
    operation: orNull(operation),
    outcome: orNull(outcome),
    chosen: orNull(chosen),
    diskRule: text,
    notes: maybeText,
    mac: orNull(mac),
  }),
  Wake: exact({
    sent: list(exact({ mac: text, network: text, interface: maybeText, to: text, packets: number })),
    answersAt: maybeText,
    skipped: list(exact({ network: text, reason: text })),
  }),
  Discovered: exact({
    mac: text,
    name: text,
    client: text,
    bootsFromNetwork: flag,
    address: maybeText,
    network: maybeText,
    hostName: maybeText,
    uuid: maybeText,
    state: text,
    lastSeen: time,
  }),
  Event: {
    type: 'object',
    required: ['seq', 'time', 'id', 'level', 'text', 'data'],
    properties: {
      seq: number,
      time,
      id: text,
      level: { type: 'string', enum: ['debug', 'info', 'warning', 'error'] },
      text,
      data: { type: 'object' },
      machine: text,
      mac: text,
      network: text,
      address: text,
    },
  },
  /** Times are ms since 1970. */
  Story: partly(['id', 'mac', 'startedAt', 'lastAt', 'stages', 'outcome', 'standing', 'diagnoses', 'now'], {
    id: number,
    mac: text,
    machine: text,
    network: text,
    address: text,
    startedAt: number,
    lastAt: number,
    endedAt: number,
    firmware: text,
    decision: text,
    stages: list(stage),
    outcome: {
      type: 'string',
      enum: ['running', 'installed', 'local', 'failed', 'held', 'ignored', 'left'],
    },
    standing: text,
    wokenAt: number,
    isObserved: flag,
    next: exact({ what: text, since: number, expectedBy: number }),
    diagnoses: list(diagnosis),
    now: number,
  }),
  Render: exact({
    machine: text,
    facts: list(value),
    decision: exact({ kind: text, reason: text }),
    lastSeen: orNull({ type: 'string', enum: firmwareKinds }),
    boots: list(boot),
    installation: orNull(installation),
  }),
  FirstSteps: exact({
    interfaces: list(exact({ name: text, mac: maybeText, addresses: texts, isUp: flag, hasCarrier: flag })),
    path: text,
    proposal: text,
    problems: texts,
  }),
  Saved: exact({ files: texts, server: { type: 'object', required: ['kind'], properties: { kind: text } } }),
  Profile: exact({ name: text, file: text, line: number, os: maybeText, machines: number }),
  ProfileCheck: exact({
    errors: list(exact({ line: number, column: number, message: text })),
    elsewhere: texts,
    machines: texts,
    broken: list(exact({ message: text, machines: texts })),
    changes: list(exact({ what: text, machines: texts })),
    preview: orNull(exact({ kernelLine: text, answerFile: maybeText })),
  }),
  Template: exact({ path: text, name: maybeText, isBuiltIn: flag, profiles: texts, machines: number }),
  TemplateCheck: exact({
    errors: texts,
    machines: texts,
    problems: list(exact({ machine: text, line: number, column: number, message: text })),
    preview: maybeText,
  }),
  Error: exact({
    error: {
      type: 'object',
      additionalProperties: false,
      required: ['code', 'message', 'hint'],
      properties: { code: text, message: text, hint: text, command: text, findings: list(finding) },
    },
  }),
};
