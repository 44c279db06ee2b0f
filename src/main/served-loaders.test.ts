import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loaders } from '../../test/boot-values.ts';
import { network } from '../../test/support/dhcp.ts';
import type { LoaderCatalog } from '../boot/loaders.ts';
import type { Settings } from '../config/settings.ts';
import type { Network } from '../lease/network.ts';
import { ipv4 } from '../net/ipv4.ts';
import { ProvisionError } from '../net/provision-error.ts';
import { openServedLoaders } from './served-loaders.ts';

type Parts = Parameters<typeof network>[0];
const settings = (...networks: readonly Parts[]) =>
  ({ networks: networks.map(network) as readonly Network[] }) as unknown as Settings;
const at = (address: string, more: Parts = {}): Parts => ({ name: address, address: ipv4(address), ...more });

function openWith(first: Settings, open?: (servers: readonly string[]) => Promise<LoaderCatalog>) {
  const asked: string[] = [];
  const told: string[] = [];
  const archive = { state: '' };
  const made = async (servers: readonly string[]): Promise<LoaderCatalog> => {
    asked.push(servers.join(' '));
    return open ? open(servers) : { ...loaders, filesFrom: new Map(servers.map((server) => [server, new Map()])) };
  };
  const emit = (id: string, _subject: unknown, data: object) => void told.push(`${id} ${JSON.stringify(data)}`);
  const importedState = () => archive.state;
  return { asked, told, archive, served: openServedLoaders({ open: made, importedState, settings: first, emit }) };
}

test('images are made for each address that machines load from, once', async () => {
  const { asked, served } = openWith(
    settings(
      at('10.1.0.2'),
      at('10.1.0.2', { name: 'relayed', interface: undefined }),
      at('10.9.0.2', { dhcp: { mode: 'observe' } }),
      at('10.0.0.2', { dhcp: { mode: 'off' } }),
    ),
  );
  const { catalog } = await served;
  assert.deepEqual(asked, ['10.0.0.2 10.1.0.2']);
  assert.deepEqual([...catalog().filesFrom.keys()], ['10.0.0.2', '10.1.0.2']);
});

test('a changed address has its images before its configuration is in force; a change of something else makes none', async () => {
  const { asked, served } = openWith(settings(at('10.1.0.2')));
  const { catalog, use } = await served;
  await use(settings(at('10.1.0.2', { name: 'renamed' })));
  assert.equal(asked.length, 1);
  await use(settings(at('10.2.0.2')));
  assert.deepEqual([...catalog().filesFrom.keys()], ['10.2.0.2']);
});

test('loaders that an archive has brought are sent after the next reload', async () => {
  const { asked, archive, served } = openWith(settings(at('10.1.0.2')));
  const { use } = await served;
  archive.state = 'another';
  await use(settings(at('10.1.0.2')));
  await use(settings(at('10.1.0.2')));
  assert.deepEqual(asked, ['10.1.0.2', '10.1.0.2']);
});

test('where images for a changed address cannot be written, that is told and the old ones stay', async () => {
  let isBroken = false;
  const { told, served } = openWith(settings(at('10.1.0.2')), async () => {
    if (isBroken) throw new ProvisionError('store-failed', 'Cannot write the boot loader cache: disk full');
    return loaders;
  });
  const { catalog, use } = await served;
  isBroken = true;
  await use(settings(at('10.2.0.2')));
  assert.equal(catalog(), loaders);
  assert.match(told.join('\n'), /^server\.limited .*GRUB images for a changed address.*disk full/);
});
