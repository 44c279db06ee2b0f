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

test('isEnclosed() needs the mark of the enclosure', () => {
  assert.equal(isEnclosed({}), false);
  assert.equal(isEnclosed({ RACKREADY_ENCLOSED: '1' }), true);
});

test('tapProblem() says what to do', () => {
  assert.match(tapProblem('/dev/net/no-such-device') ?? '', /modprobe tun/);
  assert.equal(tapProblem('/dev/null'), undefined);
});
