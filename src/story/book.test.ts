import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CARD, createTale, lease, load, START, type Tale } from '../../test/support/story.ts';
import type { Subject } from '../event/event.ts';
import { mac } from '../net/mac.ts';
import { createStoryBook, type StoryBook } from './book.ts';
import { diagnose } from './diagnose/diagnose.ts';

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
  assert.deepEqual(new Set(taken.flat().map(({ mac: of }) => of)), new Set([CARD]));
  assert.equal(book.trace(CARD, START)?.events.length, 5);
  tale.tellOf({ machine: 'nobody' }, 3, 'install.started', { profile: 'debian' });
  assert.deepEqual(book.take(tale.events.at(-1) ?? assert.fail()), []);
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

/** A grant for `box`, whose first card is CARD. */
function grant(tale: Tale, second: number): void {
  tale.tellMachine(second, 'install.granted', { profile: 'debian', via: 'command', mac: CARD });
}

function bookOf(tale: Tale): StoryBook {
  const book = createStoryBook();
  for (const event of tale.events) book.take(event);
  return book;
}

test('a machine that was never heard has a story from its grant on, until its boot is heard', () => {
  const tale = createTale();
  grant(tale, 0);
  const book = bookOf(tale);
  assert.deepEqual(book.macs(), [CARD]);
  const [awaited, ...more] = book.attempts(CARD, START);
  assert.deepEqual(more, []);
  assert.equal(awaited?.machine, 'box');
  assert.deepEqual(awaited?.stages, []);
  assert.equal(awaited?.next?.expectedBy, START + 600_000);
  assert.deepEqual(
    book.trace(CARD, START)?.events.map(({ id }) => id),
    ['install.granted'],
  );
  const version = book.version(CARD);
  lease(tale, 30, 'PXE firmware, bios-x86');
  assert.deepEqual(
    tale.events.slice(1).flatMap((event) => book.take(event)),
    [{ mac: CARD }, { mac: CARD }, { mac: CARD }],
  );
  assert.notEqual(book.version(CARD), version);
  const attempts = book.attempts(CARD, START + 30_000);
  assert.deepEqual(
    attempts.map(({ id, stages }) => [id, stages.map(({ name }) => name)]),
    [[2, ['firmware']]],
  );
});

test('a grant that is taken back is waited for no longer: the last boot is shown again', () => {
  const tale = createTale();
  lease(tale, 0, 'PXE firmware, bios-x86');
  tale.tell(3, 'boot.config', { file: 'c', loader: 'grub', decision: 'local', reason: 'installed' });
  grant(tale, 600);
  const book = bookOf(tale);
  assert.deepEqual(
    book.attempts(CARD, START + 600_000).map(({ id, outcome }) => [id, outcome]),
    [
      [5, 'running'],
      [1, 'local'],
    ],
  );
  tale.tellMachine(700, 'install.cancelled', { profile: 'debian' });
  const [change, ...more] = book.take(tale.events.at(-1) ?? assert.fail());
  assert.deepEqual(more, []);
  assert.equal(change?.mac, CARD);
  assert.equal(change?.ended?.id, 5);
  assert.equal(book.current(CARD, START + 700_000)?.outcome, 'local');
});

test('the story of a grant that is taken back ends, also where it was the only one', () => {
  const tale = createTale();
  grant(tale, 0);
  const book = bookOf(tale);
  tale.tellMachine(60, 'install.cancelled', { profile: 'debian' });
  const cancelled = tale.events.at(-1) ?? assert.fail();
  const [change, ...more] = book.take(cancelled);
  assert.deepEqual(more, []);
  assert.equal(change?.mac, CARD);
  const { id, outcome, endedAt, next, stages, standing, machine } = change?.ended ?? assert.fail();
  assert.deepEqual(
    { id, outcome, endedAt, next, stages, standing, machine },
    {
      id: 1,
      outcome: 'left',
      endedAt: START + 60_000,
      next: undefined,
      stages: [],
      standing: cancelled.text,
      machine: 'box',
    },
  );
  assert.deepEqual(book.macs(), []);
  assert.deepEqual(book.take(cancelled), []);
});

test('a grant that is taken back ends its story, also after a boot that only fell silent', () => {
  const tale = createTale();
  lease(tale, 0, 'PXE firmware, uefi-x64');
  grant(tale, 500);
  const book = bookOf(tale);
  tale.tellMachine(560, 'install.cancelled', { profile: 'debian' });
  const changes = book.take(tale.events.at(-1) ?? assert.fail());
  assert.deepEqual(
    changes.map(({ mac: of, ended }) => [of, ended?.outcome]),
    [[CARD, 'left']],
  );
  assert.equal(book.current(CARD, START + 560_000)?.id, 1);
});

test('when another card of the machine boots, it is waited for at the first no longer', () => {
  const tale = createTale();
  grant(tale, 0);
  const book = bookOf(tale);
  tale.tellOf({ mac: OTHER, machine: 'box' }, 30, 'dhcp.discover', BIOS);
  const [first, ...others] = book.take(tale.events.at(-1) ?? assert.fail());
  assert.equal(first?.mac, CARD);
  assert.equal(first?.ended?.outcome, 'left');
  assert.match(first?.ended?.standing ?? '', /; then it booted from 02:00:00:ac:16:0b$/);
  assert.deepEqual(others, [{ mac: OTHER }]);
  assert.deepEqual(book.macs(), [OTHER]);
});

test('a second grant is waited for at the card that was heard meanwhile', () => {
  const tale = createTale();
  grant(tale, 0);
  const book = bookOf(tale);
  tale.tellOf({ mac: OTHER, machine: 'box' }, 30, 'dhcp.ack', rebooted);
  tale.tellMachine(40, 'install.granted', { profile: 'debian', via: 'command', mac: OTHER });
  const changes = tale.events.slice(1).flatMap((event) => book.take(event));
  assert.deepEqual(
    changes.map(({ mac: of, ended }) => [of, ended?.outcome]),
    [
      [CARD, 'left'],
      [OTHER, undefined],
    ],
  );
  assert.deepEqual(book.macs(), [OTHER]);
});

test('a grant in the middle of a boot is for that boot', () => {
  const tale = createTale();
  lease(tale, 0, 'PXE firmware, bios-x86');
  grant(tale, 20);
  assert.equal(bookOf(tale).current(CARD, START + 20_000)?.id, 1);
});

test('whoever has several cards is waited for at the one that was heard last', () => {
  const tale = createTale();
  tale.tellOf({ mac: OTHER, machine: 'box' }, 0, 'dhcp.discover', BIOS);
  grant(tale, 3600);
  const book = bookOf(tale);
  assert.deepEqual(book.macs(), [OTHER]);
  assert.deepEqual(book.current(OTHER, START)?.stages, []);
});

const SYSTEM = { client: 'system (udhcp 1.36.1)', via: 'interface br0' } as const;
const rebooted = { address: '172.22.10.61', seconds: 60, client: SYSTEM.client, kind: 'init-reboot' };
const rulesAt = (book: StoryBook, second: number) =>
  diagnose(book.trace(CARD, START + second * 1000) ?? assert.fail()).map(({ rule }) => rule);
const stageNamesAt = (book: StoryBook, second: number) =>
  book.current(CARD, START + second * 1000)?.stages.map(({ name }) => name);

test('its own system that starts is the boot that was waited for, also after a boot that came to nothing', () => {
  const tale = createTale();
  lease(tale, 0, 'PXE firmware, uefi-x64');
  grant(tale, 3600);
  tale.tell(3700, 'dhcp.discover', SYSTEM);
  const book = bookOf(tale);
  assert.deepEqual(stageNamesAt(book, 3700), ['system']);
  assert.deepEqual(rulesAt(book, 3700), ['booted-from-disk']);
  assert.equal(diagnose(book.trace(CARD, START + 3_700_000) ?? assert.fail())[0]?.confidence, 0.6);
});

test('a system whose cable goes out and in is one story for each grant, however often it asks', () => {
  const tale = createTale();
  lease(tale, 0, 'PXE firmware, uefi-x64');
  grant(tale, 3600);
  lease(tale, 3700, SYSTEM.client);
  lease(tale, 4700, SYSTEM.client);
  lease(tale, 9700, SYSTEM.client);
  const book = bookOf(tale);
  const now = START + 9_710_000;
  assert.equal(book.attempts(CARD, now).length, 2);
  assert.equal(book.current(CARD, now)?.startedAt, START + 3_700_000);
  assert.equal(book.current(CARD, now)?.lastAt, START + 9_700_000);
  const [found] = diagnose(book.trace(CARD, now) ?? assert.fail());
  assert.equal(found?.rule, 'booted-from-disk');
  assert.match(found?.cause ?? '', /started from its disk, or its link was down for a moment/);
  // Granted anew: what comes then is another story.
  grant(tale, 9800);
  lease(tale, 9900, SYSTEM.client);
  assert.equal(bookOf(tale).attempts(CARD, START + 9_910_000).length, 3);
});

/** Told to start its disk after three seconds. */
function localBoot(tale: Tale): void {
  lease(tale, 0, 'PXE firmware, uefi-x64');
  load(tale, 1, 'boot/core.efi', 900_000);
  tale.tell(3, 'boot.config', { file: 'c', loader: 'grub', decision: 'local', reason: 'installed' });
}

test('the system that a boot from the disk brings up is no start after the grant that came meanwhile', () => {
  for (const kind of ['discover', 'init-reboot'] as const) {
    const tale = createTale();
    localBoot(tale);
    grant(tale, 10);
    if (kind === 'discover') lease(tale, 30, SYSTEM.client);
    else tale.tell(30, 'dhcp.ack', rebooted);
    const book = bookOf(tale);
    assert.deepEqual(stageNamesAt(book, 31), []);
    assert.deepEqual(rulesAt(book, 31), []);
    // It was heard.
    assert.deepEqual(rulesAt(book, 700), []);
    // Another client of the same system.
    tale.tell(32, 'dhcp.discover', SYSTEM);
    book.take(tale.events.at(-1) ?? assert.fail());
    assert.deepEqual(stageNamesAt(book, 32), []);
    tale.tell(400, 'dhcp.discover', SYSTEM);
    book.take(tale.events.at(-1) ?? assert.fail());
    assert.deepEqual(rulesAt(book, 400), ['booted-from-disk']);
  }
});

test('a system that asks for its address again may have lost its link only: its boot is still waited for', () => {
  for (const hasBooted of [true, false]) {
    const tale = createTale();
    if (hasBooted) localBoot(tale);
    grant(tale, 3600);
    tale.tell(3700, 'dhcp.ack', rebooted);
    const book = bookOf(tale);
    assert.deepEqual(stageNamesAt(book, 3700), []);
    const [found, ...more] = diagnose(book.trace(CARD, START + 3_700_000) ?? assert.fail());
    assert.deepEqual(more, []);
    assert.equal(found?.rule, 'booted-from-disk');
    assert.equal(found?.confidence, 0.4);
    assert.match(found?.cause ?? '', /started from its disk, or its link was down for a moment/);
    lease(tale, 3800, 'PXE firmware, uefi-x64');
    for (const event of tale.events.slice(-3)) book.take(event);
    assert.deepEqual(stageNamesAt(book, 3800), ['firmware']);
    assert.deepEqual(rulesAt(book, 3800), []);
  }
});

test('what is still told of a boot that is over does not end the waiting', () => {
  const tale = createTale();
  localBoot(tale);
  tale.tell(4, 'tftp.start', { file: 'c', bytes: 100, blockSize: 1468, window: 1 });
  grant(tale, 5);
  tale.tell(6, 'tftp.done', { file: 'c', bytes: 100, ms: 2000, retransmits: 0, finalAck: true });
  const book = bookOf(tale);
  assert.deepEqual(stageNamesAt(book, 6), []);
  assert.deepEqual(rulesAt(book, 700), []);
  assert.equal(
    book
      .attempts(CARD, START + 7000)[1]
      ?.stages.at(-1)
      ?.transfers.at(-1)?.state,
    'done',
  );
});

test('a system that renews its lease is no boot, and the machine is not silent', () => {
  const tale = createTale();
  lease(tale, 0, 'PXE firmware, bios-x86');
  tale.tell(3, 'boot.config', { file: 'c', loader: 'grub', decision: 'local', reason: 'installed' });
  grant(tale, 3600);
  const later = START + 5_000_000;
  const rules = (book: StoryBook) => diagnose(book.trace(CARD, later) ?? assert.fail()).map(({ rule }) => rule);
  assert.deepEqual(rules(bookOf(tale)), ['nothing-heard']);
  const renewed = { address: '172.22.10.61', seconds: 60, client: 'system (udhcp 1.36.1)', kind: 'renewing' };
  tale.tell(3700, 'dhcp.ack', renewed);
  assert.deepEqual(rules(bookOf(tale)), []);
});

/** Wake-on-LAN for a card of `box`. */
function wake(tale: Tale, second: number, card = CARD, more: { answers?: string } = {}): void {
  const data = { interface: 'br0', to: '255.255.255.255', packets: 3, ...more };
  tale.tellOf({ mac: card, machine: 'box', network: 'lab' }, second, 'power.wake.sent', data);
}

test('a boot that comes of a wake says when that was, and the next one does not', () => {
  const tale = createTale();
  wake(tale, 0);
  wake(tale, 0, OTHER);
  lease(tale, 70, 'PXE firmware, uefi-x64');
  tale.tell(75, 'boot.config', { file: 'c', loader: 'grub', decision: 'local', reason: 'installed' });
  lease(tale, 300, 'PXE firmware, uefi-x64');
  const book = bookOf(tale);
  assert.deepEqual(
    book.attempts(CARD, START + 300_000).map(({ wokenAt, startedAt }) => [wokenAt, startedAt]),
    [
      [undefined, START + 300_000],
      [START, START + 70_000],
    ],
  );
  assert.deepEqual(rulesAt(book, 300), []);
});

test('a machine that is woken is waited for, and told of when it stays silent; then its last boot is shown again', () => {
  const tale = createTale();
  localBoot(tale);
  wake(tale, 3600);
  const book = bookOf(tale);
  const awaited = book.current(CARD, START + 3_600_000);
  assert.deepEqual([awaited?.wokenAt, awaited?.stages, awaited?.outcome], [START + 3_600_000, [], 'running']);
  assert.match(awaited?.standing ?? '', /is woken/);
  assert.deepEqual(rulesAt(book, 3800), []);
  assert.deepEqual(rulesAt(book, 3901), ['nothing-heard']);
  const [found] = diagnose(book.trace(CARD, START + 3_901_000) ?? assert.fail());
  assert.match(
    found?.cause ?? '',
    /nothing has been heard from box \(.*\) in the 5 min since it was woken \(on lab, by br0\)/,
  );
  assert.deepEqual(found?.evidence, [tale.events.at(-1)?.seq]);
  assert.equal(book.current(CARD, START + 5_401_000)?.outcome, 'local');
});

test('of a machine that was never heard the wake is all there is, and it is over after half an hour', () => {
  const tale = createTale();
  wake(tale, 0);
  const book = bookOf(tale);
  const over = book.current(CARD, START + 1_801_000);
  assert.deepEqual([over?.outcome, over?.stages, over?.endedAt], ['left', [], START + 1_800_000]);
  assert.deepEqual(rulesAt(book, 299), []);
});

test('a grant and a wake, in either order: both are evidence, and what is late is late by the wake', () => {
  for (const isGrantFirst of [true, false]) {
    const tale = createTale();
    if (isGrantFirst) grant(tale, 0);
    wake(tale, 10);
    if (!isGrantFirst) grant(tale, 20);
    const book = bookOf(tale);
    const awaited = book.current(CARD, START + 20_000);
    assert.deepEqual([awaited?.wokenAt, awaited?.next?.expectedBy], [START + 10_000, START + 310_000]);
    assert.deepEqual(rulesAt(book, 309), []);
    const [found] = diagnose(book.trace(CARD, START + 311_000) ?? assert.fail());
    assert.deepEqual([found?.rule, found?.evidence], ['nothing-heard', [1, 2]]);
    // It was granted: that does not end by itself.
    assert.equal(book.current(CARD, START + 90_000_000)?.endedAt, undefined);
    lease(tale, 400, 'PXE firmware, uefi-x64');
    for (const event of tale.events.slice(-3)) book.take(event);
    assert.equal(book.current(CARD, START + 400_000)?.wokenAt, START + 10_000);
    assert.deepEqual(
      book.trace(CARD, START + 400_000)?.events.map(({ seq }) => seq),
      [1, 2, 3, 4, 5],
    );
    assert.deepEqual(rulesAt(book, 400), []);
  }
});

test('a wake in the middle of a boot is not the machine speaking', () => {
  const tale = createTale();
  lease(tale, 0, 'PXE firmware, uefi-x64');
  wake(tale, 20);
  tale.tellOf({ machine: 'box' }, 21, 'power.wake.refused', { reason: 'observed', next: 'Nothing.' });
  const book = bookOf(tale);
  const { id, lastAt, wokenAt } = book.current(CARD, START + 20_000) ?? assert.fail();
  assert.deepEqual([id, lastAt, wokenAt], [1, START, undefined]);
});

test('the system on its disk that starts is what a wake came to, also when it asks for the address that it had', () => {
  for (const kind of ['discover', 'init-reboot'] as const) {
    const tale = createTale();
    localBoot(tale);
    wake(tale, 3600);
    if (kind === 'discover') lease(tale, 3640, SYSTEM.client);
    else tale.tell(3640, 'dhcp.ack', rebooted);
    const book = bookOf(tale);
    const started = book.current(CARD, START + 3_640_000);
    assert.deepEqual(
      [started?.wokenAt, started?.outcome, started?.stages.map(({ name }) => name)],
      [START + 3_600_000, 'left', ['system']],
    );
    assert.deepEqual(rulesAt(book, 4000), []);
  }
});

test('a machine that was granted and woken, and whose own system starts, has booted from its disk', () => {
  const tale = createTale();
  grant(tale, 0);
  wake(tale, 1);
  tale.tell(60, 'dhcp.ack', rebooted);
  const [found] = diagnose(bookOf(tale).trace(CARD, START + 60_000) ?? assert.fail());
  assert.deepEqual([found?.rule, found?.confidence], ['booted-from-disk', 0.7]);
});

test('only what was just woken, and was not on, has started from its disk because of that', () => {
  const causeOf = (more: { answers?: string }, second: number) => {
    const tale = createTale();
    grant(tale, 0);
    wake(tale, 1, CARD, more);
    tale.tell(second, 'dhcp.ack', rebooted);
    const book = bookOf(tale);
    const [found] = diagnose(book.trace(CARD, START + second * 1000) ?? assert.fail());
    assert.equal(found?.rule, 'booted-from-disk');
    return { ...found, stages: stageNamesAt(book, second) };
  };
  for (const [more, second] of [
    [{ answers: '172.22.10.61' }, 60],
    [{}, 3600],
  ] as const) {
    const { cause, confidence, stages } = causeOf(more, second);
    assert.deepEqual([confidence, stages], [0.4, []]);
    assert.match(cause, /asked for its address again: it started from its disk, or its link was down for a moment/);
  }
  assert.match(causeOf({}, 601).cause, /after it was woken: it started from its disk$/);
});

test('the boot after one that was in the middle when the machine was woken comes of something else', () => {
  const tale = createTale();
  lease(tale, 0, 'PXE firmware, uefi-x64');
  wake(tale, 20);
  load(tale, 30, 'boot/core.efi', 900_000);
  lease(tale, 90, 'PXE firmware, uefi-x64');
  const attempts = bookOf(tale).attempts(CARD, START + 90_000);
  assert.deepEqual(
    attempts.map(({ wokenAt }) => wokenAt),
    [undefined, undefined],
  );
});

test('a woken machine that renews its lease was on already, and is not silent', () => {
  const tale = createTale();
  localBoot(tale);
  wake(tale, 3600);
  tale.tell(3700, 'dhcp.ack', { ...rebooted, kind: 'renewing' });
  assert.deepEqual(rulesAt(bookOf(tale), 4000), []);
});

test('a machine that answered when it was woken, and then is silent, is on', () => {
  const tale = createTale();
  wake(tale, 0, CARD, { answers: '172.22.10.61' });
  const [found] = diagnose(bookOf(tale).trace(CARD, START + 301_000) ?? assert.fail());
  assert.deepEqual([found?.rule, found?.confidence], ['nothing-heard', 0.8]);
  assert.match(found?.cause ?? '', /answered at 172\.22\.10\.61 when it was woken .*: it is on already/);
});
