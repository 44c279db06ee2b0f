import type { Network } from '../lease/network.ts';
import type { Machine } from '../machine/machine.ts';
import { formatIpv4, type Ipv4 } from '../net/ipv4.ts';
import type { Mac } from '../net/mac.ts';
import { netmask } from '../net/subnet.ts';
import { lackingSuites, securityUrl, sourceLine } from './apt-sources.ts';
import { parseDiskWish, renderDiskScript } from './disk.ts';
import { answerUrl, kernelQuote, mirrorOf, reportUrl, sourceUrl, splitArguments } from './kernel-line.ts';
import { PIN_SCRIPT, renderNicScript } from './nic.ts';
import { httpBase } from './plan.ts';
import type { Profile } from './profile.ts';
import { planStaticAddress, type StaticAddress } from './static-address.ts';
import type { RenderedTemplate, Templates } from './template.ts';

/** What every answer file may use, for machines and profiles that do not say otherwise. */
export interface AnswerDefaults {
  readonly domain?: string | undefined;
  readonly timezone: string;
  readonly locale: string;
  readonly keymap: string;
  readonly user: string;
  readonly sshKeys: readonly string[];
  /** crypt(3) */
  readonly rootPasswordHash?: string | undefined;
}

export interface AnswerInput {
  readonly machine: Machine;
  readonly profile: Profile;
  readonly network: Network;
  readonly defaults: AnswerDefaults;
  /** The interface that the machine installs over. */
  readonly mac: Mac;
  /** The address that it has; undefined in a preview without a reservation. */
  readonly address?: Ipv4 | undefined;
  readonly httpPort: number;
  /** The grant's token; previews use a dummy. */
  readonly token: string;
  /** The state of the profile's mirror that is installed from; undefined: the one that is served. */
  readonly snapshot?: string | undefined;
}

/** Where packages come from, in the parts that debian-installer asks for. */
export interface MirrorParts {
  readonly protocol: string;
  /** With the account that it asks for, "me:secret@mirror.example.org"; an IPv6 address in brackets. */
  readonly host: string;
  readonly port: number;
  /** With a leading slash and without a trailing one. */
  readonly path: string;
  readonly url: string;
}

export interface InstallSource extends MirrorParts {
  /** Of a mirror of this host, without the state that this installation keeps to: that is pruned some day. Null for others. */
  readonly liveUrl: string | null;
  /** Lines of sources.list(5) for the installed system; none for what is no apt archive of a mirror of this host. */
  readonly sources: readonly string[];
  /** Where its security updates are, in the state that this installation keeps to. Null for others, and where it has none. */
  readonly securityUrl: string | null;
  /** Of `updates`, `backports` and `security`, those that it does not have; none for others. */
  readonly lackingSuites: readonly string[];
  /** It is a mirror of Debian without `non-free-firmware`. */
  readonly lacksFirmware: boolean;
}

/** What templates may use; docs/templates.md is the table for operators. */
export interface AnswerVariables {
  readonly machine: Readonly<Record<'name' | 'hostName' | 'fqdn' | 'mac', string>> &
    Readonly<Record<'domain' | 'address' | 'uuid', string | null>>;
  readonly network: {
    readonly name: string;
    readonly address: string;
    readonly netmask: string;
    readonly prefix: number;
    readonly router: string | null;
    readonly dns: readonly string[];
    readonly ntp: readonly string[];
  };
  /** Null: the installed system asks DHCP. */
  readonly static: StaticAddress | null;
  readonly user: string;
  readonly sshKeys: readonly string[];
  readonly rootPasswordHash: string | null;
  readonly timezone: string;
  readonly locale: string;
  readonly keymap: string;
  readonly profile: Readonly<Record<'name' | 'os' | 'family' | 'arguments' | 'installedArguments', string>> & {
    readonly source: string | null;
  };
  readonly mirror: InstallSource | null;
  readonly urls: Readonly<Record<'report' | 'answer' | 'base', string>>;
  /** Shell commands that find the disk of `vars.disk`; see renderDiskScript. */
  readonly disk: { readonly script: string };
  /** Shell commands that find the machine's network cards, and that pin their names; see nic.ts. */
  readonly nic: { readonly script: string; readonly pinScript: string };
  /** `vars.packages` as a list. */
  readonly packages: readonly string[];
  readonly vars: Readonly<Record<string, unknown>>;
}

/** Renders a machine's answer file from its profile's template. */
export function renderAnswer(templates: Templates, input: AnswerInput): RenderedTemplate {
  const fixed = planStaticAddress(input.machine, input.network);
  const problem = fixed && 'problem' in fixed ? fixed.problem : varsProblem(input.machine.vars);
  if (problem === undefined) return templates.render(input.profile.answerFile, answerVariables(input));
  return { kind: 'problem', problem: { file: `machine ${input.machine.name}`, line: 1, column: 1, message: problem } };
}

/** What is wrong with the values that have a meaning of their own; the operator's others are theirs. */
function varsProblem(vars: Machine['vars']): string | undefined {
  const disk = parseDiskWish(vars.disk);
  if ('problem' in disk) return disk.problem;
  const bad = packageList(vars.packages).find((name) => !PACKAGE.test(name));
  return bad === undefined ? undefined : `vars.packages: ${JSON.stringify(bad)} is no name of a package`;
}

/** Names of packages, with a version or architecture; of groups (`@core`, `@^minimal-environment`); and with `-` before, of what is left out. */
const PACKAGE = /^-?[@A-Za-z0-9][A-Za-z0-9@^+.:=~_*-]*$/;

/** `vars.packages` may be a list, or words in one text. */
function packageList(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return value === undefined || value === null ? [] : splitSpaces(String(value));
}

function splitSpaces(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** The variables of a template. What is not set is null, so that `if` and `default` see it and a slip in a name is still caught. */
export function answerVariables(input: AnswerInput): AnswerVariables {
  const { machine, profile, network, defaults } = input;
  const host = formatIpv4(network.address);
  const domain = machine.domain ?? defaults.domain ?? network.domain ?? null;
  const urlInput = { ...input, host };
  const disk = parseDiskWish(machine.vars.disk);
  const fixed = planStaticAddress(machine, network);
  return {
    machine: {
      name: machine.name,
      hostName: machine.hostName,
      domain,
      fqdn: domain === null ? machine.hostName : `${machine.hostName}.${domain}`,
      mac: input.mac,
      address: input.address === undefined ? null : formatIpv4(input.address),
      uuid: machine.uuid ?? null,
    },
    network: {
      name: network.name,
      address: host,
      netmask: formatIpv4(netmask(network.subnet)),
      prefix: network.subnet.prefix,
      router: network.router === undefined ? null : formatIpv4(network.router),
      dns: network.dns.map(formatIpv4),
      ntp: network.ntp.map(formatIpv4),
    },
    static: fixed === undefined || 'problem' in fixed ? null : fixed,
    user: defaults.user,
    sshKeys: defaults.sshKeys,
    rootPasswordHash: defaults.rootPasswordHash ?? null,
    timezone: defaults.timezone,
    locale: defaults.locale,
    keymap: defaults.keymap,
    profile: {
      name: profile.name,
      os: profile.os,
      family: profile.family,
      arguments: profile.arguments,
      installedArguments: installedArguments(profile),
      source: profile.source ?? null,
    },
    mirror: installSource(profile, httpBase(host, input.httpPort), input.snapshot),
    urls: { report: reportUrl(urlInput), answer: answerUrl(urlInput), base: httpBase(host, input.httpPort) },
    disk: { script: renderDiskScript('problem' in disk ? {} : disk) },
    nic: {
      script: renderNicScript([input.mac, ...machine.macs.filter((mac) => mac !== input.mac)]),
      pinScript: PIN_SCRIPT,
    },
    packages: packageList(machine.vars.packages),
    vars: machine.vars,
  };
}

/** Without what names this installation's URLs: they mean nothing to the installed system. */
function installedArguments({ arguments: text }: Profile): string {
  const words = splitArguments(text.replace(/[^\s]*\{\{[^{}]*\}\}[^\s]*/g, '')).both;
  return words.map(kernelQuote).join(' ');
}

function installSource(profile: Profile, ownBase: string, snapshot: string | undefined): InstallSource | null {
  const parts = mirrorParts(archiveOf(profile, ownBase, snapshot));
  if (parts === null) return null;
  const mirror = mirrorOf(profile);
  if (mirror === undefined) {
    const unknown = { sources: [], securityUrl: null, lackingSuites: [], lacksFirmware: false };
    return { ...parts, liveUrl: null, ...unknown };
  }
  const { aptSuites = [], name, source } = profile;
  const rootOf = (state: string | undefined) => sourceUrl({ name, source }, ownBase, state) ?? '';
  return {
    ...parts,
    liveUrl: archiveOf(profile, ownBase, undefined) ?? null,
    sources: aptSuites.map((suite) => sourceLine(suite, rootOf(undefined))),
    securityUrl: securityUrl(aptSuites, rootOf(snapshot)),
    lackingSuites: lackingSuites(aptSuites),
    lacksFirmware: profile.lacksFirmware === true,
  };
}

/** The folder or mirror of an Ubuntu profile may be its ISO, which is no archive to install packages from. */
function archiveOf(profile: Profile, ownBase: string, snapshot: string | undefined): string | undefined {
  const isIso = profile.isMedium || (profile.family === 'ubuntu' && profile.source?.startsWith('/'));
  return isIso ? undefined : sourceUrl(profile, ownBase, snapshot);
}

/** Splits the URL of a package archive or install tree. Null for anything that is no HTTP URL. */
export function mirrorParts(url: string | undefined): MirrorParts | null {
  const match = /^(https?):\/\/((?:[^/@]*@)?(?:\[[^/\]]+\]|[^/:@]+))(?::([0-9]{1,5}))?(\/.*)?$/.exec(url ?? '');
  const [, protocol, host, port, path = ''] = match ?? [];
  if (protocol === undefined || host === undefined) return null;
  const standard = protocol === 'https' ? 443 : 80;
  const number = port === undefined ? standard : Number(port);
  const trimmed = path.replace(/\/+$/, '');
  const authority = number === standard ? host : `${host}:${number}`;
  return { protocol, host, port: number, path: trimmed, url: `${protocol}://${authority}${trimmed}` };
}
