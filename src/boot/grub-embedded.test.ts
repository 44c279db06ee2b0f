import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { needs } from '../../test/needs.ts';
import { renderEarlyConfig, renderEmbeddedScript } from './grub-embedded.ts';

const options = { tries: 3, waitSeconds: 10 } as const;

for (const firmware of ['bios', 'uefi'] as const) {
  test(`the embedded script for ${firmware} is accepted by grub-script-check`, (t) => {
    if (!needs(t, 'grub-script-check')) return;
    const input = renderEmbeddedScript({ firmware, ...options, server: '10.1.2.3' });
    execFileSync('grub-script-check', { input, stdio: ['pipe', 'pipe', 'pipe'] });
  });
}

test('grub-script-check refuses the embedded script when a word of it is lost', (t) => {
  if (!needs(t, 'grub-script-check')) return;
  const input = renderEmbeddedScript({ firmware: 'bios', ...options }).replace(/^done$/m, '');
  assert.throws(() => execFileSync('grub-script-check', { input, stdio: ['pipe', 'pipe', 'pipe'] }));
});

test('the early configuration has only what the rescue parser knows', () => {
  assert.equal(renderEarlyConfig(), 'set feature_net_search_cfg=n\nconfigfile (memdisk)/rackready.cfg\n');
});

test('the embedded script leaves UEFI with a failure and BIOS without one', () => {
  assert.match(renderEmbeddedScript({ firmware: 'uefi', ...options }), /\nexit 1\n$/);
  assert.match(renderEmbeddedScript({ firmware: 'bios', ...options }), /\nexit\n$/);
});

test('the embedded script asks by MAC first and then for the common file, as often as it was told', () => {
  const text = renderEmbeddedScript({ firmware: 'bios', ...options, tries: 2 });
  assert.match(text, /for try in 1 2; do/);
  const perMachine = text.indexOf(`configfile "\${prefix}/grub.cfg-01-\${rackready_mac}"`);
  const common = text.indexOf(`configfile "\${prefix}/grub.cfg"`);
  assert.ok(perMachine > 0 && common > perMachine);
});

test('an address given to the embedded script is used only where the lease names no server', () => {
  const text = renderEmbeddedScript({ firmware: 'uefi', ...options, server: '10.1.2.3' });
  assert.match(text, /if \[ -z "\$rackready_server" \]; then set rackready_server="10\.1\.2\.3"; fi/);
  assert.doesNotMatch(renderEmbeddedScript({ firmware: 'uefi', ...options }), /10\.1\.2\.3/);
});

test('a machine that found no server says what proxy mode needs, in lines that fit the screen', () => {
  const text = renderEmbeddedScript({ firmware: 'bios', ...options });
  assert.match(text, /echo "In proxy mode: install ipxe on the deploy host/);
  const shown = text.split('\n').flatMap((line) => /^ *echo "([^"$]*)"$/.exec(line)?.[1] ?? []);
  assert.ok(shown.length > 5);
  assert.deepEqual(
    shown.filter((line) => line.length > 79),
    [],
  );
});
