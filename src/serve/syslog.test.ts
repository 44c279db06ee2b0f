import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipv4 } from '../net/ipv4.ts';
import { mac } from '../net/mac.ts';
import { createSyslog } from './syslog.ts';

function bench() {
  const told: string[] = [];
  let now = 0;
  const syslog = createSyslog({
    emit: (id, subject, data) => told.push(`${id} ${subject.machine} ${(data as { text?: string }).text}`),
    subjectOf: (address) => (address === ipv4('10.0.0.9') ? {} : { mac: mac('02:00:00:00:00:01'), machine: 'sm1' }),
    now: () => now,
  });
  return { told, syslog, pass: (ms: number) => (now += ms) };
}
const line = (text: string) => Buffer.from(text);

test('a line is told under the machine’s name, an error as an error', () => {
  const { told, syslog } = bench();
  syslog.receive(line('<30>partman: hello'), ipv4('10.0.0.1'), 'rack');
  syslog.receive(line('<27>partman: no disk'), ipv4('10.0.0.1'), 'rack');
  assert.deepEqual(told, ['installer.log sm1 hello', 'installer.error sm1 no disk']);
});

test('nobody’s log is dropped, and a flood is cut off until its time is over', () => {
  const { told, syslog, pass } = bench();
  syslog.receive(line('<30>x: y'), ipv4('10.0.0.9'), 'rack');
  assert.equal(told.length, 0);
  for (let count = 0; count < 1000; count++) syslog.receive(line('<30>x: y'), ipv4('10.0.0.1'), 'rack');
  assert.equal(told.length, 200);
  pass(10_000);
  syslog.receive(line('<30>x: y'), ipv4('10.0.0.1'), 'rack');
  assert.equal(told.length, 201);
});

test('the token of a grant is not kept with a line that names its URL', () => {
  const { told, syslog } = bench();
  syslog.receive(line('<30>preseed: GET http://10.0.0.2/answer/secret-1/preseed.cfg'), ipv4('10.0.0.1'), 'rack');
  assert.deepEqual(told, ['installer.log sm1 GET http://10.0.0.2/answer/…/preseed.cfg']);
});
