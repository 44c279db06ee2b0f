import { type AnswerInput, renderAnswer } from '../boot/answer.ts';
import { answerFileName } from '../boot/kernel-line.ts';
import type { Profile } from '../boot/profile.ts';
import { createTemplates } from '../boot/template.ts';
import type { Network } from '../lease/network.ts';
import { discoveredMachine } from '../machine/discovered.ts';
import type { Life, Operation } from '../machine/life.ts';
import type { Machine } from '../machine/machine.ts';
import { isOverdue, type LifeEvent } from '../machine/step-life.ts';
import { formatIpv4 } from '../net/ipv4.ts';
import type { BootFilesDeps, Leaseholder } from './boot-deps.ts';
import type { Requester } from './boot-resource.ts';

/** `status`: the HTTP status that fits. Never 2xx. */
export interface AnswerRefusal {
  readonly kind: 'refused';
  readonly status: 403 | 404 | 409 | 410 | 500 | 503;
  readonly reason: string;
}

export type AnswerResource = { readonly kind: 'text'; readonly name: string; readonly text: string } | AnswerRefusal;
export type ReportResult = { readonly kind: 'accepted' } | AnswerRefusal;

export interface Answers {
  /**
   * The answer file of `GET /answer/TOKEN/FILE`. Resolves after the step is safe on disk, so that the secret never leaves
   * before it is known that it left.
   */
  resolveAnswer(token: string, file: string, requester: Requester): Promise<AnswerResource>;
  /** To be called when the answer file was sent to its last byte: from now on the token gives no file. */
  answerSent(token: string, file: string): Promise<void>;
  /** `GET` or `POST /report/TOKEN/KIND`; `body` is the reason of a failure. */
  acceptReport(token: string, kind: string, body: string, requester: Requester): Promise<ReportResult>;
}

/** Who a token belongs to, after the checks that answer files and reports share. */
interface Claim {
  readonly life: Life;
  readonly operation: Operation;
  readonly holder: Leaseholder;
}

/** Wires answer files and reports. */
export function createAnswers(deps: BootFilesDeps): Answers {
  const templates = createTemplates(deps.readTemplate);
  const renderFor = (input: AnswerInput) => renderAnswer(templates, input);
  return {
    async resolveAnswer(token, file, requester) {
      const result = await resolve(deps, renderFor, token, file, requester);
      if (result.kind === 'refused') deps.emit('answer.refused', subjectOf(deps, requester), { reason: result.reason });
      return result;
    },
    async answerSent(token, file) {
      const life = deps.lives.withToken(token);
      if (life) await deps.lives.step(life.machine, { kind: 'answer-sent', file }).saved;
    },
    async acceptReport(token, kind, body, requester) {
      const event = reportEvent(kind, body);
      if (event === undefined) return refuse(404, `there is no report "${kind}": started, done and failed are known`);
      const claim = claimOf(deps, token, requester);
      if ('status' in claim) return claim;
      return take(deps, claim.life.machine, event);
    },
  };
}

async function resolve(
  deps: BootFilesDeps,
  render: (input: AnswerInput) => ReturnType<typeof renderAnswer>,
  token: string,
  file: string,
  requester: Requester,
): Promise<AnswerResource> {
  const claim = claimOf(deps, token, requester);
  if ('status' in claim) return claim;
  const { grant, stage } = claim.operation;
  if (stage === 'held') return refuse(409, 'the installation is held');
  if (grant.answeredAt !== undefined) return refuse(410, 'the answer file was handed over already');
  const address = formatIpv4(requester.address);
  if (grant.answeredTo !== undefined && grant.answeredTo !== address) {
    return refuse(403, `the answer file belongs to ${grant.answeredTo}`);
  }
  const input = inputFor(deps, claim, requester);
  if ('status' in input) return input;
  const expected = answerFileName(input.profile.family);
  if (file !== expected) return refuse(404, `the answer file of ${input.profile.name} is ${expected}, not "${file}"`);
  const rendered = render(input);
  if (rendered.kind === 'problem') {
    const { file: template, line, column, message } = rendered.problem;
    const reason = `${template}:${line}:${column}: ${message}`;
    deps.emit('boot.not-rendered', subjectOf(deps, requester), { file, reason });
    return refuse(500, `the answer file could not be made: ${reason}`);
  }
  const { deadlineSeconds } = input.profile;
  const taken = await take(deps, claim.life.machine, { kind: 'answer-requested', address, deadlineSeconds });
  return taken.kind === 'refused' ? taken : { kind: 'text', name: file, text: rendered.text };
}

/** The token must be that of a grant, and the request must come from the machine's own leased address. */
function claimOf(deps: BootFilesDeps, token: string, requester: Requester): Claim | AnswerRefusal {
  const life = deps.lives.withToken(token);
  const operation = life?.operation;
  if (life === undefined || operation === undefined) {
    return refuse(404, 'the token is unknown, or its grant is used up');
  }
  const holder = deps.machineOf(requester.address);
  const owner = holder && lifeName(holder);
  if (holder === undefined || owner !== life.machine) {
    const who = owner === undefined ? 'has no lease of ours' : `belongs to ${owner}`;
    return refuse(403, `the token belongs to ${life.machine}, and ${formatIpv4(requester.address)} ${who}`);
  }
  if (isOverdue(life, deps.now())) {
    deps.lives.step(life.machine, { kind: 'deadline-passed' }).saved.catch(() => undefined);
    return refuse(410, 'the time of the grant has run out');
  }
  return { life, operation, holder };
}

function inputFor(deps: BootFilesDeps, claim: Claim, requester: Requester): AnswerInput | AnswerRefusal {
  const { networks, profiles, defaults, httpPort } = deps.settings();
  const { grant } = claim.operation;
  const profile: Profile | undefined = profiles.get(grant.profile);
  if (profile === undefined) return refuse(404, `the profile ${grant.profile} is not in the configuration any more`);
  const network: Network | undefined = networks.find((entry) => entry.name === requester.network);
  if (network === undefined) return refuse(404, `there is no network ${requester.network} in the configuration`);
  const { mac } = claim.holder;
  const machine: Machine =
    claim.holder.machine ?? discoveredMachine(mac, profile.name, network.domain ?? defaults.domain);
  return { machine, profile, network, defaults, mac, address: requester.address, httpPort, token: grant.token };
}

/** Takes a step and waits until it is safe on disk. */
async function take(deps: BootFilesDeps, machine: string, event: LifeEvent): Promise<AnswerRefusal | ReportResult> {
  const { step, saved } = deps.lives.step(machine, event);
  try {
    await saved;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return refuse(503, `it could not be saved: ${reason}`);
  }
  return step.kind === 'refused' ? refuse(409, step.reason) : { kind: 'accepted' };
}

function reportEvent(kind: string, body: string): LifeEvent | undefined {
  if (kind === 'started' || kind === 'done') return { kind: 'reported', report: kind };
  if (kind !== 'failed') return undefined;
  const reason = body
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 300);
  return { kind: 'reported', report: 'failed', reason: reason || 'the installer gave no reason' };
}

function subjectOf(deps: BootFilesDeps, requester: Requester) {
  const holder = deps.machineOf(requester.address);
  const { network } = requester;
  return { mac: holder?.mac, machine: holder && lifeName(holder), network, address: formatIpv4(requester.address) };
}

/** The name that a machine's life is kept under. */
function lifeName(holder: Leaseholder): string {
  return holder.machine?.name ?? discoveredMachine(holder.mac, '').name;
}

function refuse(status: AnswerRefusal['status'], reason: string): AnswerRefusal {
  return { kind: 'refused', status, reason };
}
