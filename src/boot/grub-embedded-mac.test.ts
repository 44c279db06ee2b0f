import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { needs } from '../../test/needs.ts';
import { renderMacScript } from './grub-embedded-mac.ts';

const options = { tries: 3, waitSeconds: 5 } as const;

for (const server of [undefined, '10.1.2.3']) {
  test(`the script for Macs ${server ? 'with' : 'without'} an address is accepted by grub-script-check`, (t) => {
    if (!needs(t, 'grub-script-check')) return;
    const input = renderMacScript({ ...options, server });
    execFileSync('grub-script-check', { input, stdio: ['pipe', 'pipe', 'pipe'] });
  });
}

test('the script for Macs asks for an address on all cards before it asks for anything else', () => {
  const text = renderMacScript(options);
  const address = text.indexOf('\n  net_bootp\n');
  assert.ok(address > 0);
  assert.ok(text.indexOf('configfile') > address);
  assert.match(text, /for card in efinet0 efinet1 .*efinet7; do/);
  assert.doesNotMatch(text, /\bpxe\b/, 'there is no PXE on a Mac');
});

test('the script for Macs asks the server that it was made for, then the one of the lease', () => {
  const text = renderMacScript({ ...options, server: '10.1.2.3' });
  const own = text.indexOf('set rackready_server="10.1.2.3"');
  const leased = text.indexOf('set rackready_server="$rackready_next"');
  assert.ok(own > 0 && leased > own);
  assert.match(text, /if \[ -n "\$rackready_next" -a "\$rackready_next" != "10\.1\.2\.3" \]; then/);
  const asked = [...text.matchAll(/configfile "(.*)"/g)].map(([, name]) => name);
  const names = [`\${prefix}/grub.cfg-01-\${rackready_mac}`, `\${prefix}/grub.cfg`];
  assert.deepEqual(asked, [...names, ...names]);
});

test('net_default_server is set whenever a server is asked: without it GRUB sends nothing', () => {
  const lines = renderMacScript({ ...options, server: '10.1.2.3' }).split('\n');
  const chosen = lines.flatMap((line, index) => (/^ *set rackready_server="[^"]/.test(line) ? [index] : []));
  assert.equal(chosen.length, 2);
  for (const index of chosen) assert.match(lines[index + 1] ?? '', /set net_default_server="\$rackready_server"/);
});

test('the script for Macs ends, in a failure where GRUB can say so', () => {
  assert.match(renderMacScript(options), /\nexit 1\n$/);
  assert.match(renderMacScript({ ...options, tries: 2 }), /for try in 1 2; do/);
});

test('what a Mac’s screen shows fits it', () => {
  const shown = renderMacScript({ ...options, server: '255.255.255.255' })
    .split('\n')
    .flatMap((line) => /^ *echo "([^"$]*)"$/.exec(line)?.[1] ?? []);
  assert.ok(shown.length > 8);
  assert.deepEqual(
    shown.filter((line) => line.length > 79),
    [],
  );
});
