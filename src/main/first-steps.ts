import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type FirstNetwork, firstConfiguration } from '../config/first-configuration.ts';
import { checkSources, defaultPaths } from '../config/load.ts';
import { operatingSystems } from '../config/operating-systems.ts';
import { formatProblem } from '../config/problem.ts';
import type { FirstSteps } from '../http/api/config-ports.ts';
import { listInterfaces, type NetworkInterface } from '../io/interfaces.ts';
import { formatIpv4 } from '../net/ipv4.ts';
import { observeEverything } from './observe.ts';

export interface FirstStepsOptions {
  /** Only this one; undefined: every interface that could be served. */
  readonly interfaceName?: string | undefined;
  /** DHCP servers that were heard, by interface. */
  readonly otherServers: ReadonlyMap<string, readonly string[]>;
  readonly sshKeys?: readonly string[] | undefined;
}

/** What this host has, and a configuration to begin with. Nothing is written. */
export async function takeFirstSteps(options: FirstStepsOptions): Promise<FirstSteps> {
  const interfaces = (await listInterfaces()).filter(({ isEthernet }) => isEthernet);
  const wanted = interfaces.filter(({ name }) => options.interfaceName === undefined || name === options.interfaceName);
  const networks = observeEverything(wanted).networks.map(({ interface: name = '', subnet, address }): FirstNetwork => {
    return { interface: name, subnet, address, otherServers: options.otherServers.get(name) ?? [] };
  });
  const path = resolve(defaultPaths[0]);
  const proposal = firstConfiguration({ networks, sshKeys: options.sshKeys, os: hostSystem() });
  return { interfaces: interfaces.map(describeInterface), path, proposal, problems: problemsOf(path, proposal) };
}

/** By the same code as `rackready check`: two interfaces in one network, say. */
function problemsOf(name: string, text: string): string[] {
  const checked = checkSources([{ name, text, folder: dirname(name) }]);
  if (checked.kind === 'settings') return [];
  return checked.problems.filter(({ severity }) => severity === 'error').map(formatProblem);
}

function describeInterface(one: NetworkInterface): FirstSteps['interfaces'][number] {
  const addresses = one.addresses.map(({ address, prefix }) => `${formatIpv4(address)}/${prefix}`);
  return { name: one.name, mac: one.mac ?? null, addresses, isUp: one.isUp, hasCarrier: one.hasCarrier };
}

const NEWEST_DEBIAN = 'debian-13';

/** The system of this host, whose installer its own package sources have. */
function hostSystem(): string {
  try {
    const text = readFileSync('/etc/os-release', 'utf8');
    const value = (key: string) => new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
    const name = `${value('ID')}-${value('VERSION_ID')}`;
    return value('ID') === 'debian' && Object.hasOwn(operatingSystems, name) ? name : NEWEST_DEBIAN;
  } catch {
    return NEWEST_DEBIAN;
  }
}
