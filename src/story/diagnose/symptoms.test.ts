import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { catalogue } from '../../event/event.ts';
import { rules } from './rules.ts';
import { renderSymptomPages } from './symptom-pages.ts';
import { sectionOf, symptoms } from './symptoms.ts';

const root = new URL('../../../', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, root), 'utf8');

test('every rule is on exactly one page, and every page has rules', () => {
  assert.deepEqual(symptoms.flatMap((symptom) => symptom.rules).sort(), rules.map(({ id }) => id).sort());
  assert.equal(new Set(rules.map(({ id }) => id)).size, rules.length);
  assert.ok(symptoms.every((symptom) => symptom.rules.length > 0 && symptom.screens.length > 0));
  assert.ok(rules.every(({ id }) => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(id)));
});

test('docs/symptoms is what tools/write-symptoms.ts writes', () => {
  const pages = renderSymptomPages(symptoms, rules);
  const stale = 'stale: run tools/run.sh tools/write-symptoms.ts';
  assert.deepEqual(readdirSync(new URL('docs/symptoms/', root)).sort(), [...pages.keys()].sort(), stale);
  for (const [name, text] of pages) assert.equal(read(`docs/symptoms/${name}`), text, `${name} is ${stale}`);
});

test('the section that a diagnosis names is there', () => {
  for (const { id } of rules) {
    const [page = '', heading = ''] = sectionOf(id).split('#');
    assert.match(read(page), new RegExp(`^## ${heading}$`, 'm'), sectionOf(id));
  }
});

test('operating.md and the README lead to the index', () => {
  assert.match(read('docs/operating.md'), /\(symptoms\/README\.md\)/);
  assert.match(read('README.md'), /\(docs\/symptoms\/README\.md\)/);
});

/** All that the rules say, as they are written. */
const sources = readdirSync(new URL('.', import.meta.url))
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => readFileSync(new URL(name, import.meta.url), 'utf8'))
  .join('\n');

test('commands that a remedy names exist', () => {
  const commands = [...read('docs/commands.md').matchAll(/^## `([a-z ]+)`/gm)].map(([, name = '']) => name);
  const named = [...sources.matchAll(/`rackready ([a-z]+(?: [a-z]+)?)/g)].map(([, words = '']) => words);
  assert.ok(named.length > 10);
  const unknown = named.filter((words) => !commands.includes(words) && !commands.includes(words.split(' ')[0] ?? ''));
  assert.deepEqual(unknown, []);
});

test('keys that a remedy names exist', () => {
  const keys = read('docs/configuration.md');
  const named = [
    'mtu',
    'router',
    'pools',
    'leaseTime',
    'mode',
    'unknownMachines',
    'unknownClients',
    'replies',
    'subnet',
    'address',
    'interface',
    'macs',
    'secureBoot',
    'loader',
    'firmware',
    'kernel',
    'initrd',
    'arguments',
    'source',
    'bootFolder',
    'tftp.ports',
    'tftp.maxBlockSize',
  ];
  for (const key of named) {
    assert.ok(keys.includes(`\`${key}\``) || keys.includes(`## \`${key}\``), `${key} is in docs/configuration.md`);
    assert.ok(sources.includes(key.replace(/^tftp/, 'server.tftp')), `${key} is named by a rule`);
  }
});

test('events that rules look for exist', () => {
  const named = [...sources.matchAll(/'((?:dhcp|tftp|http|boot|answer|install|installer|bsdp)\.[a-z-]+)'/g)];
  assert.ok(named.length > 30);
  const unknown = named.map(([, id = '']) => id).filter((id) => !(id in catalogue));
  assert.deepEqual(unknown, []);
});
