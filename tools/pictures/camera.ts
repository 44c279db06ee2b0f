import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { openBrowser, openPage } from '../../test/support/browser.ts';

export const BASE = 'http://127.0.0.1:8067';
export const LARGE = { viewport: { width: 1200, height: 760 } } as const;
export const TALL = { viewport: { width: 1200, height: 1270 } } as const;
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true } as const;
const FOLDER = join(import.meta.dirname, '..', '..', 'docs', 'images');

/** A browser that is signed in. */
export async function openCamera(t: TestContext, token: string, options: BrowserContextOptions): Promise<Page> {
  const { page } = await openPage(await openBrowser(t), BASE, options);
  await page.goto(`${BASE}/#token=${token}`);
  await page.getByRole('navigation', { name: 'Views' }).waitFor();
  return page;
}

/** Writes docs/images/NAME.png as the page stands. */
export async function take(page: Page, name: string): Promise<void> {
  const path = join(FOLDER, `${name}.png`);
  await page.screenshot({ path, animations: 'disabled' });
  console.log(`${name}.png ${statSync(path).size}`);
}
