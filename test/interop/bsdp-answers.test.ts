import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../needs.ts';
import { addTestMac, LIST, type MacReply, SELECT } from '../support/fake-mac.ts';
import { configuration, GRUB, MM1, SERVER, startNetboot, US } from '../support/netboot.ts';
import { capture, openSegment, runProgram } from '../support/segment.ts';
import { newFolder } from '../support/server.ts';

/*
 * NetBoot's answers on a real segment, read with tshark, which knows BSDP by itself.
 */

/** A NetBoot folder as Apple's tools make it, with a few bytes for each file. */
function makeNbi(): string {
  const folder = join(newFolder('nbi'), 'NetInstall.nbi');
  mkdirSync(join(folder, 'i386', 'x86_64'), { recursive: true });
  const info =
    '<key>Name</key><string>macOS größer</string><key>Index</key><integer>77</integer><key>IsInstall</key><true/><key>RootPath</key><string>Net Install.dmg</string>';
  writeFileSync(join(folder, 'NBImageInfo.plist'), `<plist><dict>${info}</dict></plist>`);
  writeFileSync(join(folder, 'i386', 'booter'), 'the booter');
  writeFileSync(join(folder, 'i386', 'x86_64', 'kernelcache'), 'the kernel');
  writeFileSync(join(folder, 'Net Install.dmg'), '0123456789');
  return folder;
}

/** As little of an EFI program as its header. */
function makeEfi(): string {
  const path = join(newFolder('efi'), 'tool.efi');
  const header = `4d5a${'00'.repeat(58)}4000000050450000${'64860000'}`;
  writeFileSync(path, Buffer.from(header.padEnd(1024, '0'), 'hex'));
  return path;
}

/** Enough to have each name told apart, and to fill more than one option. */
function manyImages(count: number): string {
  const lines = Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(3, '0');
    return `  i${number}: { kind: localboot, name: "image number ${number}", index: ${index + 1} }`;
  });
  return `images:\n${lines.join('\n')}\n`;
}

interface Dissection {
  /** One text a packet, as `tshark -V` prints it. */
  readonly packets: readonly string[];
}

/** Everything that we sent, dissected; fails when tshark finds anything malformed in it. */
async function dissect(file: string, port = 68): Promise<Dissection> {
  const as = port === 68 ? [] : ['-d', `udp.port==${port},dhcp`];
  // Where nobody listens on port 68 yet, the kernel sends the first answers back by ICMP.
  const ours = `dhcp && !icmp && ip.src == ${SERVER}`;
  const bad = await runProgram(['tshark', '-r', file, ...as, '-Y', `${ours} && _ws.malformed`]);
  assert.equal(linesOf(bad.text).length, 0, bad.text);
  const { code, text } = await runProgram(['tshark', '-r', file, ...as, '-Y', ours, '-O', 'dhcp', '-V']);
  assert.equal(code, 0, text);
  return { packets: text.split(/^Frame /m).slice(1) };
}

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('Running as'));
/** Values of a line that tshark prints as "name: value". */
const valuesOf = (packet: string | undefined, name: string) =>
  [...(packet ?? '').matchAll(new RegExp(`^\\s*${name}: (.*)$`, 'gm'))].map(([, value]) => value);

test('every kind of answer, decoded by tshark without a malformed field', async (t) => {
  if (!needs(t, 'ip', 'tshark', 'tcpdump', ...GRUB)) return;
  const rack = await openSegment(t);
  const more = `mac: { offerCompat: seed, priority: 40000 }
images:
  linux: { kind: linux, name: "Debian für mm1", index: 137 }
  disk: { kind: localboot, index: 2 }
  macos: { kind: nbi, file: ${makeNbi()} }
  asd: { kind: efi, file: /usr/lib/grub/x86_64-efi/monolithic/grubx64.efi, appleKind: diagnostics, index: 3 }
`;
  const efi = '/usr/lib/grub/x86_64-efi/monolithic/grubx64.efi';
  await startNetboot(t, { yaml: configuration({ more: more.replace(efi, makeEfi()) }) });
  const mac = await addTestMac(t, rack, MM1);
  const close = await capture(t, 'br0', join(newFolder('pcap'), 'macs.pcap'));
  await mac.lease();
  const list = await mac.ask(LIST);
  assert.equal(list.source, SERVER);
  await mac.ask('010101 02020100');
  await mac.ask(`${LIST} 0b020300`);
  await mac.ask(`${SELECT} ${US} 080481000089`);
  await mac.ask(LIST);
  await mac.ask(`${SELECT} ${US} 08048100004d`);
  await mac.ask(`${SELECT} ${US} 080403000003`);
  await mac.ask(`${SELECT} ${US} 08048100008a`);
  const { packets } = await dissect(await close());
  const [offer, ack, first, old, filtered, select, second, nbi, asd, failed] = packets;
  assert.equal(packets.length, 10);
  const [message, image] = ['Message Type', 'Selected Boot Image ID'];

  assert.deepEqual(valuesOf(offer, image), ['0x81000089']);
  assert.match(offer ?? '', /Option: \(53\) DHCP Message Type \(Offer\)/);
  assert.deepEqual(valuesOf(offer, 'Vendor class identifier'), ['AAPLBSDPC']);
  assert.equal(/AAPLBSDPC/.test(ack ?? ''), false, 'an ordinary ACK');

  assert.deepEqual(valuesOf(first, message).at(-1), 'LIST (1)');
  assert.deepEqual(valuesOf(first, 'Server Priority'), ['40000']);
  assert.deepEqual(valuesOf(first, 'Default Boot Image ID'), ['0x81000089']);
  assert.deepEqual(valuesOf(first, 'Boot Image Name'), ['Debian für mm1', 'Boot from disk', 'macOS größer']);
  assert.deepEqual(valuesOf(first, 'Boot Image Index'), ['0x0089', '0x0089', '0x0002', '0x004d']);
  assert.deepEqual(valuesOf(first, image), []);
  assert.deepEqual(valuesOf(first, 'Vendor class identifier'), ['AAPLBSDPC']);
  assert.deepEqual(valuesOf(first, 'Client IP address'), [MM1.address]);
  assert.deepEqual(valuesOf(first, 'Next server IP address'), [SERVER]);
  assert.match(first ?? '', /1\.\.\. \.{4} \.{4} \.{4} = Install: install/);
  assert.match(first ?? '', /= Kind: Mac OS X \(0x01\)/);

  assert.deepEqual(valuesOf(old, 'Boot Image Name'), [], 'BSDP 1.0');
  assert.deepEqual(valuesOf(old, 'Default Boot Image ID'), ['0x81000089']);
  assert.deepEqual(valuesOf(filtered, 'Boot Image Name'), ['asd']);
  assert.match(filtered ?? '', /= Kind: Hardware Diagnostics \(0x03\)/);

  assert.deepEqual([valuesOf(select, message).at(-1), valuesOf(select, image)], ['SELECT (2)', ['0x81000089']]);
  assert.deepEqual(valuesOf(select, 'Boot file name'), ['mac/x86_64.efi']);
  assert.deepEqual(valuesOf(second, image), ['0x81000089'], 'what was chosen');

  assert.deepEqual(valuesOf(nbi, 'Boot file name'), ['netboot/macos/i386/booter']);
  assert.deepEqual(valuesOf(nbi, 'Root Path'), ['http://172.22.10.2/netboot/macos/Net%20Install.dmg']);
  assert.deepEqual(valuesOf(asd, 'Boot file name'), ['netboot/asd/efi64.efi']);
  assert.equal(valuesOf(failed, message).at(-1), 'FAILED (3)');
  assert.deepEqual(valuesOf(failed, 'Boot file name'), []);
});

for (const count of [30, 60]) {
  test(`${count} images: split between whole descriptions, never above the Mac's limit`, async (t) => {
    if (!needs(t, 'ip', 'tshark', 'tcpdump', ...GRUB)) return;
    const rack = await openSegment(t);
    const server = await startNetboot(t, { yaml: configuration({ install: 'manual', more: manyImages(count) }) });
    const mac = await addTestMac(t, rack, MM1);
    const close = await capture(t, 'br0', join(newFolder('pcap'), 'macs.pcap'));
    const names = Array.from({ length: count }, (_, index) => `image number ${String(index + 1).padStart(3, '0')}`);
    const limits = [
      { more: { maxBytes: 576 }, area: LIST, limit: 576, port: 68 },
      { more: { maxBytes: 1500 }, area: LIST, limit: 1500, port: 68 },
      { more: { port: 993 }, area: `${LIST} 050203e1 0c022000`, limit: 8192, port: 993 },
    ];
    const heard: MacReply[] = [];
    for (const { more, area } of limits) heard.push(await mac.ask(area, more));
    const file = await close();
    const whole = [...(await dissect(file)).packets, ...(await dissect(file, 993)).packets];
    for (const [index, { limit, port }] of limits.entries()) {
      const reply: MacReply | undefined = heard[index];
      assert.ok(reply && reply.hex.length / 2 + 28 <= limit, `${reply?.hex.length} for ${limit}`);
      assert.equal(reply.toPort ?? 68, port);
      const shown = valuesOf(whole[index], 'Boot Image Name');
      assert.deepEqual(shown, names.slice(0, shown.length));
      assert.deepEqual(valuesOf(whole[index], 'Default Boot Image ID'), ['0x01000001']);
      assert.equal(shown.length, limit === 8192 ? count : reply.bsdp.images.length);
      if (limit === 576) assert.ok(shown.length < count && shown.length >= 8, `${shown.length} images in 576 bytes`);
    }
    const cut = await server.event('bsdp.list-cut', { machine: 'mm1' });
    assert.equal(cut.data?.dropped, count - (heard[0]?.bsdp.images.length ?? 0));
  });
}
