import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { build } from 'vite';

const ROOT = join(import.meta.dirname, '..');

function textsIn(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = names.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]));
}

test('ui/dist is what `npm run build:ui` makes of ui/, and small', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'rackready-ui-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const configFile = join(ROOT, 'ui', 'vite.config.ts');
  await build({ configFile, logLevel: 'silent', build: { outDir: folder, emptyOutDir: true } });
  const [made, kept] = [textsIn(folder), textsIn(join(ROOT, 'ui', 'dist'))];
  assert.deepEqual(Object.keys(kept), Object.keys(made), 'run: npm run build:ui');
  assert.deepEqual(kept, made, 'run: npm run build:ui');
  const bytes = Object.values(kept).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  assert.ok(bytes < 250_000, `${bytes} bytes`);
  assert.doesNotMatch(Object.values(kept).join(''), /https?:\/\/(?!www\.w3\.org\/)/, 'nothing is asked of other hosts');
});
