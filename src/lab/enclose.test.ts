import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enclosurePrefix, isEnclosed, systemPath, tapProblem } from './enclose.ts';

test('enclosurePrefix() makes a user namespace for an ordinary user only', () => {
  assert.equal(enclosurePrefix('root').includes('--user'), false);
  assert.deepEqual(enclosurePrefix('user').slice(0, 6), [
    'setpriv',
    '--pdeathsig',
    'KILL',
    'unshare',
    '--user',
    '--map-root-user',
  ]);
});

test('systemPath() adds the system folders once', () => {
  assert.equal(systemPath('/usr/bin:/bin'), '/usr/bin:/bin:/usr/sbin:/sbin');
  assert.equal(systemPath(systemPath('')), systemPath(''));
});

test('enclosurePrefix() leaves the network out where a real one is to be met', () => {
  assert.equal(enclosurePrefix('root').includes('--net'), true);
  const host = enclosurePrefix('root', 'host');
  assert.equal(host.includes('--net'), false);
  assert.equal(host.includes('--mount'), true);
});

test('isEnclosed() needs the mark of the enclosure', () => {
  assert.equal(isEnclosed({}), false);
  assert.equal(isEnclosed({ RACKREADY_ENCLOSED: '1' }), true);
  assert.equal(isEnclosed({ RACKREADY_ENCLOSED: 'host' }), false, 'a rack needs a network of its own');
  assert.equal(isEnclosed({ RACKREADY_ENCLOSED: 'host' }, 'host'), true);
});

test('tapProblem() says what to do', () => {
  assert.match(tapProblem('/dev/net/no-such-device') ?? '', /modprobe tun/);
  assert.equal(tapProblem('/dev/null'), undefined);
});
