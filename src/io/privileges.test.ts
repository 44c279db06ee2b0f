import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilityMask } from './native/capabilities.ts';
import { errnoName } from './native/native.ts';
import { isMapped, parseAccount } from './privileges.ts';

test('parseAccount() finds the whole name only, and no account without numbers', () => {
  const passwd = 'root:x:0:0:root:/root:/bin/sh\nrackready:x:998:997::/nonexistent:/usr/sbin/nologin\nbad:x:a:1::/:/\n';
  assert.deepEqual(parseAccount(passwd, 'rackready'), { name: 'rackready', uid: 998, gid: 997 });
  assert.equal(parseAccount(passwd, 'rack'), undefined);
  assert.equal(parseAccount(passwd, 'bad'), undefined);
});

test('isMapped() reads ranges of a user namespace', () => {
  assert.equal(isMapped('         0          0 4294967295\n', 998), true);
  assert.equal(isMapped('         0       1000          1\n', 998), false);
  assert.equal(isMapped('0 1000 1\n1 100000 65536\n', 998), true);
  assert.equal(isMapped('0 1000 1\n1 100000 997\n', 998), false);
});

test('capabilityMask() sets the bits of /proc/self/status', () => {
  assert.equal(capabilityMask(['CAP_NET_BIND_SERVICE', 'CAP_NET_ADMIN', 'CAP_NET_RAW']).toString(16), '3400');
});

test('errnoName() names what we test for', () => {
  assert.deepEqual([98, 19, 11, 1].map(errnoName), ['EADDRINUSE', 'ENODEV', 'EAGAIN', 'EPERM']);
  assert.equal(errnoName(4_000), 'errno 4000');
});
