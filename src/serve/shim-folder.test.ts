import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRack, requester } from '../../test/boot-rack.ts';
import { machine } from '../../test/boot-values.ts';
import { ipv4 } from '../net/ipv4.ts';
import { createShimFolders } from './shim-folder.ts';

const SM1 = machine();
const ADDRESS = '172.22.10.55';
const folder = Object.fromEntries(
  ['efi/deb/shimx64.efi', 'efi/deb/grubx64.efi', 'efi/bare/shimx64.efi'].map((name) => [
    name,
    { kind: 'file', path: `/srv/boot/${name}` } as const,
  ]),
);

test('shim that asks for GRUB in the root gets it from its own folder, and that is told', () => {
  const rack = createRack({ folder, leases: { [ADDRESS]: SM1.macs[0] ?? assert.fail() } });
  const ask = (name: string) => rack.files.resolve(name, requester(ADDRESS));
  ask('efi/deb/shimx64.efi');
  assert.deepEqual(ask('/grubx64.efi'), { kind: 'file', name: 'grubx64.efi', path: '/srv/boot/efi/deb/grubx64.efi' });
  assert.deepEqual(
    rack.events.filter(({ id }) => id === 'boot.alias').map(({ data, subject }) => ({ ...data, ...subject })),
    [
      {
        asked: 'grubx64.efi',
        given: 'efi/deb/grubx64.efi',
        mac: SM1.macs[0],
        machine: 'sm1',
        network: 'management',
        address: ADDRESS,
      },
    ],
  );
});

test('without a GRUB beside that shim it gets ours, and another machine’s shim does not matter', () => {
  const rack = createRack({ folder });
  const ours = '/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed';
  rack.files.resolve('efi/bare/shimx64.efi', requester(ADDRESS));
  rack.files.resolve('efi/deb/shimx64.efi', requester('172.22.10.56'));
  const given = rack.files.resolve('grubx64.efi', requester(ADDRESS));
  assert.deepEqual(given, { kind: 'file', name: 'grubx64.efi', path: ours });
});

test('only so many machines are remembered', () => {
  const shims = createShimFolders();
  for (let index = 0; index <= 4096; index++) shims.note(ipv4(`10.0.${index >> 8}.${index & 255}`), 'a/shimx64.efi');
  assert.deepEqual([shims.of(ipv4('10.0.0.0')), shims.of(ipv4('10.0.0.1'))], [undefined, 'a/']);
});
