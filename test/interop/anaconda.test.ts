import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { checkKickstart } from '../../src/boot/kickstart-check.ts';
import type { Rack, RackClient } from '../../src/lab/rack.ts';
import { needs } from '../needs.ts';
import { runUdhcpc } from '../support/dhcp-clients.ts';
import { openSegment, runProgram, startProgram } from '../support/segment.ts';
import { newFolder, startServer, type TestServer } from '../support/server.ts';

/*
 * Anaconda's way through an installation, request by request as its initramfs (dracut's fetch with curl) and its second
 * stage make them; no install media can be had where this runs. Headers and options are those of dracut's
 * fetch-kickstart-net and anaconda-lib.sh.
 */

const SM1 = '00:25:90:96:c4:9a';
const SM1_SECOND = '00:25:90:96:c4:9b';
const SM2 = '00:25:90:96:c6:5a';
const BASE = 'http://172.22.10.2';

/** An install tree with the files that Anaconda asks for; the second stage lies where the version has it. */
function installTree(secondStage: string): string {
  const tree = newFolder('tree');
  chmodSync(tree, 0o755);
  const files = {
    '.treeinfo': `[general]\nfamily = Test\n[stage2]\nmainimage = ${secondStage}\n`,
    'images/pxeboot/vmlinuz': 'kernel',
    'images/pxeboot/initrd.img': 'initrd',
    [secondStage]: 'second stage',
    'repodata/repomd.xml': '<repomd/>',
    'Packages/b/bash-5.1.8-9.el9.x86_64.rpm': '0123456789',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, name)), { recursive: true, mode: 0o755 });
    writeFileSync(join(tree, name), text);
  }
  symlinkSync('/etc/passwd', join(tree, 'out'));
  return tree;
}

interface Lab {
  readonly rack: Rack;
  readonly server: TestServer;
}

async function open(t: TestContext): Promise<Lab> {
  const rack = await openSegment(t);
  const yaml = `
defaults:
  sshKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5oPzrq3Yt8xk2x0m7m0ZtS8Hq3u0V7pX4m2QyJwJcB admin@deploy"]
networks:
  management:
    interface: br0
    subnet: 172.22.10.0/24
    address: 172.22.10.2
    router: 172.22.10.1
    dhcp:
      mode: authoritative
      conflictProbe: false
      pools: [{ range: 172.22.10.100-172.22.10.120 }]
profiles:
  rocky-9: { os: rocky-9, source: ${installTree('images/install.img')} }
  centos-7: { os: centos-7, source: "file://${installTree('LiveOS/squashfs.img')}" }
machines:
  sm1: { macs: ["${SM1}", "${SM1_SECOND}"], address: 172.22.10.55, profile: rocky-9 }
  sm2: { mac: "${SM2}", address: 172.22.10.56, profile: centos-7 }
`;
  return { rack, server: await startServer(t, { yaml }) };
}

async function install(server: TestServer, machine: string): Promise<void> {
  const told = server.nextEvent('install.granted', { machine });
  const ran = await server.rackready('install', machine);
  assert.equal(ran.code, 0, ran.stderr);
  await told;
}

interface Got {
  readonly status: number;
  readonly body: string;
}

/** One request of the initramfs: its curl options, the headers of inst.ks.sendmac and inst.ks.sendsn. */
async function fetchAs(client: RackClient, macs: readonly string[], url: string, more: string[] = []): Promise<Got> {
  const headers = [
    'X-Anaconda-Architecture: x86_64',
    'X-Anaconda-System-Release: Rocky Linux',
    ...macs.map((mac, index) => `X-RHN-Provisioning-MAC-${index}: ${mac}`),
    'X-System-Serial-Number: S111111X4',
  ];
  const options = ['--silent', '--location', '--max-time', '20', ...headers.flatMap((header) => ['-H', header])];
  const argv = ['curl', ...options, ...more, '--write-out', '\n%{http_code}', url];
  const { text } = await runProgram([...client.prefix, ...argv]);
  const end = text.lastIndexOf('\n');
  return { status: Number(text.slice(end + 1)), body: text.slice(0, end) };
}

/** The commands of a kickstart's scripts that report to the server, run as they stand in the file, after `before`. */
async function runReport(client: RackClient, kickstart: string, report: string, before = ''): Promise<void> {
  const line = kickstart.split('\n').find((one) => one.includes('curl ') && one.includes(`/${report}'`));
  assert.ok(line, `there is no command for ${report}`);
  const { code, text } = await runProgram([...client.prefix, 'sh', '-c', `${before}\n${line}`]);
  assert.equal(code, 0, text);
}

test('Anaconda of Rocky 9: loader, kickstart, tree, reports, and afterwards the disk', async (t) => {
  if (!needs(t, 'ip', 'udhcpc', 'curl')) return;
  const { rack, server } = await open(t);
  const client = await rack.addClient('sm1', { mac: SM1 });
  assert.match((await runUdhcpc(client)).text, /bound ip=172\.22\.10\.55 /);
  // Its initramfs asks again, by its own name (dracut's parse-anaconda-net), and has the same address.
  const asInstaller = await runUdhcpc(client, '-V', 'anaconda-Linux 5.14.0-503.el9.x86_64 x86_64');
  assert.match(asInstaller.text, /bound ip=172\.22\.10\.55 /);
  await server.event('dhcp.ack', { machine: 'sm1', client: /^installer, anaconda-Linux/ });
  const get = (url: string, ...more: string[]) => fetchAs(client, [`ens3 ${SM1_SECOND}`, `ens4 ${SM1}`], url, more);
  assert.match((await get(`${BASE}/ipxe/boot.ipxe`)).body, /boots from disk/, 'without a grant nothing is installed');

  await install(server, 'sm1');
  const { body: script } = await get(`${BASE}/ipxe/boot.ipxe`);
  assert.match(script, /BOOTIF=01-00-25-90-96-c4-9a/);
  assert.equal((await get(`${BASE}/os/rocky-9/linux`)).body, 'kernel');
  assert.equal((await get(`${BASE}/os/rocky-9/initrd`)).body, 'initrd');
  const [, url = ''] = /inst\.ks=(\S+)/.exec(script) ?? [];
  const [, repo = ''] = /inst\.repo=(\S+)/.exec(script) ?? [];

  const kickstart = await get(url, '--retry', '3', '--retry-connrefused');
  assert.equal(kickstart.status, 200);
  assert.deepEqual(checkKickstart(kickstart.body, 'rhel9'), []);
  assert.match(kickstart.body, new RegExp(`^url --url='${repo}'$`, 'm'));
  await server.event('answer.fetched', { machine: 'sm1' });
  assert.equal((await get(url)).status, 410, 'a second time it is not given');
  assert.equal((await get(`${BASE}/ks.cfg`)).status, 404, 'nor by the other way');

  // Once in the initramfs, once more after switch-root.
  for (let times = 0; times < 2; times++) {
    assert.match((await get(`${repo}/.treeinfo`)).body, /mainimage = images\/install\.img/);
  }
  assert.equal((await get(`${repo}/images/install.img`)).body, 'second stage');
  for (const name of ['images/updates.img', 'images/product.img', 'treeinfo']) {
    assert.equal((await get(`${repo}/${name}`)).status, 404);
    const miss = await server.event('http.not-found', { path: `/tree/rocky-9/${name}` });
    assert.equal(miss.data?.expected, true, `${name} is missed as a matter of course`);
  }
  assert.equal((await get(`${repo}/repodata/repomd.xml`)).body, '<repomd/>');
  const rpm = await get(`${repo}/Packages/b/bash-5.1.8-9.el9.x86_64.rpm`, '--range', '4-7');
  assert.deepEqual(rpm, { status: 206, body: '4567' });
  assert.equal((await get(`${repo}/out`)).status, 403, 'a link that leads out of the tree');
  assert.equal((await get(`${BASE}/tree/rocky-9/%2e%2e/%2e%2e/etc/passwd`, '--path-as-is')).status, 400);

  await runReport(client, kickstart.body, 'started');
  await server.event('install.started', { machine: 'sm1' });
  const chosen = 'found=/dev/sda; stable=/dev/disk/by-id/ata-A_1; bytes=4000000000; nic=ens4';
  await runReport(client, kickstart.body, 'chosen', chosen);
  await server.event('install.chosen', { machine: 'sm1', diskId: '/dev/disk/by-id/ata-A_1' });
  const shown = await server.rackready('machines', 'sm1');
  assert.match(
    shown.stdout.toString(),
    /^disk: +\/dev\/disk\/by-id\/ata-A_1 \(\/dev\/sda\), 4\.0 GB\nnetwork card: ens4$/m,
  );
  await runReport(client, kickstart.body, 'done', 'root=/nowhere');
  await server.event('install.reported', { machine: 'sm1' });
  assert.match((await get(`${BASE}/ipxe/boot.ipxe`)).body, /boots from disk/);
  const late = await runProgram([...client.prefix, 'sh', '-c', onError(kickstart.body)]);
  assert.equal(late.code, 0, late.text);
  assert.deepEqual(
    server.events.filter(({ id }) => id === 'install.failed'),
    [],
    'a report with a token that is used up changes nothing',
  );
  // Installed it is only when its own system answers. No host key was reported here, so that nothing is compared.
  const sshd = "require('net').createServer((one) => one.end('SSH-2.0-Test\\r\\n')).listen(22)";
  startProgram(t, [...client.prefix, process.execPath, '-e', sshd]);
  const done = await server.event('install.done', { machine: 'sm1' });
  assert.match(
    String(done.data?.how),
    /SSH answers at 172\.22\.10\.55, and it .*; host key not checked: the installer reported none/,
  );
});

/** The commands of %onerror. */
function onError(kickstart: string): string {
  return /^%onerror\n([\s\S]*?)^%end$/m.exec(kickstart)?.[1] ?? assert.fail('there is no %onerror');
}

test('Anaconda of Rocky 9 that stops with an error: reported with its log, and one command starts again', async (t) => {
  if (!needs(t, 'ip', 'udhcpc', 'curl')) return;
  const { rack, server } = await open(t);
  const client = await rack.addClient('sm1', { mac: SM1 });
  await runUdhcpc(client);
  const get = (url: string) => fetchAs(client, [`ens3 ${SM1}`], url);
  const fetchKickstart = async () => {
    const [, url = ''] = /inst\.ks=(\S+)/.exec((await get(`${BASE}/ipxe/boot.ipxe`)).body) ?? [];
    return get(url);
  };
  await install(server, 'sm1');
  const first = await fetchKickstart();
  assert.equal(first.status, 200);
  const ran = await runProgram([...client.prefix, 'sh', '-c', onError(first.body)]);
  assert.equal(ran.code, 0, ran.text);
  await server.event('install.failed', { machine: 'sm1', reason: 'Anaconda stopped with an error' });
  const log = await server.event('install.log', { machine: 'sm1' });
  assert.match(String(log.data?.text), /^== \/tmp\/anaconda\.log/);
  assert.match((await get(`${BASE}/ipxe/boot.ipxe`)).body, /boots from disk: no installation is granted/);
  await install(server, 'sm1');
  assert.equal((await fetchKickstart()).status, 200);
});

test('Anaconda of CentOS 7 by the classic /ks.cfg: only under grant, only from the machine’s own address', async (t) => {
  if (!needs(t, 'ip', 'udhcpc', 'curl')) return;
  const { rack, server } = await open(t);
  const client = await rack.addClient('sm2', { mac: SM2 });
  await runUdhcpc(client);
  const stranger = await rack.addClient('other', { mac: '02:00:00:00:00:99' });
  await runUdhcpc(stranger);
  const own = [`eth0 02:00:00:00:00:11`, `eth1 ${SM2.toUpperCase()}`];
  const url = `${BASE}/ks.cfg`;
  const refused = async (from: RackClient, macs: string[], status: number, reason: RegExp) => {
    const got = await fetchAs(from, macs, url);
    assert.equal(got.status, status, got.body);
    assert.match(got.body, reason);
  };
  await refused(client, own, 404, /no installation of sm2 is granted: rackready install sm2/);
  await install(server, 'sm2');
  await refused(client, [], 403, /names no MAC address/);
  await refused(client, [`eth0 ${SM1}`], 403, /belongs to sm2, and the request names 00:25:90:96:c4:9a/);
  await refused(stranger, own, 403, /belongs to m-02-00-00-00-00-99/);
  const unleased = await rack.addClient('unleased', { mac: '02:00:00:00:00:98' });
  const addressed = [...unleased.prefix, 'ip', 'address', 'add', '172.22.10.77/24', 'dev', unleased.interfaceName];
  assert.equal((await runProgram(addressed)).code, 0);
  await refused(unleased, own, 403, /172\.22\.10\.77 has no lease of ours/);

  const got = await fetchAs(client, own, url, ['--retry', '3']);
  assert.equal(got.status, 200, got.body);
  assert.deepEqual(checkKickstart(got.body, 'rhel7'), []);
  await server.event('answer.fetched', { machine: 'sm2', file: 'ks.cfg' });
  await refused(client, own, 404, /handed over already/);
  const repo = `${BASE}/tree/centos-7`;
  assert.equal((await fetchAs(client, own, `${repo}/images/install.img`)).status, 404);
  assert.equal((await fetchAs(client, own, `${repo}/LiveOS/squashfs.img`)).body, 'second stage');

  const failure = got.body.split('\n').find((line) => line.startsWith('{ echo ')) ?? '';
  const { code, text } = await runProgram([...client.prefix, 'sh', '-c', failure]);
  assert.equal(code, 0, text);
  await server.event('install.failed', { machine: 'sm2', reason: 'Anaconda broke down' });
});
