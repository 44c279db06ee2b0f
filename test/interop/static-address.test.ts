import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type AnswerInput, renderAnswer } from '../../src/boot/answer.ts';
import { createTemplates } from '../../src/boot/template.ts';
import { readPlainYaml } from '../../src/config/plain-yaml.ts';
import type { Network } from '../../src/lease/network.ts';
import { ipv4 } from '../../src/net/ipv4.ts';
import { mac } from '../../src/net/mac.ts';
import { defaults, machine, network, profileOf, readShippedTemplate } from '../boot-values.ts';
import { needs } from '../needs.ts';
import { openSegment, runProgram } from '../support/segment.ts';
import { newFolder } from '../support/server.ts';
import { runLastCommands } from '../support/target.ts';

/*
 * What the installed system is told of its static address, read by that system's own programs: ifupdown brings it up on a
 * card, netplan makes systemd-networkd's files of it. NetworkManager, which Anaconda hands it to, is checked by our own
 * kickstart check only.
 */

const SM1 = '00:25:90:96:c4:9a';
const rack: Network = { ...network, mtu: 1400, dns: [ipv4('172.22.10.1'), ipv4('9.9.9.9')] };

function render(os: string, over: Partial<AnswerInput> = {}): string {
  const rendered = renderAnswer(createTemplates(readShippedTemplate), {
    machine: machine({ addressing: 'static' }),
    profile: profileOf(os),
    network: rack,
    defaults,
    mac: mac(SM1),
    httpPort: 80,
    token: 'T0KEN',
    ...over,
  });
  return rendered.kind === 'text' ? rendered.text : assert.fail(JSON.stringify(rendered.problem));
}

for (const os of ['debian-12', 'debian-13']) {
  test(`${os}: ifupdown brings the static address up on the card that has the MAC address`, async (t) => {
    if (!needs(t, 'ip', 'ifup', 'ifquery', 'busybox')) return;
    const segment = await openSegment(t);
    const client = await segment.addClient('sm1', { mac: SM1 });
    const { code, text, root, read } = await runLastCommands(render(os), {
      cards: { aa0: '02:00:00:00:00:01', br0: SM1, [client.interfaceName]: SM1 },
    });
    assert.equal(code, 0, text);
    const interfaces = join(root, 'etc/network/interfaces');
    // The installed system has this folder; ifupdown warns of none.
    const file = join(root, 'interfaces');
    writeFileSync(file, read('etc/network/interfaces').replace(/^source .*\n/, ''));
    assert.match(read('etc/network/interfaces'), /^source \/etc\/network\/interfaces\.d\/\*\n/);
    assert.equal(read('etc/resolv.conf'), 'search lonimbus.com\nnameserver 172.22.10.1\nnameserver 9.9.9.9\n');
    const listed = await runProgram(['ifquery', '-i', interfaces, '--list', '--allow', 'auto']);
    assert.deepEqual(listed.text.trim().split('\n'), ['lo', client.interfaceName]);
    const state = newFolder('ifstate');
    const up = [...client.prefix, 'ifup', '--force', '--state-dir', state, '-i', file, client.interfaceName];
    const brought = await runProgram(up);
    assert.equal(brought.code, 0, brought.text);
    await assertAddressed(client.prefix, client.interfaceName);
  });
}

async function assertAddressed(prefix: readonly string[], card: string): Promise<void> {
  const show = async (...words: string[]) => (await runProgram([...prefix, 'ip', '-4', '-o', ...words])).text;
  assert.match(await show('address', 'show', 'dev', card), /inet 172\.22\.10\.55\/24 /);
  assert.match(await show('route', 'show', 'default'), /^default via 172\.22\.10\.1 /);
  assert.match(await show('link', 'show', 'dev', card), / mtu 1400 /);
}

test('debian: without the card the installation fails, and says so', async (t) => {
  if (!needs(t, 'busybox')) return;
  const { code, read } = await runLastCommands(render('debian-13'), {
    cards: { ens3: '02:00:00:00:00:01', br0: SM1 },
  });
  assert.notEqual(code, 0);
  assert.match(read('log'), /No network card has the MAC address 00:25:90:96:c4:9a.*\/report\/T0KEN\/failed/);
  assert.doesNotMatch(read('log'), /\/done/);
});

/** The files that netplan makes of the network section of an autoinstall file, below a folder. */
async function generate(t: TestContext, text: string): Promise<string | undefined> {
  if (!needs(t, 'netplan')) return undefined;
  const read = readPlainYaml(text);
  assert.ok(read.kind === 'data');
  const { autoinstall } = read.data as { autoinstall: { network: object } };
  const root = newFolder('netplan');
  mkdirSync(join(root, 'etc/netplan'), { recursive: true });
  // JSON is YAML. subiquity writes the section there, below the key network.
  const file = join(root, 'etc/netplan/00-installer-config.yaml');
  writeFileSync(file, JSON.stringify({ network: autoinstall.network }), { mode: 0o600 });
  const ran = await runProgram(['netplan', 'generate', '--root-dir', root]);
  assert.equal(ran.code, 0, ran.text);
  return readFileSync(join(root, 'run/systemd/network/10-netplan-boot.network'), 'utf8');
}

for (const os of ['ubuntu-24.04', 'ubuntu-26.04']) {
  test(`${os}: netplan takes the network section, for the card that has the MAC address`, async (t) => {
    const fixed = await generate(t, render(os));
    if (fixed === undefined) return;
    const lines = fixed.split('\n');
    for (const line of [
      // Debian's netplan matches the address that cannot be changed; older ones said MACAddress.
      'PermanentMACAddress=00:25:90:96:c4:9a',
      'Address=172.22.10.55/24',
      'Gateway=172.22.10.1',
      'DNS=172.22.10.1',
      'DNS=9.9.9.9',
      'Domains=lonimbus.com',
    ]) {
      assert.ok(lines.includes(line), `${line} in:\n${fixed}`);
    }
    assert.doesNotMatch(fixed, /DHCP=/);
    const byDhcp = (await generate(t, render(os, { machine: machine() }))) ?? '';
    assert.match(byDhcp, /DHCP=ipv4[\s\S]*ClientIdentifier=mac/);
    assert.doesNotMatch(byDhcp, /^Address=/m);
  });
}
