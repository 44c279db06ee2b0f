import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redact } from './redact.ts';

for (const [given, want] of [
  ['url=http://10.0.0.1/answer/kX3-_q9ZkX3/preseed.cfg', 'url=http://10.0.0.1/answer/…/preseed.cfg'],
  ['passwd/root-password-crypted password $6$abc$XYZ./zz rest', 'passwd/root-password-crypted password …'],
  ['usermod -p $6$abc$XYZ./zz x', 'usermod -p … x'],
  ['rootpw=hunter2 lang=de', 'rootpw=… lang=de'],
  ['rootpw hunter2', 'rootpw …'],
  ['rootpw --plaintext hunter2 # note', 'rootpw --plaintext … # note'],
  ['rootpw --lock', 'rootpw --lock'],
  ['user --name=x --password hunter2 --uid=5', 'user --name=x --password … --uid=5'],
  ['d-i passwd/user-password password correct horse', 'd-i passwd/user-password password …'],
  ['Authorization: Bearer abc.def', 'Authorization: Bearer …'],
  ['Authorization: Basic YTpi, next', 'Authorization: Basic …'],
  ['Cookie: rackready_session=abc; theme=dark', 'Cookie: …'],
  ['sets rackready_session=abc, and goes on', 'sets rackready_session=…, and goes on'],
  ['"password": "hunter2", "user": "x"', '"password": "…", "user": "x"'],
  ['mirror http://user:pw@mirror.example/debian', 'mirror http://…@mirror.example/debian'],
  [
    'loads os/debian/linux (8100000 bytes, TFTP, blocks of 1468)',
    'loads os/debian/linux (8100000 bytes, TFTP, blocks of 1468)',
  ],
  [
    'has 172.22.10.61 for 3600 s (selecting, iPXE, bios-x86)',
    'has 172.22.10.61 for 3600 s (selecting, iPXE, bios-x86)',
  ],
] as const) {
  test(`${given} is shown as ${want}`, () => assert.equal(redact(given), want));
}
