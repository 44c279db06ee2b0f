import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadSettings } from '../config/load.ts';
import { demoMachines, findInstaller, type Installer, renderDemoConfig } from './demo-config.ts';

function fakeInstallers(folder: string, versions: readonly number[]): void {
  for (const version of versions) {
    const files = join(folder, String(version), 'amd64/text/debian-installer/amd64');
    mkdirSync(files, { recursive: true });
    writeFileSync(join(files, 'linux'), 'kernel');
    writeFileSync(join(files, 'initrd.gz'), 'initrd');
  }
}

test('findInstaller() takes the newest, by number, and names the package when there is none', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'rackready-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  assert.deepEqual(findInstaller(folder), { missing: 'debian-installer-12-netboot-amd64' });
  fakeInstallers(folder, [9, 12]);
  mkdirSync(join(folder, '13'));
  assert.equal((findInstaller(folder) as Installer).version, 12);
});

test('the demo’s configuration has no problems', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'rackready-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  fakeInstallers(folder, [12]);
  const path = join(folder, 'rackready.yaml');
  writeFileSync(path, renderDemoConfig(findInstaller(folder) as Installer));
  const result = await loadSettings({ path });
  assert.equal(result.kind, 'settings', JSON.stringify(result));
  if (result.kind !== 'settings') return;
  assert.deepEqual(
    [...result.settings.machines.keys()],
    demoMachines.map(({ name }) => name),
  );
});
