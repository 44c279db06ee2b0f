import { type AnswerInput, renderAnswer } from '../boot/answer.ts';
import { answerFileName, companionFile } from '../boot/answer-files.ts';
import type { Profile } from '../boot/profile.ts';
import { createTemplates } from '../boot/template.ts';
import type { Network } from '../lease/network.ts';
import { discoveredMachine } from '../machine/discovered.ts';
import type { Life, Operation } from '../machine/life.ts';
import type { Machine } from '../machine/machine.ts';
import { isOverdue, type LifeEvent } from '../machine/step-life.ts';
import { formatIpv4 } from '../net/ipv4.ts';
import type { Mac } from '../net/mac.ts';
import type { BootFilesDeps, Leaseholder } from './boot-deps.ts';
import type { Requester } from './boot-resource.ts';
import { choiceIn, hostKeysIn, logIn, reasonIn } from './report-body.ts';

/** `status`: the HTTP status that fits. Never 2xx. */
export interface AnswerRefusal {
  readonly kind: 'refused';
  readonly status: 403 | 404 | 409 | 410 | 500 | 503;
  readonly reason: string;
  /** The installer asks for such a file as a matter of course and does without it. */
  readonly isExpected?: boolean | undefined;
}

export type AnswerResource =
  | {
      readonly kind: 'text';
      readonly name: string;
      readonly text: string;
      /** The grant's, to be given back with answerSent(); undefined for files that do not count. */
      readonly token?: string | undefined;
    }
  | AnswerRefusal;
export type ReportResult = { readonly kind: 'accepted' } | AnswerRefusal;

export interface Answers {
  /**
   * The answer file of `GET /answer/TOKEN/FILE`. Resolves after the step is safe on disk, so that the secret never leaves
   * before it is known that it left.
   */
  resolveAnswer(token: string, file: string, requester: Requester): Promise<AnswerResource>;
  /**
   * The answer file of the classic `GET /ks.cfg`, whose request names the machine's MAC addresses
   * (X-RHN-Provisioning-MAC-N). The machine must be under grant and ask from its own leased address. Refused with 403 or
   * 404, or 5xx when the file could not be made or saved.
   */
  resolveKickstart(macs: readonly Mac[], requester: Requester): Promise<AnswerResource>;
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
      return told(deps, requester, await resolve(deps, renderFor, token, file, requester));
    },
    async resolveKickstart(macs, requester) {
      const token = tokenFor(deps, macs, requester);
      const result = typeof token === 'string' ? await resolve(deps, renderFor, token, 'ks.cfg', requester) : token;
      return told(deps, requester, plainStatus(result));
    },
    async answerSent(token, file) {
      const life = deps.lives.withToken(token);
      if (life) await deps.lives.step(life.machine, { kind: 'answer-sent', file }).saved;
    },
    async acceptReport(token, kind, given, requester) {
      // Installers log the commands that they run, and the token with them.
      const body = given.replaceAll(token, '…');
      const event = reportEvent(kind, body, deps.settings().defaults.sshKeys.length > 0);
      if (typeof event === 'string') return refuse(404, event);
      const claim = claimOf(deps, token, requester);
      if ('status' in claim) return claim;
      const { profile } = claim.operation.grant;
      const log = kind === 'failed' ? logIn(body) : undefined;
      const result = await take(deps, claim.life.machine, event);
      if (log !== undefined && result.kind === 'accepted') {
        deps.emit('install.log', { ...subjectOf(deps, requester), machine: claim.life.machine }, { profile, ...log });
      }
      return result;
    },
  };
}

/** Tells a refusal, unless it is what the installer counts on. */
function told(deps: BootFilesDeps, requester: Requester, result: AnswerResource): AnswerResource {
  if (result.kind === 'refused' && !result.isExpected) {
    deps.emit('answer.refused', subjectOf(deps, requester), { reason: result.reason });
  }
  return result;
}

/** Old installers know 403 and 404 only: everything else that is final looks to them like a server out of order. */
function plainStatus(result: AnswerResource): AnswerResource {
  if (result.kind === 'text' || result.status >= 500) return result;
  return { ...result, status: result.status === 404 || result.status === 410 ? 404 : 403 };
}

/** The token of the grant that a request without one belongs to. */
function tokenFor(deps: BootFilesDeps, macs: readonly Mac[], requester: Requester): string | AnswerRefusal {
  const address = formatIpv4(requester.address);
  if (macs.length === 0) {
    return refuse(403, 'the request names no MAC address: put inst.ks.sendmac on the kernel’s command line');
  }
  const holder = deps.machineOf(requester.address);
  if (holder === undefined) return refuse(403, `${address} has no lease of ours`);
  const owner = lifeName(holder);
  // The order of a machine’s interfaces says nothing about which of them it booted from, so any one of them will do.
  const isOwn = macs.some((mac) => mac === holder.mac || (holder.machine?.macs.includes(mac) ?? false));
  if (!isOwn) return refuse(403, `${address} belongs to ${owner}, and the request names ${macs.join(', ')}`);
  const operation = deps.lives.get(owner)?.operation;
  return operation?.grant.token ?? refuse(404, `no installation of ${owner} is granted: rackready install ${owner}`);
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
  const address = formatIpv4(requester.address);
  if (grant.answeredTo !== undefined && grant.answeredTo !== address) {
    return refuse(403, `the answer file belongs to ${grant.answeredTo}`);
  }
  const input = inputFor(deps, claim, requester);
  // cloud-init asks for companions before and after the answer file; they neither start an installation nor end its secret.
  const companion = 'status' in input ? undefined : companionFile(input.profile, input.machine, file);
  if (companion?.kind === 'text') return { kind: 'text', name: file, text: companion.text };
  if (companion?.kind === 'absent') return { ...refuse(404, `there is no ${file}`), isExpected: true };
  if (grant.answeredAt !== undefined) return refuse(410, 'the answer file was handed over already');
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
  if (taken.kind === 'refused') return taken;
  // Taken back while the disk was waited for: whoever did that was told that nothing is installed.
  const current = deps.lives.withToken(token)?.operation;
  if (current === undefined) return refuse(410, 'the grant was taken back');
  return current.stage === 'held'
    ? refuse(409, 'the installation is held')
    : { kind: 'text', name: file, text: rendered.text, token };
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
  return {
    machine,
    profile,
    network,
    defaults,
    mac,
    address: requester.address,
    httpPort,
    token: grant.token,
    snapshot: grant.snapshot,
  };
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

/**
 * The event of a report, or why it is none. Where no SSH key is configured and no host key was reported, nothing says that
 * there will be an SSH to wait for: the report of success is all that there will be.
 */
function reportEvent(kind: string, body: string, expectsContact: boolean): LifeEvent | string {
  if (kind === 'started') return { kind: 'reported', report: kind };
  if (kind === 'chosen') {
    const chosen = choiceIn(body);
    return chosen ? { kind: 'reported', report: kind, chosen } : 'the report "chosen" names no disk: disk=/dev/…';
  }
  if (kind === 'done') {
    const hostKeys = hostKeysIn(body);
    return { kind: 'reported', report: kind, ...((expectsContact || hostKeys.length > 0) && { hostKeys }) };
  }
  if (kind !== 'failed') return `there is no report "${kind}": started, chosen, done and failed are known`;
  const reason = reasonIn(body);
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
