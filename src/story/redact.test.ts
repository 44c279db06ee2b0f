import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redact } from './redact.ts';

for (const [given, want] of [
  ['url=http://10.0.0.1/answer/kX3-_q9ZkX3/preseed.cfg', 'url=http://10.0.0.1/answer/…/preseed.cfg'],
  ['passwd/root-password-crypted password $6$abc$XYZ./zz rest', 'passwd/root-password-crypted password … rest'],
  ['rootpw=hunter2 lang=de', 'rootpw=… lang=de'],
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
