import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { needs } from '../needs.ts';
import { CARDS, configuration, MAC_TOOLS } from '../support/mac-config.ts';
import { type Ended, ip, openSegment, runProgram } from '../support/segment.ts';
import { startServer } from '../support/server.ts';

/* `rackready lab mac`, as an operator runs it. */

const LAUNCHER = resolve(import.meta.dirname, '..', '..', 'rackready');

interface LabReport {
  readonly outcome: { readonly kind: string };
  readonly steps: readonly {
    readonly kind: string;
    readonly text: string;
    readonly file?: { readonly sha256: string };
  }[];
  readonly server: readonly { readonly id: string }[];
}

function lab(...words: string[]): Promise<Ended> {
  // Without the mark of this test's own enclosure: the command makes its own, as on a host.
  const command = ['env', '-u', 'RACKREADY_ENCLOSED', LAUNCHER, 'lab', 'mac', ...words];
  return runProgram(command, 240_000);
}

/** In /tmp: the command's own enclosure has another /run, with the usual temp folder in it. */
function writeYaml(t: TestContext, yaml: string): string {
  const folder = mkdtempSync('/tmp/rackready-lab-');
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'rack.yaml');
  writeFileSync(path, yaml, { mode: 0o644 });
  return path;
}

test('rackready lab mac tries a configuration in a rack of its own', async (t) => {
  if (!needs(t, ...MAC_TOOLS, 'unshare')) return;
  const config = writeYaml(t, configuration());
  const json = await lab('--config', config, '--json');
  assert.equal(json.code, 0, json.text);
  const report = JSON.parse(json.text) as LabReport;
  assert.equal(report.outcome.kind, 'boots');
  const loaded = report.steps.find(({ kind }) => kind === 'loaded');
  assert.match(loaded?.file?.sha256 ?? '', /^[0-9a-f]{64}$/);
  assert.ok(report.server.some(({ id }) => id === 'bsdp.select'));
  const silent = await lab('new', '--config', config, '--model', 'Macmini8,1', '--tries', '1');
  assert.equal(silent.code, 1, silent.text);
  assert.match(silent.text, /It would send nothing/);
  assert.match(silent.text, /cannot be booted: Macmini8,1 has an Apple T2 chip/);
});

test('rackready lab mac in proxy mode brings the other DHCP server along, and a second NetBoot server when asked to', async (t) => {
  if (!needs(t, ...MAC_TOOLS, 'unshare')) return;
  const config = writeYaml(t, configuration({ mode: 'proxy' }));
  const { code, text } = await lab('--config', config, '--second-server', '--way', 'menu', '--select', 'Install Linux');
  assert.equal(code, 0, text);
  assert.match(text, /another host, 172\.22\.10\.254, gives out addresses, as dhcp\.mode proxy says/);
  assert.match(text, /Somebody else’s image/);
  assert.match(text, /starts mac\/x86_64\.efi/);
});

test('rackready lab mac says what is wrong with a configuration before it builds anything', async (t) => {
  const config = writeYaml(t, 'networks: { a: { interface: br0 } }\n');
  const { code, text } = await lab('--config', config, '--json');
  assert.equal(code, 78, text);
  const { error } = JSON.parse(text) as { error: { code: string; message: string } };
  assert.equal(error.code, 'config-invalid');
  assert.match(error.message, /rack\.yaml:1:\d+: /);
});

/** Names and addresses. Not their states: the kernel takes up to a second to see that a bridge has lost its last port. */
function cards(): string[] {
  return ip('-br link')
    .split('\n')
    .map((line) => line.replace(/^(\S+?)(?:@\S+)? +\S+ +(\S+) .*$/, '$1 $2'));
}

for (const how of ['bridge', 'macvlan'] as const) {
  test(`rackready lab mac joins a real network, by ${how}, and leaves nothing behind`, async (t) => {
    if (!needs(t, ...MAC_TOOLS, 'unshare')) return;
    const rack = await openSegment(t);
    await startServer(t, { yaml: configuration() });
    const card = how === 'bridge' ? rack.bridge : 'card0';
    if (how === 'macvlan') {
      ip('link add card0 type veth peer name port0');
      ip(`link set port0 master ${rack.bridge} up`);
      ip('link set card0 up');
    }
    const before = cards();
    const { code, text } = await lab('--interface', card, '--mac', CARDS.mm1, '--model', 'Macmini6,2');
    assert.equal(code, 0, text);
    assert.match(text, how === 'bridge' ? /by a port of this bridge/ : /\(macvlan\)/);
    assert.match(text, /starts mac\/x86_64\.efi/);
    assert.deepEqual(cards(), before);
  });
}
