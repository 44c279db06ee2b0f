import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkYaml, fixtureFiles, importDone, importFixtures, type Kind } from '../../test/support/import.ts';
import { formatProblem } from '../config/problem.ts';
import { createAccount, formatSourceProblem } from './account.ts';
import { readStatements, type Statement } from './dhcpd/statements.ts';
import { readLines } from './dnsmasq/lines.ts';

/** UPDATE_GOLDEN=1 writes the files anew; the difference is then reviewed in git. */
function assertGolden(name: string, text: string): void {
  const file = `${importFixtures}${name}`;
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, text);
  assert.equal(text, readFileSync(file, 'utf8'), name);
}

const files = fixtureFiles();
const sources = [
  { name: 'office.dhcpd.conf', kind: 'dhcpd.conf', host: 'eth0 10.30.0.5' },
  { name: 'pxe.dhcpd.conf', kind: 'dhcpd.conf', host: '' },
  { name: 'failover.dhcpd.conf', kind: 'dhcpd.conf', host: '' },
  { name: 'homelab.dnsmasq.conf', kind: 'dnsmasq.conf', host: 'lan0 192.168.7.2' },
  { name: 'campus.dnsmasq.conf', kind: 'dnsmasq.conf', host: 'eth0 10.3.0.2 eth1 10.3.4.2' },
] as const;

for (const { name, kind, host } of sources) {
  test(`the import of ${name} is what was reviewed, and the check says what is left to do`, () => {
    const { yaml, problems } = importDone(kind, files[name] ?? '', { name, host, files });
    assert.deepEqual(problems.map(formatSourceProblem), []);
    assertGolden(`${name}.want.yaml`, yaml);
    const checked = checkYaml(yaml);
    const left = checked.kind === 'settings' ? checked.warnings : checked.problems;
    assertGolden(`${name}.want.txt`, left.map((problem) => `${formatProblem(problem)}\n`).join(''));
  });
}

for (const name of ['broken.dhcpd.conf', 'broken.dnsmasq.conf']) {
  test(`mistakes in ${name} are told at their places, and the rest is imported`, () => {
    const kind: Kind = name.endsWith('dhcpd.conf') ? 'dhcpd.conf' : 'dnsmasq.conf';
    const { yaml, problems } = importDone(kind, files[name] ?? '', { name, files });
    assertGolden(`${name}.want.yaml`, yaml);
    assertGolden(`${name}.want.txt`, problems.map((problem) => `${formatSourceProblem(problem)}\n`).join(''));
  });
}

/** The text with each of its statements blanked out in turn. Lines stay where they are. */
function withoutEach(kind: Kind, text: string): readonly { readonly statement: string; readonly text: string }[] {
  return kind === 'dnsmasq.conf' ? withoutLines(text) : withoutStatements(text);
}

function withoutLines(text: string) {
  const lines = text.split('\n');
  return readLines(text, 'x', createAccount()).map(({ place, text: statement }) => ({
    statement,
    text: lines.map((line, index) => (index === place.line - 1 ? '' : line)).join('\n'),
  }));
}

function withoutStatements(text: string) {
  const leaves = (statement: Statement): readonly Statement[] => statement.block?.flatMap(leaves) ?? [statement];
  return readStatements(text, 'x', createAccount())
    .flatMap(leaves)
    .map(({ words, text: statement }) => {
      const from = words[0]?.from ?? 0;
      const to = text.indexOf(';', words.at(-1)?.to ?? 0) + 1;
      return { statement, text: text.slice(0, from) + text.slice(from, to).replaceAll(/[^\n]/g, ' ') + text.slice(to) };
    });
}

/** Statements that say what is so without them, too; and what is in a key, of which nothing is shown. */
const needless: ReadonlySet<string> = new Set([
  ...['default-lease-time 43200;', 'option subnet-mask 255.255.255.0;', 'option broadcast-address 10.20.0.255;'],
  ...['algorithm hmac-md5;', 'secret …;'],
  ...['allow booting;', 'allow bootp;', 'allow unknown-clients;', 'not authoritative;'],
]);

for (const { name, kind } of sources) {
  test(`nothing of ${name} is dropped without a word: without any one statement, the result differs`, () => {
    const whole = importDone(kind, files[name] ?? '', { name, files }).yaml;
    const parts = Object.keys(files).filter((one) => one === name || whole.includes(`${one}:`));
    const dropped: string[] = [];
    let count = 0;
    for (const part of parts) {
      for (const { statement, text } of withoutEach(kind, files[part] ?? '')) {
        const changed = { ...files, [part]: text };
        const { yaml } = importDone(kind, changed[name] ?? '', { name, files: changed });
        if (yaml === whole && !needless.has(statement)) dropped.push(`${part}: ${statement}`);
        count++;
      }
    }
    assert.deepEqual(dropped, []);
    assert.ok(count > 30, `${count} statements`);
  });
}
