import { existsSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { debianPackageOf, findProgram } from '../src/lab/programs.ts';

/**
 * Whether this host has the programs (names) and files (absolute paths) that a test drives. When not: on a user's machine the
 * test is skipped with a reason that names the Debian packages; under CI=true, where the project's own setup has installed
 * them, it fails.
 *
 *     test('…', (t) => {
 *       if (!needs(t, 'udhcpc', '/usr/lib/shim/shimx64.efi.signed')) return;
 */
export function needs(t: TestContext, ...tools: string[]): boolean {
  const missing = tools.filter((tool) => (tool.startsWith('/') ? !existsSync(tool) : findProgram(tool) === undefined));
  if (missing.length === 0) return true;
  const reason = `missing ${missing.map(describe).join(', ')}`;
  if (process.env.CI === 'true') throw new Error(`${reason}; under CI=true nothing may be missing`);
  t.skip(`${reason}; "sudo ./rackready setup --for tests" installs it`);
  return false;
}

function describe(tool: string): string {
  const debianPackage = debianPackageOf(tool);
  return debianPackage ? `${tool} (Debian package ${debianPackage})` : tool;
}
