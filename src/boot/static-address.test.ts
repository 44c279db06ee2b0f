import assert from 'node:assert/strict';
import { test } from 'node:test';
import { machine, network } from '../../test/boot-values.ts';
import { ipv4 } from '../net/ipv4.ts';
import { planStaticAddress } from './static-address.ts';

const fixed = machine({ addressing: 'static' });

test('planStaticAddress() says all that the installed system needs of the network', () => {
  assert.equal(planStaticAddress(machine(), network), undefined);
  assert.deepEqual(planStaticAddress(fixed, network), {
    address: '172.22.10.55',
    netmask: '255.255.255.0',
    prefix: 24,
    router: '172.22.10.1',
    dns: ['172.22.10.1'],
    mtu: null,
  });
  assert.deepEqual(planStaticAddress(fixed, { ...network, router: undefined, dns: [], mtu: 9000 }), {
    address: '172.22.10.55',
    netmask: '255.255.255.0',
    prefix: 24,
    router: null,
    dns: [],
    mtu: 9000,
  });
});

test('planStaticAddress() refuses an address of another network than the one that is installed over', () => {
  const elsewhere = planStaticAddress({ ...fixed, address: ipv4('10.0.0.5') }, network);
  assert.deepEqual(elsewhere, {
    problem:
      'addressing is static, and 10.0.0.5 is not in network management (172.22.10.0/24), over which it is installed',
  });
  assert.deepEqual(planStaticAddress({ addressing: 'static', address: undefined }, network), {
    problem: 'addressing is static, and the machine has no address',
  });
});
