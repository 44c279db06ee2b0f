import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { RackClient } from '../../src/lab/rack.ts';
import type { Story } from '../../src/story/story.ts';
import { needs } from '../needs.ts';
import { askApi, fakePc, followStories } from '../support/fake-pc.ts';
import { ip, openSegment, runProgram, startProgram, tshark } from '../support/segment.ts';
import { newFolder, rackready, startServer, writeConfig } from '../support/server.ts';

/* Wake-on-LAN from the running server, to the cards of machines that nobody here wrote. */

const SERVER = '172.22.10.2';
const BOX = '02:00:00:00:00:0a';
const FAR = '02:00:00:00:00:0f';
const SECRET = '01:02:03:04:05:fe';

function configuration(): string {
  const folder = newFolder('boot');
  for (const name of ['linux', 'initrd']) writeFileSync(join(folder, name), Buffer.alloc(30_000, 1));
  chmodSync(folder, 0o755);
  return `
server: { user: nobody }
networks:
  lab:
    interface: br0
    subnet: 172.22.10.0/24
    address: ${SERVER}
    dhcp: { mode: authoritative, conflictProbe: false, pools: [{ range: 172.22.10.5-172.22.10.30 }] }
  branch:
    subnet: 10.77.0.0/24
    address: ${SERVER}
    dhcp: { mode: authoritative }
  watched:
    interface: br1
    subnet: 10.5.0.0/24
    address: 10.5.0.1
    dhcp: { mode: observe }
profiles:
  debian: { os: debian-12, kernel: ${folder}/linux, initrd: ${folder}/initrd }
machines:
  box: { mac: "${BOX}", address: 172.22.10.61, profile: debian, power: { password: "${SECRET}" } }
  far: { mac: "${FAR}", address: 10.77.0.7 }
  seen: { mac: "02:00:00:00:00:0e", address: 10.5.0.7 }
  old: { macs: ["02:00:00:00:00:1a", "02:00:00:00:00:1b"], address: 172.22.10.62, profile: debian }
`;
}

async function open(t: TestContext) {
  const segment = await openSegment(t);
  await openSegment(t, { bridge: 'br1', address: '10.5.0.1/24', bridgeMac: '02:00:0a:05:00:01' });
  const config = writeConfig(configuration());
  chmodSync(dirname(config), 0o755);
  // What it sends later it sends without root, wherever that can be given up.
  const server = await startServer(t, { config });
  const { data } = await server.event('server.privileges');
  t.diagnostic(`${data?.state}: ${data?.reason}`);
  const cli = async (...args: string[]) => {
    const ran = await server.rackready(...args);
    return { ...ran, text: ran.stdout.toString() };
  };
  return { segment, server, cli };
}

/** Records so many magic packets on the card of a host; what comes back waits for them, and gives the file. */
async function listen(t: TestContext, { prefix, interfaceName }: RackClient, count: number) {
  const file = join(newFolder('wake'), 'wol.pcap');
  const argv = ['tcpdump', '-i', interfaceName, '-U', '--immediate-mode', '-Z', 'root', '-c', `${count}`, '-w', file];
  const tcpdump = startProgram(t, [...prefix, ...argv, 'udp', 'port', '9']);
  await tcpdump.printed(/listening on/);
  const ended = once(tcpdump.child, 'close');
  return async () => {
    await ended;
    return file;
  };
}

test('a grant with --wake: the packet arrives with its password, and the boot that follows begins with it', async (t) => {
  if (!needs(t, 'ip', 'tcpdump', 'tshark', 'udhcpc', 'curl')) return;
  const { segment, server, cli } = await open(t);
  const client = await segment.addClient('box', { mac: BOX });
  const heard = await listen(t, client, 3);
  const stream = followStories(t, server.data, '?machine=box');
  const granted = await cli('install', 'box', '--wake');
  assert.equal(granted.code, 0, granted.stderr);
  assert.match(granted.text, /may now be installed with debian, once.*\n.*WILL BE ERASED /);
  assert.match(granted.text, /^It is woken now:\nbox is woken on lab \(02:00:00:00:00:0a\) by br0$/m);
  const file = await heard();
  const rows = await tshark(file, 'wol', 'eth.dst', 'ip.src', 'udp.dstport');
  const row = ['ff:ff:ff:ff:ff:ff', SERVER, '9'];
  assert.deepEqual(rows, [row, row, row]);
  const { text } = await runProgram(['tshark', '-r', file, '-c', '1', '-V', '-O', 'wol']);
  assert.match(text, new RegExp(`MAC: .*\\(${BOX}\\)[^]*Password: ${SECRET}`));

  const awaited = await stream.until(({ wokenAt }) => wokenAt !== undefined);
  assert.deepEqual([awaited.stages, awaited.outcome], [[], 'running']);
  await fakePc(client, SERVER).dhcp('uefi');
  const booting = await stream.until(({ stages }) => stages.length > 0);
  assert.equal(booting.wokenAt, awaited.wokenAt);
  assert.deepEqual(booting.diagnoses, []);
  assert.match((await cli('story', 'box')).text, /^. woken {6}\d\d:\d\d:\d\d {4}\d:\d\d\n. firmware/m);
  const everything = [granted.text, (await cli('events', '--json', '--last', '500')).text].join('\n');
  assert.doesNotMatch(everything, /01:02:03:04/);
  assert.match(everything, /"id":"power\.wake\.sent"/);
});

test('through a router, which lets a directed broadcast through when it is told to', async (t) => {
  if (!needs(t, 'ip', 'tcpdump', 'tshark', '/proc/sys/net/ipv4/conf/all/bc_forwarding')) return;
  const { segment, cli } = await open(t);
  const router = await segment.addClient('router', { mac: '02:00:00:00:00:01' });
  ip(`-n router address add 172.22.10.9/24 dev ${router.interfaceName}`);
  ip('netns add far');
  t.after(() => ip('netns delete far'));
  ip(`link add down0 netns router type veth peer name eth0 netns far address ${FAR}`);
  ip('-n router address add 10.77.0.1/24 dev down0');
  ip('-n router link set down0 up');
  ip('-n far link set eth0 up');
  ip('route add 10.77.0.0/24 via 172.22.10.9');
  const names = ['ip_forward', 'conf.all.bc_forwarding', `conf.${router.interfaceName}.bc_forwarding`];
  for (const name of names) {
    const path = `/proc/sys/net/ipv4/${name.replaceAll('.', '/')}`;
    const set = await runProgram([...router.prefix, 'sh', '-c', `echo 1 > ${path}`]);
    assert.equal(set.code, 0, set.text);
  }
  const far = { namespace: 'far', interfaceName: 'eth0', prefix: ['ip', 'netns', 'exec', 'far'] };
  const heard = await listen(t, far, 3);
  const woken = await cli('wake', 'far');
  assert.equal(woken.code, 0, woken.stderr);
  assert.match(woken.text, /^far is woken on branch \(.*\) by directed broadcast to 10\.77\.0\.255: its router has to/);
  const rows = await tshark(await heard(), 'wol', 'eth.dst', 'ip.dst');
  assert.deepEqual(rows[0], ['ff:ff:ff:ff:ff:ff', '10.77.0.255']);
});

test('several machines, of which some cannot be woken: each says why, and the others are', async (t) => {
  if (!needs(t, 'ip', 'curl')) return;
  const { segment, server, cli } = await open(t);
  const many = await cli('wake', 'boxx', 'seen', 'box', 'old', '--json');
  assert.equal(many.code, 1);
  const lines = many.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ name, error, machine, wake }) => [name ?? machine.name, error?.code ?? wake.sent.length]),
    [
      ['boxx', 'unknown-machine'],
      ['seen', 'refused'],
      ['box', 1],
      ['old', 2],
    ],
  );
  assert.match(lines[0].error.hint, /did you mean box\?/);
  assert.match(lines[1].error.message, /network watched: it is only observed/);
  assert.match((await server.event('power.wake.refused', { machine: 'seen' })).text, /is not woken: network watched/);

  const on = await segment.addClient('on', { mac: '02:00:00:00:00:1b' });
  ip(`-n ${on.namespace} address add 172.22.10.62/24 dev ${on.interfaceName}`);
  assert.match((await cli('wake', 'old')).text, /^It answers at 172\.22\.10\.62: it is on already/m);
  await server.event('power.wake.sent', { machine: 'old', answers: '172.22.10.62' });

  const byMac = await cli('wake', BOX);
  assert.equal(byMac.code, 1);
  assert.match(byMac.stderr, /is a card of box: use that name/);
  // A machine that is retired starts its disk: nothing is erased by that.
  assert.equal((await cli('machines', 'retire', 'old')).code, 0);
  assert.equal((await cli('wake', 'old')).code, 0);
  const refused = await cli('install', 'old', '--wake');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /retired/);

  ip('link set br0 down');
  const down = await cli('install', 'box', '--wake');
  assert.equal(down.code, 1);
  assert.match(down.stderr, /box cannot be woken: network lab: .*\n.*The permission stands/);
  await server.event('power.wake.failed', { machine: 'box' });
  const { attempts } = await askApi<{ attempts: Story[] }>(server.data, '/stories/box');
  assert.equal(attempts[0]?.stages.length, 0);
});

test('without a server it says so once', async () => {
  const ran = await rackready(newFolder('empty'), 'wake', 'a', 'b');
  assert.equal(ran.code, 69);
  assert.equal(ran.stderr.match(/no rackready server answers/g)?.length, 1);
});
