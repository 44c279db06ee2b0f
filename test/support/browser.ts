import type { TestContext } from 'node:test';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Where Debian's package puts it. */
export const CHROMIUM = '/usr/bin/chromium';

/** It runs in the browser and is compiled with the page's types, so it is not known here by its own. */
const FAULTS_MODULE = new URL('../../ui/test/page-faults.ts', import.meta.url).href;

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A page under test, and what must not happen on it. */
export interface Watched {
  readonly page: Page;
  /** Errors of scripts, refusals of the Content-Security-Policy, and requests that leave the server. */
  readonly faults: readonly string[];
}

export async function openBrowser(t: TestContext): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  t.after(() => browser.close());
  return browser;
}

/** A page of its own profile: no cookie, nothing stored. */
export async function openPage(browser: Browser, base: string, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // What the server refuses is told there, too, and is part of some tests.
    const isRefusal = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isRefusal) faults.push(`console: ${message.text()}`);
  });
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`${base}/`)) faults.push(`request: ${request.url()}`);
  });
  // A busy machine of few cores takes its time.
  page.setDefaultTimeout(60_000);
  return { page, faults };
}

/** As on a machine so many times slower. */
export async function slowDown(page: Page, times: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: times });
}

/**
 * Names that are missing, ids that stand twice, texts with too little contrast, a page that is wider than its screen; and what axe
 * calls a fault.
 */
export async function faultsOf(page: Page): Promise<readonly string[]> {
  const { lookForFaults } = (await import(FAULTS_MODULE)) as { readonly lookForFaults: () => readonly string[] };
  return [...(await page.evaluate(lookForFaults)), ...(await accessFaultsOf(page))];
}

/** What an automated check of accessibility can find. It comes in by the debugger, which the page's own policy does not hold back. */
async function accessFaultsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run({ resultTypes: ['violations'] }),
  );
  return violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}
