import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ForeignOrder, startForeignServer } from '../../src/lab/mac/foreign-server.ts';
import type { MacOrder } from '../../src/lab/mac/order.ts';
import type { MacRun } from '../../src/lab/mac/run-mac.ts';
import type { Rack, RackClient } from '../../src/lab/rack.ts';
import { formatIpv4, ipv4 } from '../../src/net/ipv4.ts';
import { needs } from '../needs.ts';
import { endsAs, ignoredBy, placeMac, switchOn, toldOf } from '../support/lab-macs.ts';
import { CARDS, configuration, MAC_TOOLS, TOOL } from '../support/mac-config.ts';
import { ip, openSegment } from '../support/segment.ts';
import { newFolder, startServer } from '../support/server.ts';

/* The fake Mac in each of its ways against the running server. */

const SERVER = ipv4('172.22.10.2');
const OTHER = ipv4('172.22.10.99');

async function addForeign(t: TestContext, rack: Rack, order: Partial<ForeignOrder> = {}): Promise<void> {
  const images = [{ index: 7, name: 'Theirs' }];
  const whole: ForeignOrder = { address: OTHER, priority: 0x9000, images, file: 'theirs.efi', ...order };
  const server = await startForeignServer(await rack.addClient('other'), 24, whole);
  t.after(() => server.stop());
}

const titles = (run: MacRun) =>
  toldOf(run, 'listed').flatMap(({ offer }) => offer.images.map(({ name }) => `${formatIpv4(offer.server)} ${name}`));

/** The GRUB in a file that a Mac loaded has its script as plain text. */
const scriptIn = (file: string) => readFileSync(file).toString('latin1');

test('every way into the network boot of a Mac', async (t) => {
  if (!needs(t, ...MAC_TOOLS)) return;
  const rack = await openSegment(t);
  const server = await startServer(t, { yaml: configuration() });
  const places = new Map<string, RackClient>();
  for (const [name, hardware] of Object.entries(CARDS)) places.set(name, await placeMac(rack, name, hardware));
  const boot = (sub: TestContext, name: keyof typeof CARDS, order: Partial<MacOrder> & { saveTo?: string } = {}) => {
    const place = places.get(name);
    assert.ok(place);
    return switchOn(sub, place, { mac: CARDS[name], ...order });
  };

  await t.test('the N key: address, default image, file in blocks that a Mac can take', async (t) => {
    const saveTo = newFolder('mac');
    const run = boot(t, 'mm1', { saveTo });
    await endsAs(run, 'boots');
    const [lease] = toldOf(run, 'has-address');
    assert.equal(lease && formatIpv4(lease.lease.address), '172.22.10.51');
    assert.equal(lease?.note, undefined, 'the offer of an address is not labelled');
    assert.deepEqual(titles(run), ['172.22.10.2 Install Linux', '172.22.10.2 Lokale Platte ü']);
    assert.equal(toldOf(run, 'listed')[0]?.hidden, undefined);
    assert.equal(toldOf(run, 'chooses')[0]?.name, 'Install Linux');
    const [granted] = toldOf(run, 'granted');
    assert.deepEqual([granted?.file, granted?.rootPath, granted?.serverName], ['mac/x86_64.efi', undefined, undefined]);
    const [loaded] = toldOf(run, 'loaded');
    assert.deepEqual([loaded?.file.content, loaded?.file.blockSize], ['efi64', 1468], '8192 were asked for');
    assert.deepEqual(ignoredBy(run), []);
    assert.match(scriptIn(join(saveTo, 'x86_64.efi')), /set rackready_server="172\.22\.10\.2"/);
    await server.event('mac.seen', { machine: 'mm1', model: 'Macmini6,2' });
    await server.event('bsdp.select', { machine: 'mm1', bootFile: 'mac/x86_64.efi' });
    await server.event('tftp.done', { machine: 'mm1', file: 'mac/x86_64.efi' });
  });

  await t.test('a Mac with 32-bit EFI gets the other image', async (t) => {
    const run = boot(t, 'old', { model: 'Macmini2,1' });
    await endsAs(run, 'boots');
    assert.equal(toldOf(run, 'loaded')[0]?.file.content, 'efi32');
  });

  await t.test('the Option key shows all images; one is chosen', async (t) => {
    const run = boot(t, 'mm1', { way: 'menu', select: 'lokale platte ü' });
    await endsAs(run, 'boots');
    await server.event('bsdp.select', { machine: 'mm1', image: 'Lokale Platte ü' });
  });

  await t.test('the Option key without a choice: nothing is asked for', async (t) => {
    const from = server.events.length;
    const run = boot(t, 'mm1', { way: 'menu' });
    await endsAs(run, 'looked');
    assert.deepEqual(
      server.events.slice(from).filter(({ id }) => id === 'bsdp.select'),
      [],
    );
  });

  await t.test('Startup Disk: answers on its own port; the choice is bound, and the firmware gets it', async (t) => {
    const run = boot(t, 'idle', { way: 'startup-disk', select: 'Tool' });
    await endsAs(run, 'boots');
    const ports = toldOf(run, 'asks').filter(({ what, asker }) => what === 'list' && asker === 'macOS');
    assert.ok((ports[0]?.port ?? 68) > 600 && (ports[0]?.port ?? 0) < 1024);
    const choices = toldOf(run, 'chooses');
    assert.deepEqual(
      choices.map(({ name, why }) => `${name}: ${why}`),
      ['Tool: chosen by hand', 'Tool: the server has it bound to this Mac'],
    );
    assert.equal(toldOf(run, 'loaded')[0]?.file.sizeBytes, statSync(TOOL).size);
    assert.deepEqual(ignoredBy(run), []);
  });

  await t.test('bless: a server by its address, and a file by its name, also the one for both widths', async (t) => {
    await endsAs(boot(t, 'mm1', { way: 'bless', target: { kind: 'bsdp', server: SERVER } }), 'boots');
    const run = boot(t, 'old', {
      ...{ model: 'Macmini2,1', way: 'bless', target: { kind: 'tftp', server: SERVER, file: 'mac/fat.efi' } },
    });
    await endsAs(run, 'boots');
    assert.equal(toldOf(run, 'loaded')[0]?.file.content, 'fat');
    assert.deepEqual(toldOf(run, 'listed'), []);
  });

  await t.test('a T2 model gets silence, and the operator gets the reason', async (t) => {
    const run = boot(t, 'new', { model: 'Macmini8,1', tries: 2 });
    await endsAs(run, 'no-image');
    assert.deepEqual([toldOf(run, 'listed'), ignoredBy(run)], [[], []]);
    await server.event('bsdp.cannot-boot', { machine: 'new', reason: /Macmini8,1 has an Apple T2 chip/ });
  });

  await t.test('another server with a higher priority: it is taken, and we are silent', async (t) => {
    await addForeign(t, rack);
    const run = boot(t, 'fresh');
    await endsAs(run, 'not-loaded');
    assert.deepEqual(titles(run).toSorted(), [
      '172.22.10.2 Install Linux',
      '172.22.10.2 Lokale Platte ü',
      '172.22.10.99 Theirs',
    ]);
    assert.equal(toldOf(run, 'chooses')[0]?.name, 'Theirs');
    assert.deepEqual(ignoredBy(run), [], 'nobody else confirms');
    await server.event('bsdp.ignored', { machine: 'fresh', code: 'other-server' });
    const menu = boot(t, 'fresh', { way: 'menu', select: 'Install Linux' });
    await endsAs(menu, 'boots');
  });
});

test('a server that is late is asked again', async (t) => {
  if (!needs(t, ...MAC_TOOLS)) return;
  const rack = await openSegment(t);
  // Longer than a server takes to start.
  const run = switchOn(t, await placeMac(rack), { tries: 12 });
  await startServer(t, { yaml: configuration() });
  await endsAs(run, 'boots');
  assert.ok(toldOf(run, 'asks').some(({ attempt }) => attempt > 1));
});

test('where another server gives out the addresses, the image and its server are ours', async (t) => {
  if (!needs(t, ...MAC_TOOLS)) return;
  const rack = await openSegment(t);
  await addForeign(t, rack, { images: [], gives: { address: ipv4('172.22.10.51'), prefix: 24 } });
  await startServer(t, { yaml: configuration({ mode: 'proxy' }) });
  const saveTo = newFolder('mac');
  const run = switchOn(t, await placeMac(rack), { saveTo });
  await endsAs(run, 'boots');
  assert.equal(toldOf(run, 'has-address')[0]?.lease.server, OTHER);
  assert.match(scriptIn(join(saveTo, 'x86_64.efi')), /set rackready_server="172\.22\.10\.2"/);
});

test('a changed address is in the image without a restart', async (t) => {
  if (!needs(t, ...MAC_TOOLS)) return;
  const rack = await openSegment(t);
  ip(`address add 172.22.10.3/24 dev ${rack.bridge}`);
  const server = await startServer(t, { yaml: configuration() });
  const moved = server.nextEvent('config.loaded');
  writeFileSync(server.config, configuration({ address: '172.22.10.3' }));
  await moved;
  const saveTo = newFolder('mac');
  const run = switchOn(t, await placeMac(rack), { saveTo });
  await endsAs(run, 'boots');
  assert.equal(formatIpv4(toldOf(run, 'granted')[0]?.tftp ?? SERVER), '172.22.10.3');
  assert.match(scriptIn(join(saveTo, 'x86_64.efi')), /set rackready_server="172\.22\.10\.3"/);
});
