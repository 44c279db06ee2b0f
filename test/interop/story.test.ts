import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { recordEvent } from '../../src/event/event.ts';
import { systemPath } from '../../src/lab/enclose.ts';
import { openStore } from '../../src/store/sqlite/open-store.ts';
import type { Story } from '../../src/story/story.ts';
import { needs } from '../needs.ts';
import { askApi, type FakePc, fakePc, followStories, installFakePc } from '../support/fake-pc.ts';
import { openSegment, tshark } from '../support/segment.ts';
import { newFolder, startServer, type TestServer } from '../support/server.ts';

/* The boot story, as a running server tells it of clients that nobody here wrote. */

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname;
const SERVER = '172.22.10.2';
const BOX = '02:00:00:00:00:0a';
const TOOLS = ['ip', 'udhcpc', 'curl'];

function configuration(): string {
  const folder = newFolder('boot');
  writeFileSync(join(folder, 'linux'), Buffer.alloc(300_000, 1));
  writeFileSync(join(folder, 'initrd'), Buffer.alloc(900_000, 2));
  return `
networks:
  lab:
    interface: br0
    subnet: 172.22.10.0/24
    address: ${SERVER}
    dhcp: { mode: authoritative, conflictProbe: false, pools: [{ range: 172.22.10.5-172.22.10.30 }] }
profiles:
  debian: { os: debian-12, kernel: ${folder}/linux, initrd: ${folder}/initrd, install: once }
machines:
  box: { mac: "${BOX}", address: 172.22.10.61, profile: debian }
`;
}

async function open(
  t: TestContext,
): Promise<{ server: TestServer; pc: FakePc; data: string; addPc: (mac: string) => Promise<FakePc> }> {
  const segment = await openSegment(t);
  const server = await startServer(t, { yaml: configuration() });
  const addPc = async (mac: string) => fakePc(await segment.addClient(`c${mac.slice(-2)}`, { mac }), SERVER);
  return { server, pc: await addPc(BOX), data: server.data, addPc };
}

const short = ({ stages }: Story) => stages.map(({ name, state }) => `${name} ${state}`);

test('a machine is followed from power-on to its report, and its next boot from the disk', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const { server, pc, data } = await open(t);
  const stream = followStories(t, data, '?machine=box');
  await installFakePc(pc, BOX, 'debian');
  await server.event('install.done');
  const done = await stream.until(({ outcome }) => outcome === 'installed');
  assert.deepEqual(short(done), ['firmware done', 'loader done', 'kernel done', 'installer done']);
  assert.equal(done.decision, 'install debian');
  assert.equal(done.firmware, 'PXE firmware, bios-x86');
  assert.equal(done.stages[2]?.bytes, 1_200_000);
  assert.deepEqual(
    done.stages[2]?.transfers.map(({ file, state, bytes, ofBytes }) => [file, state, bytes, ofBytes]),
    [
      ['os/debian/linux', 'done', 300_000, 300_000],
      ['os/debian/initrd', 'done', 900_000, 900_000],
    ],
  );
  assert.ok(stream.stories.some(({ outcome }) => outcome === 'running'));

  await pc.dhcp('bios');
  await pc.tftp(`boot/grub/grub.cfg-01-${BOX.replaceAll(':', '-')}`);
  await pc.dhcp('system');
  const local = await stream.until((story) => story.outcome === 'local' && story.stages[2]?.state === 'done');
  assert.deepEqual(short(local), ['firmware done', 'loader done', 'system done']);

  const { stories, now } = await askApi<{ now: number; stories: Story[] }>(data, '/stories?machine=box');
  assert.deepEqual(
    stories.map(({ id }) => id),
    [local.id],
  );
  assert.ok(now >= local.lastAt);
  for (const who of ['box', BOX, BOX.toUpperCase(), `m-${BOX.replaceAll(':', '-')}`]) {
    const { attempts } = await askApi<{ attempts: Story[] }>(data, `/stories/${encodeURIComponent(who)}`);
    assert.deepEqual(
      attempts.map(({ id, outcome }) => [id, outcome]),
      [
        [local.id, 'local'],
        [done.id, 'installed'],
      ],
    );
  }
  const one = await askApi<{ attempts: Story[] }>(data, '/stories/box?limit=1');
  assert.equal(one.attempts.length, 1);
});

test('after a restart the stories are there again', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const { server, pc, data } = await open(t);
  await installFakePc(pc, BOX, 'debian');
  await server.event('install.done');
  const before = await askApi<{ attempts: Story[] }>(data, '/stories/box');
  await server.stop();
  await startServer(t, { config: server.config, data });
  const after = await askApi<{ attempts: Story[] }>(data, '/stories/box');
  const withoutNow = ({ attempts }: { attempts: Story[] }) => attempts.map(({ now, ...story }) => story);
  assert.deepEqual(withoutNow(after), withoutNow(before));
  assert.equal(after.attempts.length, 1);
});

test('the command tells a boot, and writes it to a file without its token', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const { server, pc } = await open(t);
  const cli = async (...args: string[]) => {
    const { code, stdout, stderr } = await server.rackready(...args);
    return { code, text: stdout.toString(), stderr };
  };
  const none = await cli('story', 'box');
  assert.deepEqual([none.code, none.text], [1, '']);
  assert.match(none.stderr, /no boot of box was heard yet\nSwitch it on/);
  const token = await installFakePc(pc, BOX, 'debian');
  await server.event('install.done');
  const { text, code } = await cli('story', 'box');
  assert.equal(code, 0);
  assert.match(text, /^box {2}172\.22\.10\.61 {2}02:00:00:00:00:0a .*\nPXE firmware, bios-x86 . told: install debian/);
  assert.match(text, /kernel .* 1\.2 MB in 2 files\n +os\/debian\/linux +300 kB/);
  assert.match(text, /\nnow +is installed with debian/);
  const file = join(newFolder('out'), 'box.txt');
  assert.equal((await cli('story', BOX, '--text', file)).code, 0);
  const written = readFileSync(file, 'utf8');
  assert.match(written, /\d+ events\n/);
  assert.match(written, /box +172\.22\.10\.61 +GET \/answer\/…\/preseed\.cfg: 200/);
  assert.match(written, /box +- +fetched its answer file for debian/);
  assert.equal(written.includes(token), false);
  const json = JSON.parse((await cli('story', 'box', '--json')).text) as Story;
  assert.equal(json.outcome, 'installed');
  assert.match((await cli('story', 'box', '--attempt', '2')).stderr, /of box only 1 boot is known/);
  assert.match((await cli('story', 'bax')).stderr, /no machine "bax".*\ndid you mean box\?/);
  assert.equal((await cli('story', 'box', '--text', '/nowhere/x')).code, 73);
});

test('the traffic of a boot is a capture file that tshark reads, of this machine, without the token', async (t) => {
  if (!needs(t, ...TOOLS, 'tshark')) return;
  const { server, pc, addPc } = await open(t);
  const other = await addPc('02:00:00:00:00:0b');
  const token = await installFakePc(pc, BOX, 'debian');
  await server.event('install.done');
  await other.dhcp('bios');
  await pc.tftp(`answer/${token}/preseed.cfg`);
  await server.event('tftp.not-found', { file: /answer/ });
  const file = join(newFolder('out'), 'box.pcap');
  const { code, stderr } = await server.rackready('story', 'box', '--pcap', file);
  assert.equal(code, 0, stderr);
  const bytes = readFileSync(file);
  for (const secret of [token, 'url=http', 'menuentry', 'linux /os']) {
    assert.equal(bytes.includes(secret), false, secret);
  }
  assert.deepEqual(await tshark(file, '_ws.malformed', 'frame.number'), []);
  const dhcp = await tshark(file, 'dhcp', 'dhcp.option.dhcp', 'dhcp.hw.mac_addr');
  assert.deepEqual(
    dhcp.map(([type]) => type),
    ['1', '2', '3', '5', '1', '2', '3', '5'],
  );
  assert.deepEqual(new Set(dhcp.flatMap(([, macs = '']) => macs.split(','))), new Set([BOX]));
  const requests = await tshark(file, 'tftp.opcode == 1', 'tftp.source_file');
  assert.deepEqual(requests.flat(), [
    'boot/grub/i386-pc/core.0',
    `boot/grub/grub.cfg-01-${BOX.replaceAll(':', '-')}`,
    'os/debian/linux',
    'os/debian/initrd',
    'answer/.../preseed.cfg',
  ]);
  // Of each file: the answer to the request, its first and last block, and what was said to them.
  const initrd = await tshark(file, 'tftp.block', 'tftp.opcode', 'tftp.block');
  const last = String(Math.floor(900_000 / 1428) + 1);
  assert.deepEqual(initrd.slice(-5), [
    ['4', '0'],
    ['3', '1'],
    ['4', '1'],
    ['3', last],
    ['4', last],
  ]);
  assert.equal((await tshark(file, 'tftp.opcode == 5', 'tftp.error.code')).length > 0, true);
});

test('on a terminal watch draws a picture, and gives the terminal back', async (t) => {
  if (!needs(t, ...TOOLS, 'script')) return;
  const { pc, data } = await open(t);
  await pc.dhcp('bios');
  const command = `${process.execPath} ${MAIN} watch box --data ${data}`;
  const env = { ...process.env, PATH: systemPath(), TERM: 'xterm', LC_ALL: 'C.UTF-8', NO_COLOR: '1' };
  const child = spawn('script', ['-qec', command, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const ended = once(child, 'close');
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    if (!text.includes('box  172.22.10.61')) {
      text += chunk;
      if (text.includes('box  172.22.10.61')) child.stdin.write('q');
    } else text += chunk;
  });
  const [code] = await ended;
  assert.equal(code, 0);
  assert.ok(text.startsWith('\x1b[?1049h\x1b[?25l'), JSON.stringify(text.slice(0, 40)));
  const [, after = ''] = text.split('\x1b[?7h\x1b[?25h\x1b[?1049l');
  // The last picture stays where the shell goes on.
  assert.match(after, /^box {2}172\.22\.10\.61/);
  assert.equal(after.includes('\x1b'), false);
});

test('a machine that was granted an installation and never came has a story that says so, from the store, too', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const data = newFolder('data');
  const store = await openStore({ folder: data });
  const granted = { profile: 'debian', via: 'command', mac: BOX };
  const at = { seq: 1, time: Date.now() - 11 * 60_000 };
  store.events.append([recordEvent(at, 'install.granted', { machine: 'box' }, granted)]);
  await store.close();
  const segment = await openSegment(t);
  const server = await startServer(t, { yaml: configuration(), data });
  const [silent] = (await askApi<{ attempts: Story[] }>(data, '/stories/box')).attempts;
  assert.deepEqual(silent?.stages, []);
  assert.match(silent?.diagnoses[0]?.cause ?? '', /nothing has been heard from box .* in the 1\d min/);
  assert.equal(silent?.diagnoses[0]?.rule, 'nothing-heard');
  const shown = await server.rackready('story', 'box');
  assert.match(shown.stdout.toString(), /nothing has been heard from/);

  const stream = followStories(t, data, '?machine=box');
  await stream.until(({ stages }) => stages.length === 0);
  const pc = fakePc(await segment.addClient('c0a', { mac: BOX }), SERVER);
  await installFakePc(pc, BOX, 'debian');
  await server.event('install.done');
  await stream.until(({ outcome }) => outcome === 'installed');
  const { attempts } = await askApi<{ attempts: Story[] }>(data, '/stories/box');
  assert.deepEqual(
    attempts.map(({ outcome }) => outcome),
    ['installed'],
  );
});

test('a grant that is taken back is told as the end of its story, and no story is left of it', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const { server, pc, data } = await open(t);
  const command = async (name: string) => {
    const { code, stderr } = await server.rackready(name, 'box');
    assert.equal(code, 0, stderr);
  };
  const stream = followStories(t, data, '?machine=box');
  await command('install');
  const awaited = await stream.until(({ stages }) => stages.length === 0);
  assert.equal(awaited.outcome, 'running');
  await command('cancel');
  const ended = await stream.until(({ endedAt }) => endedAt !== undefined);
  assert.equal(ended.id, awaited.id);
  assert.equal(ended.outcome, 'left');
  assert.deepEqual(await askApi(data, '/stories/box'), { attempts: [] });

  await pc.dhcp('bios');
  await pc.tftp(`boot/grub/grub.cfg-01-${BOX.replaceAll(':', '-')}`);
  const local = await stream.until(({ outcome }) => outcome === 'local');
  await command('install');
  const again = await stream.until(({ id, stages }) => id > local.id && stages.length === 0);
  const count = stream.stories.length;
  await command('cancel');
  await stream.until(({ id, endedAt }) => id === again.id && endedAt !== undefined);
  await stream.until((story) => story.id === local.id && stream.stories.indexOf(story) >= count);
});

test('who is unknown is told so', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const { data } = await open(t);
  const { error } = await askApi<{ error: { code: string } }>(data, '/stories/nobody');
  assert.equal(error.code, 'unknown-machine');
  assert.deepEqual(await askApi(data, '/stories/box'), { attempts: [] });
});
