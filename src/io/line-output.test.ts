import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLineOutput } from './line-output.ts';

const describeGap = (count: number) => `left out: ${count}`;

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'rackready-output-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A pipe whose reading end is ours, and read only when a test does so. */
function openPipe(t: TestContext) {
  const path = join(newFolder(t), 'pipe');
  assert.equal(spawnSync('mkfifo', [path]).status, 0);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY);
  t.after(() => closeSync(writer));
  const bytes = Buffer.alloc(1 << 16);
  /** What is in the pipe now. */
  const read = () => {
    try {
      return bytes.toString('utf8', 0, readSync(reader, bytes));
    } catch {
      return '';
    }
  };
  return { writer, read, closeReader: () => closeSync(reader) };
}

test('lines come out whole and in order, also when the reader was away; what was too much is counted', async (t) => {
  const { writer, read } = openPipe(t);
  const output = openLineOutput(writer, { describeGap, retryMs: 5 });
  const count = 200_000;
  for (let index = 0; index < count; index++) output.write(`line ${index}`);
  let text = '';
  while (!/left out: \d+\n$/.test(text)) {
    text += read();
    await sleep(1);
  }
  const lines = text.trimEnd().split('\n');
  const kept = lines.length - 1;
  assert.ok(kept > 50_000 && kept < count, `${kept}`);
  assert.deepEqual(
    lines.slice(0, -1),
    Array.from({ length: kept }, (_, index) => `line ${index}`),
  );
  assert.equal(lines.at(-1), `left out: ${count - kept}`);
  output.write('again');
  assert.equal(read(), 'again\n');
});

test('a reader that is gone, and a descriptor that is not open, take nothing and harm nobody', (t) => {
  const { writer, closeReader } = openPipe(t);
  const output = openLineOutput(writer, { describeGap });
  closeReader();
  for (let index = 0; index < 3; index++) output.write('nobody reads this');
  output.close();
  const closed = openLineOutput(999, { describeGap });
  closed.write('nor this');
  closed.close();
});

test('a full disk is waited for', (t) => {
  const full = openSync('/dev/full', 'w');
  t.after(() => closeSync(full));
  const output = openLineOutput(full, { describeGap });
  for (let index = 0; index < 100_000; index++) output.write('a line that has no room on the disk');
  output.close();
});

test('a file is written on from where its descriptor stands', (t) => {
  const path = join(newFolder(t), 'log');
  const file = openSync(path, 'w');
  t.after(() => closeSync(file));
  const [first, second] = [openLineOutput(file, { describeGap }), openLineOutput(file, { describeGap })];
  first.write('one');
  second.write('two');
  first.write('three');
  assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\nthree\n');
});
