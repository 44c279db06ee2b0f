import type { Mac } from '../../net/mac.ts';
import type { Account } from '../account.ts';
import { readDomain } from '../domain-name.ts';
import type { DraftMachine } from '../draft.ts';
import { BOOT_FILES, NETWORK_WIDE, NO_MAC, ONE_OPTION_SET, REFUSED_MACHINE } from '../reasons.ts';
import { type Given, givenOf, type Parameters } from './effective.ts';
import type { HostDeclaration, Model, Scope } from './model.ts';
import { readParameter } from './read-parameter.ts';
import { keywordOf, type Statement } from './statements.ts';
import { readerOf, type Target } from './word-reader.ts';

export interface MachinesQuestion {
  readonly model: Model;
  readonly parameters: Parameters;
  readonly account: Account;
  /** Scopes whose parameters hold for networks, and not for single hosts only. */
  readonly networkScopes: ReadonlySet<Scope>;
  /** Each host's key in the configuration. */
  readonly nameOfHost: ReadonlyMap<HostDeclaration, string>;
}

/** What a host says of itself. */
interface HostFacts {
  readonly mac?: Mac | undefined;
  /** `hardware` of another kind than Ethernet. */
  readonly isForeign: boolean;
  readonly addresses: readonly Target[];
}

/** The hosts as machines. One that rackready cannot know, or has to keep away, is left out with the reason. */
export function translateHosts(question: MachinesQuestion): readonly DraftMachine[] {
  return question.model.hosts.flatMap((host) => translateHost(host, question) ?? []);
}

function translateHost(host: HostDeclaration, question: MachinesQuestion): DraftMachine | undefined {
  const { account } = question;
  const { statement } = host;
  const name = question.nameOfHost.get(host) ?? host.name;
  const { mac, isForeign, addresses } = readFacts(host, name, question);
  const given = parametersOf(host, question);
  const leaveOut = (reason: string) => account.tell({ at: ['machines'], level: 'todo', reason }, statement);
  const booting = givenOf(given, 'flag', 'booting');
  if (booting?.parameter.isOn === false) {
    question.parameters.decide(booting);
    leaveOut(REFUSED_MACHINE);
  } else if (isForeign) leaveOut('Left out: only Ethernet addresses of six octets are known.');
  else if (mac === undefined) leaveOut(NO_MAC);
  else return { name, statement, macs: [mac], addresses, ...namesOf(given, host, question) };
  return undefined;
}

/** Reads and takes out of the scope what only hosts have. */
function readFacts({ scope }: HostDeclaration, name: string, { account }: MachinesQuestion): HostFacts {
  let mac: Mac | undefined;
  let isForeign = false;
  const addresses: Target[] = [];
  for (const statement of scope.parameters) {
    const reader = readerOf(statement.words, 1);
    const wrong = (expected: string) => {
      const problem = `${reader.peek()} stands where ${expected} is expected`;
      account.complain(statement.place, problem);
      account.tell({ at: ['machines', name], level: 'todo', reason: `Not understood: ${problem}.` }, statement);
    };
    switch (keywordOf(statement)) {
      case 'hardware': {
        const isEthernet = reader.takeKeyword('ethernet') !== undefined;
        const found = reader.takeMac();
        if (isEthernet && found !== undefined && reader.isAtEnd()) mac = found;
        else if (isEthernet && reader.takeHex() === undefined) wrong('a MAC address like 00:25:90:96:c4:9a');
        else isForeign = true;
        account.use(statement);
        break;
      }
      case 'fixed-address':
        do {
          const target = reader.takeTarget();
          if (target) addresses.push(target);
          else wrong('an address');
        } while (reader.takeMark(','));
        if (!reader.isAtEnd()) wrong('a comma or a semicolon');
        account.use(statement);
        break;
      case 'uid':
      case 'host-identifier':
        account.tell({ level: 'fine', reason: NO_CLIENT_IDS }, statement);
        break;
      case 'group':
        account.tell({ level: 'fine', reason: GROUPS }, statement);
        break;
    }
  }
  return { mac, isForeign, addresses };
}

const CLIENT_IDENTIFIER = 61;
const GROUPS = 'Groups are resolved: the host names and domains that they give are written with the machines.';
const NO_CLIENT_IDS = 'A machine is its MAC address; client identifiers are not looked at.';

const hostOnly: ReadonlySet<string> = new Set(['hardware', 'fixed-address', 'uid', 'host-identifier', 'group']);

/** Host name and domain: from the host, its groups and the group that it names. */
function namesOf(
  given: ReadonlyMap<string, Given>,
  host: HostDeclaration,
  question: MachinesQuestion,
): Pick<DraftMachine, 'hostName' | 'domain'> {
  const hostName = textOption(given, 12, question);
  const domain = textOption(given, 15, question);
  const [first = '', ...rest] = hostName?.text.split('.') ?? [];
  const found = domain && readDomain(domain.text);
  if (rest.length > 0 && hostName) {
    const reason = 'A host name has no dots: what follows the first is its domain.';
    question.account.tell(
      { at: ['machines', question.nameOfHost.get(host) ?? host.name], level: 'fine', reason },
      hostName.statement,
    );
  }
  if (found?.reason !== undefined && domain) {
    question.account.tell(
      { at: ['machines', question.nameOfHost.get(host) ?? host.name], level: 'todo', reason: found.reason },
      domain.statement,
    );
  }
  return {
    hostName: first === '' ? undefined : first,
    domain: found?.domain ?? (rest.length > 0 ? readDomain(rest.join('.')).domain : undefined),
  };
}

function parametersOf(
  host: HostDeclaration,
  { model, parameters, networkScopes }: MachinesQuestion,
): ReadonlyMap<string, Given> {
  const isHosts = (scope: Scope) => networkScopes.has(scope);
  const own = new Map(
    host.scope.parameters
      .filter((statement) => !hostOnly.has(keywordOf(statement)))
      .map((statement): [string, Given] => {
        const parameter = readParameter(statement, model.options);
        return [parameter.key, { parameter, statement, scope: host.scope }];
      }),
  );
  const reference = host.scope.parameters.find((statement) => keywordOf(statement) === 'group')?.words[1]?.text;
  const named =
    reference === undefined ? undefined : model.groups.find(({ statement }) => statement?.words[1]?.text === reference);
  const around = host.scope.around;
  const maps = [around, named].flatMap((scope) =>
    scope && !isHosts(scope) ? [parameters.effective(scope, isHosts)] : [],
  );
  return new Map([...maps.flatMap((map) => [...map]), ...own]);
}

function textOption(given: ReadonlyMap<string, Given>, code: number, { parameters }: MachinesQuestion) {
  const one = given.get(`option ${code}`);
  if (one?.parameter.kind !== 'option' || one.parameter.value.kind !== 'text') return undefined;
  parameters.decide(one);
  return { text: one.parameter.value.text, statement: one.statement };
}

/** What hosts and their groups say beyond that: it has no counterpart for a single machine. */
export function tellHostParameters(question: MachinesQuestion): void {
  const { model, account, networkScopes, nameOfHost } = question;
  const hosts = model.hosts.map((host) => ({ scope: host.scope, at: ['machines', nameOfHost.get(host) ?? host.name] }));
  const groups = model.groups
    .filter((scope) => !networkScopes.has(scope))
    .map((scope) => ({ scope, at: ['machines'] }));
  for (const { scope, at } of [...groups, ...hosts]) {
    if (scope.statement && account.toldBy(scope.statement) === 'remark') continue;
    for (const statement of scope.parameters) {
      if (hostOnly.has(keywordOf(statement)) || account.toldBy(statement) !== undefined) continue;
      tellHostParameter(statement, at, question);
    }
  }
}

function tellHostParameter(statement: Statement, at: readonly string[], { model, account }: MachinesQuestion): void {
  const parameter = readParameter(statement, model.options);
  switch (parameter.kind) {
    case 'told':
      account.tell({ level: parameter.level, reason: parameter.reason }, statement);
      break;
    case 'wrong':
      account.complain(statement.place, parameter.problem);
      break;
    case 'file':
    case 'server':
      account.tell({ level: 'todo', reason: BOOT_FILES }, statement);
      break;
    case 'option':
      if (parameter.code === CLIENT_IDENTIFIER) account.tell({ level: 'fine', reason: NO_CLIENT_IDS }, statement);
      else account.tell({ at, level: 'todo', reason: ONE_OPTION_SET }, statement);
      break;
    case 'flag':
    case 'seconds':
      account.tell({ at, level: 'todo', reason: NETWORK_WIDE }, statement);
  }
}
