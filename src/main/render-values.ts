import type { AnswerInput, AnswerVariables } from '../boot/answer.ts';
import { expandArguments, splitWords } from '../boot/kernel-line.ts';
import type { Path } from '../config/problem.ts';
import type { RenderedInstallation, RenderedValue } from '../http/api/render-view.ts';
import { formatIpv4 } from '../net/ipv4.ts';
import type { Origins } from './render-origin.ts';

type Variables = AnswerVariables;

/** Every value that a template is given, as one line each, with its origin. */
export function answerValues(variables: Variables, input: AnswerInput, origins: Origins): RenderedValue[] {
  return Object.entries(variables).flatMap(([name, value]) => flatten(name, value, input, origins));
}

/** The words of the kernel line, with what each is made of. */
export function describeWords(
  words: readonly string[],
  input: AnswerInput,
  origins: Origins,
): RenderedInstallation['words'] {
  const { machine, profile, network } = input;
  const builtIn = `built-in description ${profile.os}`;
  const host = formatIpv4(network.address);
  const written = new Set(splitWords(expandArguments({ ...input, host })));
  return words.map((value) => {
    const name = /^([\w.-]+)=/.exec(value)?.[1] ?? value;
    const own = (key: string) => ['machines', machine.name, key];
    if (value !== '---' && written.has(value)) {
      return { value, origin: origins.of([['profiles', profile.name, 'arguments']], builtIn) };
    }
    if (value.includes(`/answer/${input.token}`)) {
      return {
        value,
        origin: `${origins.of([['networks', network.name, 'address']], 'the network')}, token of the grant`,
      };
    }
    const paths: Readonly<Record<string, readonly Path[]>> = {
      hostname: [own('hostName'), ['machines', machine.name]],
      domain: [own('domain'), ['defaults', 'domain']],
      BOOTIF: [own('mac'), [...own('macs'), 0]],
    };
    return { value, origin: origins.of(Object.hasOwn(paths, name) ? (paths[name] ?? []) : [], builtIn) };
  });
}

function flatten(name: string, value: unknown, input: AnswerInput, origins: Origins): RenderedValue[] {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    const entries = Object.entries(value);
    return entries.flatMap(([key, inner]) => flatten(`${name}.${key}`, inner, input, origins));
  }
  return [{ name, value: showValue(value), origin: originOf(name, input, origins) }];
}

/** What is said of a value whose places are all empty. */
const UNWRITTEN: Readonly<Record<string, string>> = {
  'machine.address': 'lease, or the next free one',
  static: 'built-in default: by DHCP',
};

function showValue(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(showValue).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Follows answerVariables(): each name's places in the order in which they are looked at. */
function originOf(name: string, { machine, profile, network }: AnswerInput, origins: Origins): string {
  const own = (key: string): Path => ['machines', machine.name, key];
  const net = (key: string): Path => ['networks', network.name, key];
  const of = (key: string): Path => ['profiles', profile.name, key];
  const [section = '', ...rest] = name.split('.');
  const key = rest.join('.');
  if (section === 'vars' || section === 'packages' || section === 'disk') {
    const wanted = section === 'vars' ? rest : [section];
    const paths: Path[] = [
      ['machines', machine.name, 'vars', ...wanted],
      ['defaults', 'vars', ...wanted],
    ];
    return origins.of(paths, 'built-in default');
  }
  const paths: Readonly<Record<string, readonly Path[]>> = {
    'machine.name': [['machines', machine.name]],
    'machine.hostName': [own('hostName'), ['machines', machine.name]],
    'machine.domain': [own('domain'), ['defaults', 'domain'], net('domain')],
    'machine.fqdn': [own('hostName'), ['machines', machine.name]],
    'machine.mac': [own('mac'), [...own('macs'), 0]],
    'machine.address': [own('address')],
    'machine.uuid': [own('uuid')],
    'network.name': [['networks', network.name]],
    'network.address': [net('address')],
    'network.netmask': [net('subnet')],
    'network.prefix': [net('subnet')],
    'network.router': [net('router')],
    'network.dns': [net('dns'), ['defaults', 'dns'], net('router'), net('address')],
    'network.ntp': [net('ntp'), ['defaults', 'ntp']],
    'profile.name': [['profiles', profile.name]],
    static: [own('addressing'), ['defaults', 'addressing']],
    'static.address': [own('address')],
    'static.netmask': [net('subnet')],
    'static.prefix': [net('subnet')],
    'static.router': [net('router')],
    'static.dns': [net('dns'), ['defaults', 'dns'], net('router'), net('address')],
    'static.mtu': [net('mtu')],
    'nic.script': [own('mac'), own('macs')],
  };
  const known = paths[name];
  if (known) return origins.of(known, UNWRITTEN[name] ?? 'not set');
  if (section === 'profile')
    return origins.of([of(key === 'installedArguments' ? 'arguments' : key)], `built-in description ${profile.os}`);
  if (section === 'mirror') return origins.of([of('source')], 'not set');
  if (section === 'urls') return `${origins.of([net('address')], 'the network')}, token of the grant`;
  return origins.of([['defaults', name]], 'built-in default');
}
