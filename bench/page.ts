/**
 * npm run bench:page
 *
 * The web page with 1,000 machines that all boot at once, in Debian's Chromium: what the page's thread does meanwhile, as the browser
 * measures it. A frame is 17 ms where nothing holds it up; a long task is one of 50 ms and more (W3C Long Tasks), and holds up
 * what is typed and scrolled for as long.
 */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { CHROMIUM, openBrowser, openPage, slowDown } from '../test/support/browser.ts';
import { type FakePage, fakeStory, openFakePage } from '../test/support/fake-page.ts';
import { machineLine, table, writeSection } from './results.ts';

const MACHINES = 1000;
/** As the server sends what has changed: four times a second. */
const TELL_EVERY_MS = 250;
const TOLD_AT_ONCE = 250;
const SECONDS = 10;
const STANDINGS = ['loads its kernel', 'loads its ramdisk', 'asks for its answer file', 'installs: packages'];

interface Measured {
  readonly frames: number[];
  readonly tasks: number[];
  readonly shift: number;
}

/** Runs in the browser. */
function beginMeasuring(): void {
  const measured = { frames: [] as number[], tasks: [] as number[], shift: 0, isOver: false };
  Object.assign(globalThis, { measured });
  let last = performance.now();
  const step = (at: number) => {
    measured.frames.push(at - last);
    last = at;
    if (!measured.isOver) next(step);
  };
  const next = (globalThis as unknown as { requestAnimationFrame(step: (at: number) => void): void })
    .requestAnimationFrame;
  next(step);
  // Node's types know fewer kinds than a browser has.
  const observe = (type: string, take: (list: { getEntries(): unknown[] }) => void) =>
    new PerformanceObserver(take).observe({ type } as never);
  observe('longtask', (list) => {
    for (const { duration } of list.getEntries() as { duration: number }[]) measured.tasks.push(duration);
  });
  observe('layout-shift', (list) => {
    for (const one of list.getEntries() as { value: number; hadRecentInput: boolean }[]) {
      if (!one.hadRecentInput) measured.shift += one.value;
    }
  });
}

async function measure(page: Page, act: () => Promise<void>): Promise<Measured> {
  await page.evaluate(beginMeasuring);
  await act();
  return page.evaluate(() => {
    const { measured } = globalThis as unknown as { measured: Measured & { isOver: boolean } };
    measured.isOver = true;
    return measured;
  });
}

function tellOn({ tellStory }: FakePage): () => void {
  let round = 0;
  const begun = Date.now();
  const timer = setInterval(() => {
    for (let count = 0; count < TOLD_AT_ONCE; count++, round++) {
      const standing = STANDINGS[Math.floor(round / MACHINES) % STANDINGS.length] ?? '';
      tellStory(fakeStory(round % MACHINES, begun - 60_000, { standing, now: Date.now(), lastAt: Date.now() }));
    }
  }, TELL_EVERY_MS);
  return () => clearInterval(timer);
}

async function scroll(page: Page): Promise<void> {
  await page.mouse.move(600, 500);
  for (const end = Date.now() + SECONDS * 1000; Date.now() < end; ) {
    await page.mouse.wheel(0, 400);
    await sleep(50);
  }
}

async function type(page: Page): Promise<void> {
  const field = page.getByLabel('Filter machines');
  for (const end = Date.now() + SECONDS * 1000; Date.now() < end; ) {
    for (const word of ['n01', 'debian ins', 'rocky n09']) {
      await field.fill('');
      await field.pressSequentially(word, { delay: 80 });
    }
  }
  await field.fill('');
}

const acts: readonly (readonly [string, (page: Page) => Promise<void>])[] = [
  ['looked at', () => sleep(SECONDS * 1000)],
  ['scrolled', scroll],
  ['filtered, key by key', type],
];

function row(what: string, { frames, tasks, shift }: Measured): string[] {
  const sorted = frames.toSorted((a, b) => a - b);
  const at = (part: number) => `${Math.round(sorted[Math.floor(sorted.length * part)] ?? 0)} ms`;
  const longest = Math.round(Math.max(0, ...tasks));
  return [what, at(0.5), at(0.99), at(0.9999), String(tasks.length), `${longest} ms`, shift.toFixed(3)];
}

async function main(): Promise<void> {
  if (!existsSync(CHROMIUM)) throw new Error(`${CHROMIUM} is missing: apt-get install chromium`);
  const closing: (() => unknown)[] = [];
  const after = (close: () => unknown) => void closing.unshift(close);
  const stories = Array.from({ length: MACHINES }, (_, index) => fakeStory(index, Date.now() - 60_000));
  const fake = await openFakePage({ after } as never, { machines: MACHINES, stories });
  const { page } = await openPage(await openBrowser({ after } as never), fake.base);
  await page.goto(fake.link);
  await page.getByText(`${MACHINES} booting or installing`).waitFor();
  const rows: string[][] = [];
  for (const slower of [1, 4]) {
    await slowDown(page, slower);
    const end = tellOn(fake);
    for (const [what, act] of acts) {
      const words = slower === 1 ? what : `${what}, on a machine ${slower} times slower`;
      rows.push(row(words, await measure(page, () => act(page))));
    }
    end();
  }
  for (const close of closing) await close();
  const text = table(
    ['the rack is', 'frame, median', '99 %', 'longest', 'long tasks', 'longest task', 'layout shift'],
    rows,
  );
  console.log(text);
  if (process.argv[2] === '--print') return;
  writeSection(
    'page',
    `## The web page\n\nThe rack with ${MACHINES} machines that boot; ${(TOLD_AT_ONCE * 1000) / TELL_EVERY_MS} changes a second are told. ${SECONDS} s each, server and browser on the same machine.\n\n${text}\n\n${machineLine()}`,
  );
}

await main();
