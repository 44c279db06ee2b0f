import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startForeignServer } from '../../src/lab/mac/foreign-server.ts';
import { formatIpv4, ipv4 } from '../../src/net/ipv4.ts';
import { formatImageId } from '../../src/wire/bsdp/image-id.ts';
import { needs } from '../needs.ts';
import { endsAs, ignoredBy, listedBy, placeMac, switchOn, toldOf } from '../support/lab-macs.ts';
import { openSegment, startProgram } from '../support/segment.ts';
import { newFolder } from '../support/server.ts';

/*
 * The fake Mac against servers that nobody here wrote: ISC dhcpd with the seed's own dhcpd.conf, and tftpd-hpa. What real
 * Macs and other servers' authors found wrong with that pair (BSDP notes, sections 3.5 and 6), the fake Mac finds, too.
 */

const fixtures = join(import.meta.dirname, '..', 'fixtures', 'seed');
const OTHER = ipv4('172.22.10.99');

/** An EFI program for 64 bits, as far as its header says. */
function efiProgram(): Buffer {
  const bytes = Buffer.alloc(300_000);
  bytes.write('MZ');
  bytes.writeUInt32LE(64, 60);
  bytes.write('PE\0\0', 64);
  bytes.writeUInt16LE(0x8664, 68);
  return bytes;
}

async function openSeedRack(t: TestContext, ...tftpArguments: string[]) {
  const rack = await openSegment(t);
  const folder = newFolder('seed');
  copyFileSync(join(fixtures, 'dhcpd.conf'), join(folder, 'dhcpd.conf'));
  writeFileSync(join(folder, 'leases'), '');
  const files = ['-cf', join(folder, 'dhcpd.conf'), '-lf', join(folder, 'leases')];
  const dhcpd = startProgram(t, ['dhcpd', '-4', '-f', ...files, '--no-pid', rack.bridge]);
  // Not below the private temp folder's parents: tftpd reads it as another account.
  const served = mkdtempSync(join(tmpdir(), 'tftp-'));
  chmodSync(served, 0o755);
  writeFileSync(join(served, 'mactel64.efi'), efiProgram(), { mode: 0o644 });
  startProgram(t, ['in.tftpd', '-L', '-a', '172.22.10.2:69', ...tftpArguments, '-s', served]);
  await dhcpd.printed(/Sending on +Socket/);
  return { rack, client: await placeMac(rack) };
}

const TOOLS = ['dhcpd', 'in.tftpd'];

test('the N key: from DISCOVER to the seed’s boot file', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const { client } = await openSeedRack(t, '-B', '1468');
  const saveTo = newFolder('mac');
  const run = switchOn(t, client, { saveTo });
  await endsAs(run, 'boots');
  assert.equal(formatIpv4(toldOf(run, 'has-address')[0]?.lease.address ?? ipv4('0.0.0.0')), '172.22.10.51');
  const [listed] = toldOf(run, 'listed');
  assert.deepEqual(
    listed?.offer.images.map(({ id, name }) => [formatImageId(id), name]),
    [['0x81000089', 'The-Image']],
  );
  assert.equal(listed?.offer.priority, 0x8000);
  const [loaded] = toldOf(run, 'loaded');
  assert.deepEqual([loaded?.file.blockSize, loaded?.file.content], [1468, 'efi64']);
  assert.ok(readFileSync(join(saveTo, 'mactel64.efi')).equals(efiProgram()), 'every byte arrived');
});

test('a TFTP server that agrees to 8192 bytes stalls a Mac', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const { client } = await openSeedRack(t);
  const run = switchOn(t, client);
  await endsAs(run, 'not-loaded');
  assert.match(toldOf(run, 'loaded')[0]?.file.stalls ?? '', /blocks of 8192 bytes, which come in fragments/);
});

test('a server that is late is asked again, and answers', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const rack = await openSegment(t);
  const client = await placeMac(rack);
  const run = switchOn(t, client, { tries: 6 });
  const other = await rack.addClient('other');
  const order = { address: OTHER, priority: 1, images: [{ index: 5, name: 'Late' }], file: 'late.efi' };
  const gives = { address: ipv4('172.22.10.60'), prefix: 24 };
  await startForeignServer(other, 24, { ...order, gives }).then((server) => t.after(() => server.stop()));
  // It is asked for that file, and has none: what comes before is the matter here.
  await endsAs(run, 'not-loaded');
  assert.ok(toldOf(run, 'asks').some(({ what }) => what === 'select'));
  assert.equal(formatIpv4(toldOf(run, 'has-address')[0]?.lease.address ?? OTHER), '172.22.10.60');
});

test('Startup Disk does not hear the seed, which answers port 68', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const { client } = await openSeedRack(t);
  const run = switchOn(t, client, { way: 'startup-disk', select: 'The-Image', tries: 1 });
  await endsAs(run, 'no-image');
  assert.match(ignoredBy(run).join('\n'), /it came to port 68; the answer was wanted on port \d+/);
});

test('the seed confirms an image that was chosen from another server, and the Mac does not believe it', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const { rack, client } = await openSeedRack(t);
  const other = await rack.addClient('other');
  const order = { address: OTHER, priority: 0x9000, images: [{ index: 5, name: 'Theirs' }], file: 'x.efi' };
  const theirs = await startForeignServer(other, 24, order);
  t.after(() => theirs.stop());
  const run = switchOn(t, client, { tries: 1 });
  await listedBy(run, 2);
  // It is gone before it is asked for its image, so that the seed alone answers.
  await theirs.stop();
  await endsAs(run, 'no-image');
  assert.equal(toldOf(run, 'chooses')[0]?.name, 'Theirs');
  assert.match(ignoredBy(run).join('\n'), /172\.22\.10\.99 is wanted, and no other server/);
});
