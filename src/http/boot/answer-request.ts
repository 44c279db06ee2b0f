import { parseIpv4 } from '../../net/ipv4.ts';
import { type Mac, parseMac } from '../../net/mac.ts';
import type { AnswerResource, Answers, ReportResult } from '../../serve/answers.ts';
import type { BootResource, Requester, ResolveBootFile } from '../../serve/boot-resource.ts';
import { contentTypeOf, PLAIN_TEXT } from './content-type.ts';
import type { BootHttpAnswer, BootHttpRequest } from './protocol.ts';

/** What requests are answered from. Those of `Answers` and `resolve` are what `createBootFiles` gives. */
export interface BootRequestDeps extends Answers {
  readonly resolve: ResolveBootFile;
  readonly resolveMirror: ResolveMirror;
  /** Where an nginx on this host has the pool; default: nowhere. */
  readonly accelLocation?: (() => string | undefined) | undefined;
  /** Told when the note that an answer file was sent could not be kept. */
  readonly onSentFailed?: ((error: unknown) => void) | undefined;
}

/** Where a mirror is. `label`: a state's id or tag; undefined: what is served now. */
export type ResolveMirror = (
  mirror: string,
  label: string | undefined,
) => Pick<Extract<BootHttpAnswer, { kind: 'tree' }>, 'repo' | 'pool' | 'snapshot'> | { readonly missing: string };

const MOST_INTERFACES = 32;

export interface BootRequestHandler {
  answer(request: BootHttpRequest): Promise<BootHttpAnswer>;
  /** An answer with this mark was sent in full. */
  sent(confirm: string): void;
}

/**
 * Decides what a machine's request gets:
 *
 *     GET       /answer/TOKEN/FILE      the answer file, once
 *     GET       /ks.cfg                 the same, by the MAC addresses in the headers of Anaconda
 *     GET POST  /report/TOKEN/KIND      takes a report
 *     GET HEAD  /mirror/NAME/FILE       a file of a mirror as it is served now
 *     GET HEAD  /mirror/NAME@STATE/FILE the same at one of its states, by id or tag
 *     GET HEAD  everything else         what TFTP would give for the same name
 *
 * Nothing of the admin API is served here, whatever the resolver would say.
 */
export function createBootRequestHandler(deps: BootRequestDeps): BootRequestHandler {
  return {
    answer: (request) => decide(deps, request),
    sent: (confirm) => {
      const slash = confirm.indexOf('/');
      deps.answerSent(confirm.slice(0, slash), confirm.slice(slash + 1)).catch((error: unknown) => {
        deps.onSentFailed?.(error);
      });
    },
  };
}

async function decide(deps: BootRequestDeps, request: BootHttpRequest): Promise<BootHttpAnswer> {
  const address = parseIpv4(request.remoteAddress);
  if (address === undefined) return { kind: 'refuse', status: 403, reason: 'only IPv4 machines are served here' };
  const requester: Requester = {
    via: 'http',
    address,
    network: request.network,
    userAgent: request.headers['user-agent'],
  };
  const [, first = '', token = '', rest = ''] = /^\/([^/]+)(?:\/([^/]*)(?:\/(.*))?)?$/s.exec(request.path) ?? [];
  switch (first.toLowerCase()) {
    case 'answer':
      return decideAnswer(deps, request, requester, token, rest);
    case 'report':
      return decideReport(deps, request, requester, token, rest);
    case 'ks.cfg':
      if (request.path.toLowerCase() === '/ks.cfg') return decideKickstart(deps, request, requester);
      return decideFile(deps.resolve, request, requester);
    case 'mirror':
      return decideMirror(deps, request, token, rest);
    case 'api':
      return { kind: 'refuse', status: 404, reason: 'the boot listener serves no API' };
    default:
      return decideFile(deps.resolve, request, requester);
  }
}

function decideFile(resolve: ResolveBootFile, request: BootHttpRequest, requester: Requester): BootHttpAnswer {
  if (request.method !== 'GET' && request.method !== 'HEAD') return wrongMethod(request.method, 'GET, HEAD');
  return toAnswer(resolve(request.path.slice(1), requester));
}

/** Nothing is looked for that the mirror's own, verified metadata do not name: this is no proxy. */
function decideMirror(deps: BootRequestDeps, request: BootHttpRequest, which: string, path: string): BootHttpAnswer {
  if (request.method !== 'GET' && request.method !== 'HEAD') return wrongMethod(request.method, 'GET, HEAD');
  const [, mirror = '', label] = /^([^@]*)(?:@(.*))?$/.exec(which) ?? [];
  const found = deps.resolveMirror(mirror, label);
  if ('missing' in found) return { kind: 'refuse', status: 404, reason: found.missing };
  const isFixed = label !== undefined && label === found.snapshot;
  return { kind: 'tree', ...found, mirror, path, name: request.path.slice(1), isFixed, ...behindProxy(deps, request) };
}

/**
 * A proxy on this host may say for whom it asks, and that it can send files of the pool by itself (X-Accel-Redirect). Nobody
 * else is believed: a client would get a name instead of a file.
 */
function behindProxy({ accelLocation }: BootRequestDeps, { isOwn, headers, remoteAddress }: BootHttpRequest) {
  if (!isOwn) return { client: remoteAddress };
  const { 'x-real-ip': real = '', 'x-sendfile-type': canSend } = headers;
  return {
    client: parseIpv4(real) === undefined ? remoteAddress : real,
    accelLocation: canSend?.toLowerCase() === 'x-accel-redirect' ? accelLocation?.() : undefined,
  };
}

function toAnswer(resource: BootResource): BootHttpAnswer {
  const { name } = resource;
  switch (resource.kind) {
    case 'file':
      return { kind: 'file', path: resource.path, name, contentType: contentTypeOf(name) };
    case 'text':
      return { kind: 'text', status: 200, text: resource.text, contentType: PLAIN_TEXT };
    case 'missing': {
      const { expected: isExpected, near } = resource;
      const hint = near === undefined ? '' : `; there is ${near}`;
      return { kind: 'refuse', status: 404, reason: `there is no ${name}${hint}`, isExpected, near };
    }
    case 'refused':
      return { kind: 'refuse', status: 403, reason: resource.reason };
  }
}

async function decideAnswer(
  deps: BootRequestDeps,
  request: BootHttpRequest,
  requester: Requester,
  token: string,
  file: string,
): Promise<BootHttpAnswer> {
  const shownPath = `/answer/…/${file}`;
  // A HEAD would use the token up without giving anything for it.
  if (request.method !== 'GET') return { ...wrongMethod(request.method, 'GET'), shownPath };
  return sendAnswer(await deps.resolveAnswer(token, file, requester), shownPath);
}

/**
 * `inst.ks.sendmac` names each interface in a header of its own, X-RHN-Provisioning-MAC-0 and up, as "eth0 00:25:90:96:c4:9a".
 * Which number the interface has that it booted from is not said, so all are looked at.
 */
async function decideKickstart(
  deps: BootRequestDeps,
  request: BootHttpRequest,
  requester: Requester,
): Promise<BootHttpAnswer> {
  if (request.method !== 'GET') return wrongMethod(request.method, 'GET');
  return sendAnswer(await deps.resolveKickstart(macsIn(request.headers), requester), '/ks.cfg');
}

/** Names are in lower case, as Node gives them. Interfaces without an Ethernet address (InfiniBand) are left out. */
function macsIn(headers: Readonly<Record<string, string>>): Mac[] {
  const macs: Mac[] = [];
  for (let index = 0; index < MOST_INTERFACES; index++) {
    const value = headers[`x-rhn-provisioning-mac-${index}`];
    const mac = parseMac(value?.trim().split(/\s+/).at(-1) ?? '');
    if (mac !== undefined) macs.push(mac);
  }
  return macs;
}

function sendAnswer(answer: AnswerResource, shownPath: string): BootHttpAnswer {
  if (answer.kind === 'refused') {
    const { status, reason } = answer;
    // Each refusal that is worth it is told as `answer.refused`.
    return { kind: 'refuse', status, reason, shownPath, isTold: true };
  }
  const { text, name, token } = answer;
  const confirm = token === undefined ? undefined : `${token}/${name}`;
  return { kind: 'text', status: 200, text, contentType: PLAIN_TEXT, shownPath, confirm };
}

async function decideReport(
  deps: BootRequestDeps,
  request: BootHttpRequest,
  requester: Requester,
  token: string,
  kind: string,
): Promise<BootHttpAnswer> {
  const shownPath = `/report/…/${kind}`;
  if (request.method !== 'GET' && request.method !== 'POST') {
    return { ...wrongMethod(request.method, 'GET, POST'), shownPath };
  }
  const body = request.body ?? reasonIn(request.query);
  const result: ReportResult = await deps.acceptReport(token, kind, body, requester);
  if (result.kind === 'refused') return { kind: 'refuse', status: result.status, reason: result.reason, shownPath };
  return { kind: 'text', status: 200, text: 'noted\n', contentType: PLAIN_TEXT, shownPath };
}

/** `?reason=no+disk`, for installers whose wget cannot post. */
function reasonIn(query: string): string {
  return new URLSearchParams(query).get('reason') ?? '';
}

function wrongMethod(method: string, allow: string): BootHttpAnswer & { kind: 'refuse' } {
  return { kind: 'refuse', status: 405, reason: `${method} is not for this; use ${allow}`, allow };
}
