import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipv4 } from '../../net/ipv4.ts';
import { archOfModel, parseBlessTarget } from './order.ts';

const server = ipv4('172.22.10.2');
const targets: readonly (readonly [text: string, target: object | undefined])[] = [
  ['bsdp://255.255.255.255', { kind: 'bsdp' }],
  ['bsdp://172.22.10.2', { kind: 'bsdp', server }],
  ['bsdp://en0@172.22.10.2', { kind: 'bsdp', server }],
  ['tftp://172.22.10.2/mac/x86_64.efi', { kind: 'tftp', server, file: 'mac/x86_64.efi' }],
  ['tftp://172.22.10.2/', undefined],
  ['tftp://172.22.10.2', undefined],
  ['bsdp://172.22.10.2/file', undefined],
  ['bsdp://deploy', undefined],
  ['http://172.22.10.2/x', undefined],
  ['172.22.10.2', undefined],
];
for (const [text, target] of targets) {
  test(`parseBlessTarget(${text})`, () => assert.deepEqual(parseBlessTarget(text), target));
}

test('archOfModel(): every Intel Mac is an i386, also with a T2', () => {
  const rows = ['Macmini6,2', 'Macmini8,1', 'iMac5,1', 'Mac14,3', 'PowerMac3,1'].map(archOfModel);
  assert.deepEqual(rows, ['i386', 'i386', 'i386', 'arm', 'ppc']);
});
