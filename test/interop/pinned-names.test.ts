import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderAnswer } from '../../src/boot/answer.ts';
import { createTemplates } from '../../src/boot/template.ts';
import { mac } from '../../src/net/mac.ts';
import { defaults, machine, network, profileOf, readShippedTemplate } from '../boot-values.ts';
import { needs } from '../needs.ts';
import { ip, runProgram } from '../support/segment.ts';
import { newFolder } from '../support/server.ts';
import { runLastCommands } from '../support/target.ts';

/*
 * After an installation the network cards keep the names that the installer saw, and the SSH host keys are made and
 * reported. The commands of the answer files are run below a folder that stands for the new system; the files that they
 * leave are read by udev.
 */

const FIRST = '00:25:90:96:c4:9a';
const SECOND = '00:25:90:96:c4:9b';
/** The second card, one of another machine's number, and a bridge with the first card's address. */
const CARDS = { ens3: FIRST, enp5s0: SECOND, ens9: '02:00:00:00:00:01', eth0: SECOND, br0: FIRST };
const SYSTEMS = ['debian-12', 'debian-13', 'rocky-9', 'rocky-10', 'alma-9', 'alma-10', 'ubuntu-24.04', 'ubuntu-26.04'];

function render(os: string): string {
  const rendered = renderAnswer(createTemplates(readShippedTemplate), {
    machine: machine({ macs: [mac(FIRST), mac(SECOND)] }),
    profile: profileOf(os),
    network,
    defaults,
    mac: mac(FIRST),
    httpPort: 80,
    token: 'T0KEN',
  });
  return rendered.kind === 'text' ? rendered.text : assert.fail(JSON.stringify(rendered.problem));
}

for (const os of [...SYSTEMS, 'centos-7']) {
  test(`${os}: host keys are made before the first start, and reported`, async (t) => {
    if (!needs(t, 'busybox', 'bash', 'ssh-keygen')) return;
    // Debian’s openssh-server makes its keys when it is installed.
    const isDebian = os.startsWith('debian');
    const files: Record<string, string> = {};
    if (isDebian) {
      const folder = newFolder('keys');
      mkdirSync(join(folder, 'etc/ssh'), { recursive: true });
      execFileSync('ssh-keygen', ['-A', '-f', folder], { stdio: 'ignore' });
      for (const name of readdirSync(join(folder, 'etc/ssh'))) {
        files[`etc/ssh/${name}`] = readFileSync(join(folder, 'etc/ssh', name), 'utf8');
      }
    }
    const { code, text, read } = await runLastCommands(render(os), { cards: CARDS, files });
    assert.equal(code, 0, text);
    const type = (name: string) => read(`etc/ssh/ssh_host_${name}_key.pub`).split(' ').slice(0, 2).join(' ').trim();
    const log = read('log');
    assert.ok(log.includes('/report/T0KEN/done'), log);
    const keys: string[] = log.match(/(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp256) [A-Za-z0-9+/=]{60,}/g) ?? [];
    for (const name of ['ed25519', 'rsa', 'ecdsa'])
      assert.ok(keys.includes(type(name)), `${name} in ${keys.join('\n')}`);
  });
}

for (const os of SYSTEMS) {
  test(`${os}: every card of the machine keeps its name, and no other`, async (t) => {
    if (!needs(t, 'busybox', 'bash', 'ssh-keygen')) return;
    const { code, text, root, read } = await runLastCommands(render(os), { cards: CARDS });
    assert.equal(code, 0, text);
    const folder = 'etc/systemd/network';
    assert.deepEqual(readdirSync(join(root, folder)).toSorted(), [
      '10-rackready-enp5s0.link',
      '10-rackready-ens3.link',
    ]);
    assert.equal(
      read(`${folder}/10-rackready-ens3.link`),
      `[Match]\nPermanentMACAddress=${FIRST}\n\n[Link]\nName=ens3\nAlternativeNamesPolicy=database onboard slot path\n`,
    );
  });
}

test('centos-7: what Anaconda wrote for a card is bound to its MAC address', async (t) => {
  if (!needs(t, 'bash', 'ssh-keygen')) return;
  const folder = 'etc/sysconfig/network-scripts';
  const files = {
    [`${folder}/ifcfg-ens3`]: 'TYPE=Ethernet\nDEVICE=ens3\nONBOOT=yes\n',
    [`${folder}/ifcfg-enp5s0`]: 'DEVICE=enp5s0\nHWADDR=00:25:90:96:C4:9B\n',
    [`${folder}/ifcfg-ens9`]: 'DEVICE=ens9\n',
  };
  const { code, text, read, has } = await runLastCommands(render('centos-7'), { cards: CARDS, files });
  assert.equal(code, 0, text);
  assert.equal(read(`${folder}/ifcfg-ens3`), `${files[`${folder}/ifcfg-ens3`]}HWADDR=${FIRST}\n`);
  assert.equal(read(`${folder}/ifcfg-enp5s0`), files[`${folder}/ifcfg-enp5s0`], 'it has one already');
  assert.equal(read(`${folder}/ifcfg-ens9`), files[`${folder}/ifcfg-ens9`]);
  assert.ok(!has('etc/systemd/network'), 'systemd 219 knows no PermanentMACAddress');
});

test('udev reads the file that names a card, and takes it for the card', async (t) => {
  if (!needs(t, 'udevadm', 'ip', 'busybox', 'ssh-keygen')) return;
  ip(`link add v0 address ${FIRST} type veth peer name v1`);
  const { read } = await runLastCommands(render('debian-13'), { cards: { ens3: FIRST } });
  const link = read('etc/systemd/network/10-rackready-ens3.link');
  const ask = async (text: string): Promise<string> => {
    const folder = newFolder('link');
    writeFileSync(join(folder, '10-rackready-ens3.link'), text);
    const steps = ['mount -t sysfs none /sys', `mount --bind ${folder} /etc/systemd/network`];
    const look = 'exec udevadm test-builtin net_setup_link /sys/class/net/v0';
    return (await runProgram(['unshare', '--mount', 'sh', '-c', [...steps, look].join(' && ')])).text;
  };
  const told = await ask(link);
  assert.match(told, /Parsed configuration file "\/etc\/systemd\/network\/10-rackready-ens3\.link"/);
  assert.doesNotMatch(told, /10-rackready-ens3\.link:[0-9]+:/, 'udev has no complaint');
  assert.match(await ask(`${link}Nmae=x\n`), /10-rackready-ens3\.link:7: Unknown key/, 'udev does look');
  // A virtual card has no address that is burnt in, so here the present one has to do.
  const chosen = await ask(link.replace('PermanentMACAddress', 'MACAddress'));
  assert.match(chosen, /^ID_NET_LINK_FILE=\/etc\/systemd\/network\/10-rackready-ens3\.link$/m);
  assert.match(chosen, /^ID_NET_NAME=ens3$/m);
});
