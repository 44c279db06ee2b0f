import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../needs.ts';
import { runUdhcpc } from '../support/dhcp-clients.ts';
import { openSegment, runProgram } from '../support/segment.ts';
import { newFolder, startServer } from '../support/server.ts';

const BASE = 'http://172.22.10.2';
const SHIPPED = new URL('../../templates/answer/debian.preseed.liquid', import.meta.url);

test('a template with an unknown variable is an error when it is saved, and the one in force stays', async (t) => {
  if (!needs(t, 'ip', 'udhcpc', 'curl')) return;
  const rack = await openSegment(t);
  const folder = newFolder('templates');
  chmodSync(folder, 0o755);
  const template = join(folder, 'mine.liquid');
  const shipped = readFileSync(SHIPPED, 'utf8');
  writeFileSync(template, shipped);
  const machine = (name: string, last: number) =>
    `  ${name}: { mac: "00:25:90:96:c4:0${last}", address: 172.22.10.5${last}, profile: debian }\n`;
  const yaml = `
networks:
  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false } }
profiles:
  debian: { os: debian-13, source: "${BASE}/debian", install: once, answerFile: ${template} }
machines:
${machine('sm1', 1)}${machine('sm2', 2)}${machine('sm3', 3)}`;
  const server = await startServer(t, { yaml });
  const answerOf = async (last: number) => {
    const client = await rack.addClient(`sm${last}`, { mac: `00:25:90:96:c4:0${last}` });
    await runUdhcpc(client);
    const curl = async (url: string) => (await runProgram([...client.prefix, 'curl', '-s', url])).text;
    return curl(/url=(\S+)/.exec(await curl(`${BASE}/ipxe/boot.ipxe`))?.[1] ?? '');
  };
  const refused = server.nextEvent('config.refused');
  writeFileSync(template, shipped.replace('{{ timezone }}', '{{ timezoen }}'));
  const { text } = await refused;
  assert.match(
    text,
    /the old one stays: .*machines\.sm1: cannot be rendered: .*mine\.liquid:\d+:\d+: undefined variable: timezoen \(also sm2, sm3\)/,
  );
  assert.match(await answerOf(1), /^d-i time\/zone string UTC$/m);

  const loaded = server.nextEvent('config.loaded');
  writeFileSync(template, shipped.replace('{{ timezone }}', 'Europe/Berlin'));
  await loaded;
  assert.match(await answerOf(2), /^d-i time\/zone string Europe\/Berlin$/m);

  const unaccepted = server.nextEvent('config.refused');
  writeFileSync(template, shipped.replace('d-i time/zone string', 'd-i time/zone strnig'));
  assert.match((await unaccepted).text, /mine\.liquid:\d+:\d+: time\/zone has the unknown type "strnig"/);
  assert.match(await answerOf(3), /^d-i time\/zone string Europe\/Berlin$/m);
});
