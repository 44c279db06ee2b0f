import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOwnHost } from './own-host.ts';

test('addresses of this host and of its link are known in every notation', () => {
  const hostOf = (host: string) => new URL(`http://${host}:8080/`).hostname;
  const own = [
    'localhost',
    'LocalHost.',
    'x.localhost',
    '127.0.0.1',
    '127.9.9.9',
    '0x7f.1',
    '2130706433',
    '0.0.0.0',
    '0',
  ];
  const more = [
    '169.254.169.254',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:169.254.1.1]',
    '[::ffff:0.0.0.0]',
    '[fe80::1]',
  ];
  for (const host of [...own, ...more]) assert.ok(isOwnHost(hostOf(host)), host);
  const others = [
    'example.org',
    'localhost.example.org',
    '10.0.0.1',
    '192.168.1.1',
    '128.0.0.1',
    '[2001:db8::1]',
    '[fd00::1]',
  ];
  for (const host of [...others, '[::ffff:192.0.2.1]', '[::ffff:128.1.1.1]']) assert.ok(!isOwnHost(hostOf(host)), host);
});
