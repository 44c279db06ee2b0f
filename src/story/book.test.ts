import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CARD, createTale, lease, START } from '../../test/support/story.ts';
import type { Subject } from '../event/event.ts';
import { mac } from '../net/mac.ts';
import { createStoryBook } from './book.ts';

const OTHER = mac('02:00:00:ac:16:0b');
const limits = { macs: 2, firstEvents: 3, lastEvents: 2, eventsBefore: 4, around: 2 };
const BIOS = { client: 'PXE firmware, bios-x86', via: 'interface br0' } as const;

test('an event that names only the machine or only an address is of the card that was heard there last', () => {
  const book = createStoryBook();
  const tale = createTale();
  lease(tale, 0, 'PXE firmware, bios-x86');
  tale.tellMachine(1, 'install.started', { profile: 'debian' });
  tale.tellOf({ address: '172.22.10.61' }, 2, 'tftp.probe', { file: 'x' });
  const taken = tale.events.map((event) => book.take(event));
  assert.deepEqual(new Set(taken), new Set([CARD]));
  assert.equal(book.trace(CARD, START)?.events.length, 5);
  tale.tellOf({ machine: 'nobody' }, 3, 'install.started', { profile: 'debian' });
  assert.equal(book.take(tale.events.at(-1) ?? assert.fail()), undefined);
});

test('of an attempt the first and the last events are kept, of the attempts before the last', () => {
  const book = createStoryBook(limits);
  const tale = createTale();
  lease(tale, 0, 'PXE firmware, bios-x86');
  for (let n = 0; n < 20; n++) tale.tell(1, 'tftp.probe', { file: `f${n}` });
  for (const event of tale.events) book.take(event);
  const seqs = () => book.trace(CARD, START)?.events.map(({ seq }) => seq);
  assert.deepEqual(seqs(), [1, 2, 3, 22, 23]);
  tale.tell(900, 'dhcp.discover', BIOS);
  book.take(tale.events.at(-1) ?? assert.fail());
  assert.deepEqual(seqs(), [24]);
  assert.deepEqual(
    book.trace(CARD, START)?.before?.map(({ seq }) => seq),
    [20, 21, 22, 23],
  );
});

test('what is about no machine is around every attempt; what another card of the machine says is beside it', () => {
  const book = createStoryBook(limits);
  const tale = createTale();
  const tell = (subject: Subject) => tale.tellOf(subject, 0, 'dhcp.discover', BIOS);
  tell({ mac: CARD, machine: 'box' });
  tell({ mac: OTHER, machine: 'box' });
  for (let n = 0; n < 9; n++)
    tale.tellOf({ network: 'lab' }, 1, 'dhcp.stranger', { server: `10.0.0.${n}`, mode: 'proxy' });
  for (const event of tale.events) book.take(event);
  const trace = book.trace(CARD, START);
  assert.deepEqual(
    trace?.around.map(({ data }) => data.server),
    ['10.0.0.7', '10.0.0.8'],
  );
  assert.deepEqual(
    trace?.siblings?.map(({ mac: of }) => of),
    [OTHER],
  );
});

test('who was heard longest ago makes room', () => {
  const book = createStoryBook(limits);
  const tale = createTale();
  const macs = [CARD, OTHER, mac('02:00:00:ac:16:0c')];
  for (const one of macs) tale.tellOf({ mac: one, machine: `m${one}` }, 0, 'dhcp.discover', BIOS);
  for (const event of tale.events) book.take(event);
  assert.deepEqual(book.macs(), macs.slice(1).reverse());
  assert.equal(book.current(CARD, START), undefined);
});

test('a machine that has been silent for long has left', () => {
  const book = createStoryBook();
  const tale = createTale();
  lease(tale, 0, 'PXE firmware, bios-x86');
  for (const event of tale.events) book.take(event);
  assert.equal(book.current(CARD, START + 600_000)?.outcome, 'running');
  const left = book.current(CARD, START + 601_000);
  assert.equal(left?.outcome, 'left');
  assert.equal(left?.endedAt, START);
  assert.equal(left?.next, undefined);
  assert.match(left?.standing ?? '', /; then it was silent$/);
});
