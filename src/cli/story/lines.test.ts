import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { createTale, fold, get, lease, load, START, type Tale } from '../../../test/support/story.ts';
import { mac } from '../../net/mac.ts';
import { createStoryBook } from '../../story/book.ts';
import type { Diagnosis, Story } from '../../story/story.ts';
import type { Look } from './look.ts';
import { storyLines } from './one.ts';
import { rackLines } from './rack.ts';

process.env.TZ = 'UTC';

const rich: Look = { width: 80, colour: false, unicode: true };
const plain: Look = { width: 80, colour: false, unicode: false };
const colourful: Look = { width: 80, colour: true, unicode: true };

/** UPDATE_GOLDEN=1 writes the files anew; the difference is then reviewed in git. */
function matchesGolden(name: string, lines: readonly string[]): void {
  const file = new URL(`../../../test/fixtures/story/${name}.want.txt`, import.meta.url);
  const text = lines.map((line) => `${line.replaceAll('\x1b', '<ESC>')}\n`).join('');
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, text);
  assert.equal(text, readFileSync(file, 'utf8'));
  for (const line of lines) assert.ok(stripVTControlCharacters(line).length <= 80, line);
}

function storyOf(tale: Tale, card?: string, diagnoses: readonly Diagnosis[] = []): Story {
  const attempt = fold(tale.events, card === undefined ? undefined : mac(card)).at(-1) ?? assert.fail();
  return { ...attempt, diagnoses, now: 0 };
}

/** In the middle of its initrd. */
function loading(): Story {
  const tale = createTale();
  lease(tale, 0, 'PXE firmware, uefi-x64', { bootFile: 'boot/grub/x86_64-efi/core.efi', took: 4 });
  load(tale, 4, 'boot/grub/x86_64-efi/core.efi', 925_696);
  tale.tell(5, 'boot.config', {
    file: 'boot/grub/grub.cfg-01-02-00-00-ac-16-0a',
    loader: 'grub',
    decision: 'install',
    reason: 'granted',
    profile: 'debian',
  });
  load(tale, 5, 'boot/grub/grub.cfg-01-02-00-00-ac-16-0a', 1726, 0.1);
  tale.tell(5, 'tftp.not-found', {
    file: 'boot/grub/themes/starfield/a-background-with-a-long-name.png',
    expected: false,
  });
  load(tale, 6, 'os/debian/linux', 8_100_000, 2);
  tale.tell(8, 'http.start', { method: 'GET', path: '/os/debian/initrd', userAgent: 'GRUB 2.06', bytes: 38_000_000 });
  tale.tell(12, 'http.progress', { path: '/os/debian/initrd', bytes: 17_100_000, ofBytes: 38_000_000 });
  return storyOf(tale);
}

function installed(): Story {
  const card = '02:00:00:ac:16:0b';
  const tale = createTale(mac(card), 'web-server-with-a-long-name');
  lease(tale, -4000, 'iPXE, bios-x86', { bootFile: 'http://172.22.10.2/ipxe/boot.ipxe' });
  get(tale, -3990, '/ipxe/boot.ipxe', 300);
  lease(tale, -3700, 'installer, d-i');
  tale.tellMachine(-300, 'install.reported', { profile: 'debian' });
  tale.tellMachine(-20, 'install.done', { profile: 'debian', how: 'SSH answers at 172.22.10.62', verified: true });
  return storyOf(tale, card);
}

const CAUSE: Diagnosis = {
  rule: 'no-boot-file',
  section: 'docs/symptoms/pxe-e53.md#no-boot-file',
  confidence: 0.9,
  cause: 'We have no boot loader for 32-bit UEFI, so our offer names no boot file.',
  remedy: 'Install it with: apt-get install grub-efi-ia32-bin, then restart the server.',
  applied: 'Nothing was offered any more.',
  evidence: [1],
};

function stuck(): Story {
  const card = '02:00:00:ac:16:0c';
  const tale = createTale(mac(card), '');
  tale.tell(0, 'dhcp.discover', {
    client: 'firmware of architecture 6',
    via: 'interface br0',
    arch: 6,
    vendorClass: 'PXEClient:Arch:00006:UNDI:003016\u001b[2J',
    uuid: '11223344-5566-7788-99aa-bbccddeeff00',
  });
  return storyOf(tale, card, [CAUSE]);
}

function late(): Story {
  const card = '02:00:00:ac:16:0d';
  const tale = createTale(mac(card), 'db1');
  lease(tale, -60, 'PXE firmware, bios-x86', { bootFile: 'boot/grub/i386-pc/core.0' });
  return storyOf(tale, card);
}

const now = START + 12_000;
const everybody = [late(), installed(), stuck(), loading()];

for (const [name, look] of Object.entries({ rich, plain, colourful })) {
  test(`the rack, ${name}`, () => {
    matchesGolden(`rack-${name}`, rackLines({ stories: everybody, now, height: 24 }, look));
  });
  test(`a machine that loads, ${name}`, () => {
    matchesGolden(`loading-${name}`, storyLines({ story: loading(), now, isFull: false }, look));
  });
}

test('a rack of which not all fits', () => {
  const lines = rackLines({ stories: everybody, now, height: 4, trouble: 'the server is gone; waiting for it' }, rich);
  assert.equal(lines.length, 4);
  matchesGolden('rack-low', lines);
});

test('two cards of one machine are told apart', () => {
  const other: Story = { ...late(), machine: 'box' };
  matchesGolden('rack-cards', rackLines({ stories: [loading(), other], now, height: 24 }, rich));
});

test('an empty rack', () => {
  matchesGolden('rack-empty', rackLines({ stories: [], now, height: 24 }, rich));
});

test('a machine that hangs, with the likely cause', () => {
  matchesGolden('stuck', storyLines({ story: stuck(), now, isFull: true }, rich));
});

test('a machine that was woken, and then boots', () => {
  const tale = createTale();
  tale.tell(-90, 'power.wake.sent', { interface: 'br0', to: '255.255.255.255', packets: 3 });
  const told = () => {
    const book = createStoryBook();
    for (const event of tale.events) book.take(event);
    return { ...(book.current(mac('02:00:00:ac:16:0a'), now) ?? assert.fail()), diagnoses: [], now };
  };
  const awaited = told();
  lease(tale, 0, 'PXE firmware, uefi-x64');
  const lines = [awaited, told()].flatMap((story) => storyLines({ story, now, isFull: false }, rich));
  matchesGolden('woken', [...lines, ...rackLines({ stories: [awaited], now, height: 24 }, rich)]);
});

test('a machine that is late', () => {
  matchesGolden('late', storyLines({ story: late(), now, isFull: false }, rich));
});

test('everything of an installation', () => {
  matchesGolden('installed-full', storyLines({ story: installed(), now, isFull: true }, rich));
});

test('everything of a machine that loads', () => {
  matchesGolden('loading-full', storyLines({ story: loading(), now, isFull: true }, rich));
});
