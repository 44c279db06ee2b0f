import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ParseResult, parseSettings } from '../../src/config/parse.ts';
import { readYaml } from '../../src/config/yaml-source.ts';
import { importDhcpd } from '../../src/import/dhcpd/import-dhcpd.ts';
import { importDnsmasq } from '../../src/import/dnsmasq/import-dnsmasq.ts';
import type { Imported } from '../../src/import/finish-import.ts';
import type { ServingHost } from '../../src/import/places.ts';
import { ipv4 } from '../../src/net/ipv4.ts';

/** Imports for tests: files come from a map, or from test/fixtures/import. */

export type Kind = 'dhcpd.conf' | 'dnsmasq.conf';
export type Done = Extract<Imported, { kind: 'imported' }>;

export const importFixtures = fileURLToPath(new URL('../fixtures/import/', import.meta.url));

/** The files of test/fixtures/import that a source may name, by the name that it uses. */
export function fixtureFiles(): Readonly<Record<string, string>> {
  const names = readdirSync(importFixtures, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(importFixtures.length).replace(/^\//, ''));
  return Object.fromEntries(names.map((name) => [name, readFileSync(`${importFixtures}${name}`, 'utf8')]));
}

/** "br0 172.22.10.2 eth1 10.0.0.1/24": interfaces and addresses, in their order. */
export function hostOf(words: string): ServingHost {
  const all = words.split(' ').filter(Boolean);
  const isAddress = (word: string) => /^[0-9]/.test(word);
  return {
    interfaces: all.filter((word) => !isAddress(word)),
    addresses: all.filter(isAddress).map((word) => {
      const [address = '', prefix] = word.split('/');
      return { address: ipv4(address), prefix: prefix === undefined ? undefined : Number(prefix) };
    }),
  };
}

export interface ImportParts {
  readonly host?: string;
  readonly name?: string;
  /** Files that the source may name. */
  readonly files?: Readonly<Record<string, string>>;
}

export function importText(
  kind: Kind,
  text: string,
  { host = '', name = kind, files = {} }: ImportParts = {},
): Imported {
  const read = (path: string) => {
    const found = files[path];
    return found === undefined ? { problem: 'it does not exist' } : { name: path, text: found };
  };
  const list = (path: string) => {
    const names = Object.keys(files).filter(
      (one) => one.startsWith(`${path}/`) && !one.slice(path.length + 1).includes('/'),
    );
    return names.length > 0 ? names.toSorted() : { problem: 'it does not exist' };
  };
  const top = { name, text };
  return kind === 'dhcpd.conf'
    ? importDhcpd(top, read, hostOf(host))
    : importDnsmasq(top, { read, list }, hostOf(host));
}

/** The import of a text that fits the host. */
export function importDone(kind: Kind, text: string, parts: ImportParts = {}): Done {
  const imported = importText(kind, text, parts);
  if (imported.kind === 'refused') throw new Error(imported.reason);
  return imported;
}

/** The values of the result as plain data. */
export function valuesOf(yaml: string): Record<string, unknown> {
  const { data, problems } = readYaml({ name: 'rackready.yaml', folder: '/', text: yaml });
  if (data === undefined || problems.length > 0) throw new Error(`${JSON.stringify(problems)}\n${yaml}`);
  return data;
}

/** The comments of the result, without their signs and line breaks. */
export function commentsOf(yaml: string): string {
  return yaml
    .split('\n')
    .flatMap((line) => /(?:^|\s)#\s?(.*)$/.exec(line)?.[1]?.trim() ?? [])
    .join(' ');
}

export function checkYaml(yaml: string): ParseResult {
  return parseSettings([{ name: 'rackready.yaml', folder: '/', text: yaml }], { productFolder: '/' });
}
