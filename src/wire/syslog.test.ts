import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeSyslog } from './syslog.ts';

const rows: readonly { name: string; line: string; want: ReturnType<typeof decodeSyslog> }[] = [
  {
    name: 'busybox syslogd without a host',
    line: '<30>Nov 23 03:40:01 main-menu[312]: INFO: Menu item',
    want: { severity: 6, program: 'main-menu', text: 'INFO: Menu item' },
  },
  {
    name: 'RFC 3164 with a host',
    line: '<27>Nov  3 03:40:01 sm1 partman: no disk',
    want: { severity: 3, program: 'partman', text: 'no disk' },
  },
  {
    name: 'RFC 5424',
    line: '<165>1 2026-11-23T03:40:01Z sm1 anaconda 77 - - it began',
    want: { severity: 5, program: 'anaconda', text: 'it began' },
  },
  {
    name: 'RFC 5424 with structure',
    line: '<165>1 - - - - - [a b="c"] text',
    want: { severity: 5, program: undefined, text: 'text' },
  },
  {
    name: 'no priority',
    line: 'something happened',
    want: { severity: 5, program: undefined, text: 'something happened' },
  },
  { name: 'a trailing newline', line: '<14>kernel: up\n', want: { severity: 6, program: 'kernel', text: 'up' } },
];
for (const row of rows) {
  test(`decodeSyslog(): ${row.name}`, () => assert.deepEqual(decodeSyslog(Buffer.from(row.line)), row.want));
}

test('decodeSyslog() never throws, and never gives control characters or more than 400 characters', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
      const { text } = decodeSyslog(bytes);
      assert.ok(text.length <= 400 && /^[\x20-\x7e]*$/.test(text));
    }),
  );
});
