import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createSerialFeed, plainText } from './serial.ts';

describe('plainText()', () => {
  const rows = [
    { name: 'colours and modes are dropped', raw: '\x1b[0;37;40m\x1b[?25lHello\x1b[0m', plain: 'Hello' },
    { name: 'a cursor that jumps is a line break', raw: 'one\x1b[5;1Htwo', plain: 'one\ntwo' },
    { name: 'one that jumps along its line, too', raw: '\x1b[5;1H  0%\x1b[5;1H100%', plain: '  0%\n100%' },
    {
      name: 'one that is put where it stands is none',
      raw: 'x\r\nWelco\x1b[25;05H\x1b[25;06Hme\r\n\x1b[01;31H[ rack\x1b[01;36H\x1b[01;37Hready',
      plain: 'x\nWelcome\n\n[ rackready',
    },
    { name: 'a lone carriage return is a line break', raw: '10%\r20%\r\n', plain: '10%\n20%\n' },
    { name: 'character set switches and control characters are dropped', raw: '\x1b(0x\x1b(B\x07\x00y', plain: 'xy' },
  ];
  for (const { name, raw, plain } of rows) test(name, () => assert.equal(plainText(raw), plain));
});

describe('createSerialFeed()', () => {
  test('gives whole lines, also when they come in pieces that cut an escape sequence', () => {
    const feed = createSerialFeed();
    const lines: string[] = [];
    feed.onLine((line) => lines.push(line));
    feed.write('GRUB \x1b[');
    feed.write('1mloading\r\n\r\nnext');
    assert.deepEqual(lines, ['GRUB loading']);
    assert.deepEqual(feed.tail(5), ['GRUB loading', 'next']);
  });

  test('waitFor() finds a line that was there already, and one that comes', async () => {
    const feed = createSerialFeed();
    feed.write('first\n');
    const never = new AbortController().signal;
    assert.equal(await feed.waitFor(/fir/, never), 'first');
    const second = feed.waitFor(/sec/, never);
    feed.write('second\n');
    assert.equal(await second, 'second');
  });

  test('waitFor() rejects when it is given up', async () => {
    const stop = new AbortController();
    const waiting = createSerialFeed().waitFor(/nothing/, stop.signal);
    stop.abort(new Error('deadline'));
    await assert.rejects(waiting, /showed nothing like/);
  });
});
