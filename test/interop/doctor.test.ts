import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Finding } from '../../src/main/finding.ts';
import { needs } from '../needs.ts';
import { ip, openSegment, runProgram, startProgram } from '../support/segment.ts';
import { newFolder, rackready, startServer, writeConfig } from '../support/server.ts';

function rack(mode = 'authoritative', more = ''): string {
  return `
networks:
  management:
    interface: br0
    subnet: 172.22.10.0/24
    address: 172.22.10.2
    ${more}
    dhcp: { mode: ${mode} }
`;
}

interface Diagnosis {
  readonly code: number;
  readonly findings: readonly Finding[];
  /** The findings of a subject. */
  of(what: RegExp): readonly Finding[];
  has(level: Finding['level'], what: RegExp, text?: RegExp): boolean;
}

async function doctor(config: string, data = newFolder('data')): Promise<Diagnosis> {
  const { code, stdout, stderr } = await rackready(data, 'doctor', '--json', '--config', config);
  assert.equal(stderr, '');
  const { ok, findings } = JSON.parse(stdout.toString()) as { ok: boolean; findings: readonly Finding[] };
  assert.equal(ok, code === 0);
  return {
    code,
    findings,
    of: (what) => findings.filter((one) => what.test(one.what)),
    has: (level, what, text = /./) =>
      findings.some((one) => one.level === level && what.test(one.what) && text.test(one.text)),
  };
}

function show(t: TestContext, { findings }: Diagnosis): void {
  for (const { level, what, text } of findings) t.diagnostic(`${level} ${what}: ${text}`);
}

test('a host where all is well: exit code 0, the ports are free, no other server answers', async (t) => {
  if (!needs(t, 'ip')) return;
  ip('link set lo up');
  const segment = await openSegment(t);
  await segment.addClient('cli');
  const found = await doctor(writeConfig(rack()));
  show(t, found);
  assert.equal(found.code, 0);
  assert.ok(found.has('ok', /^interface br0$/, /172\.22\.10\.2\/24/));
  for (const port of [67, 69, 4011, 80, 8067])
    assert.ok(found.has('ok', new RegExp(`\\b${port}\\b`), /^free$/), `${port}`);
  assert.ok(found.has('ok', /^other DHCP servers on br0$/, /none answers/));
});

test('port 67 held by another process: it is named', async (t) => {
  if (!needs(t, 'ip', 'dnsmasq')) return;
  ip('link set lo up');
  await openSegment(t);
  const words = '--no-daemon --conf-file=/dev/null --user=root --port=0 --dhcp-range=172.22.10.100,172.22.10.110';
  const leases = `--dhcp-leasefile=${join(newFolder('dnsmasq'), 'leases')}`;
  const dnsmasq = startProgram(t, ['dnsmasq', ...words.split(' '), leases, '--interface=br0']);
  await dnsmasq.printed(/DHCP, IP range/);
  const found = await doctor(writeConfig(rack()));
  show(t, found);
  assert.equal(found.code, 1);
  assert.ok(
    found.has('error', /^UDP port 67 on br0/, new RegExp(`held by dnsmasq \\(process ${dnsmasq.child.pid}\\)`)),
  );
  assert.ok(found.has('ok', /^UDP port 4011 on br0/));
});

test('another DHCP server on the segment: a warning in authoritative mode, as it should be in proxy mode', async (t) => {
  if (!needs(t, 'ip', 'dnsmasq')) return;
  ip('link set lo up');
  const segment = await openSegment(t);
  const other = await segment.addClient('other', { mac: '02:00:00:00:00:77' });
  await runProgram([...other.prefix, 'ip', 'address', 'add', '172.22.10.77/24', 'dev', other.interfaceName]);
  const before = await doctor(writeConfig(rack('proxy')));
  assert.ok(before.has('warning', /^other DHCP servers/, /none answers, and in mode proxy one must/));
  const words = '--no-daemon --conf-file=/dev/null --user=root --port=0 --dhcp-range=172.22.10.100,172.22.10.110';
  const leases = `--dhcp-leasefile=${join(newFolder('dnsmasq'), 'leases')}`;
  const dnsmasq = startProgram(t, [...other.prefix, 'dnsmasq', ...words.split(' '), leases]);
  await dnsmasq.printed(/DHCP, IP range/);
  const found = await doctor(writeConfig(rack()));
  show(t, found);
  assert.ok(found.has('warning', /^other DHCP servers on br0$/, /172\.22\.10\.77 \(02:00:00:00:00:77\) answers too/));
  const proxy = await doctor(writeConfig(rack('proxy')));
  assert.ok(proxy.has('ok', /^other DHCP servers on br0$/, /172\.22\.10\.77 .*as mode proxy wants it/));
  const observed = await doctor(writeConfig(rack('observe')));
  assert.ok(observed.has('ok', /^other DHCP servers/, /not asked/));
});

test('interfaces: missing, off, without the address, with too small an MTU', async (t) => {
  if (!needs(t, 'ip')) return;
  ip('link set lo up');
  const config = writeConfig(rack('authoritative', 'mtu: 9000'));
  const missing = await doctor(config);
  assert.ok(missing.has('error', /^interface br0$/, /is not there/));
  assert.equal(missing.code, 1);
  await openSegment(t, { address: '172.22.11.9/24' });
  const wrong = await doctor(config);
  show(t, wrong);
  assert.ok(wrong.has('error', /^interface br0$/, /does not have the address 172\.22\.10\.2\/24/));
  assert.ok(wrong.has('error', /^interface br0$/, /MTU of 1500, and network management tells its machines 9000/));
  ip('link set br0 down');
  assert.ok((await doctor(config)).has('error', /^interface br0$/, /is switched off/));
});

test('a data folder on a tmpfs that is nearly full', async (t) => {
  if (!needs(t, 'ip', 'mount')) return;
  ip('link set lo up');
  await openSegment(t);
  const data = newFolder('small');
  assert.equal((await runProgram(['mount', '-t', 'tmpfs', '-o', 'size=30m', 'tmpfs', data])).code, 0);
  t.after(() => runProgram(['umount', data]));
  const file = openSync(join(data, 'filler'), 'w');
  const block = Buffer.alloc(1 << 20, 1);
  for (let count = 0; count < 25; count++) writeSync(file, block);
  const found = await doctor(writeConfig(rack()), data);
  show(t, found);
  assert.ok(found.has('error', /^data folder/, /^[45] MB free/));
  assert.ok(found.has('warning', /^data folder/, /is on tmpfs/));
  ftruncateSync(file, 0);
  closeSync(file);
  assert.ok((await doctor(writeConfig(rack()), data)).has('warning', /^data folder/, /^(29|30) MB free/));
});

test('with a running server its own ports are fine, and its configuration and data folder are taken', async (t) => {
  if (!needs(t, 'ip')) return;
  ip('link set lo up');
  await openSegment(t);
  const { pid, data } = await startServer(t, { yaml: rack() });
  const { code, stdout } = await rackready(data, 'doctor');
  const text = stdout.toString();
  assert.equal(code, 0, text);
  assert.match(text, /^ok +server: rackready .* runs \(process [0-9]+\)/m);
  assert.match(text, /^ok +br0, ports 67 and 4011 .*held by the running server/m);
  assert.match(text, /^ok +127\.0\.0\.1:8067 \(admin API\): held by the running server/m);
  assert.match(text, /^0 errors, /m);
  assert.ok(pid > 0);
});

test('firewall: real nftables rules are read', async (t) => {
  if (!needs(t, 'ip', 'nft')) return;
  ip('link set lo up');
  await openSegment(t);
  const config = writeConfig(rack());
  const load = async (rules: string) => {
    const nft = spawn('nft', ['-f', '-'], { stdio: ['pipe', 'inherit', 'inherit'] });
    nft.stdin.end(`flush ruleset\n${rules}`);
    const [code] = await once(nft, 'close');
    assert.equal(code, 0);
  };
  assert.ok((await doctor(config)).has('ok', /^firewall$/));
  await load('table inet f { chain in { type filter hook input priority 0; policy drop; iifname "lo" accept; }; }');
  const closed = await doctor(config);
  show(t, closed);
  assert.equal(closed.of(/^firewall$/).filter(({ level }) => level === 'error').length, 4);
  await load(`table inet f {
    set boot { type inet_service; elements = { 67, 69, 4011 }; }
    chain boot { udp dport { 67, 69, 4011 } accept; tcp dport 80 accept; }
    chain in { type filter hook input priority 0; policy drop; ct state established,related accept; iifname "br0" jump boot; }
  }`);
  assert.ok((await doctor(config)).has('ok', /^firewall$/));
  await load('table ip f { chain in { type filter hook input priority 0; udp dport 69 ip saddr 10.0.0.0/8 drop; }; }');
  const unsure = await doctor(config);
  assert.ok(unsure.has('warning', /^firewall$/, /may drop udp port 69 on br0/));
});

test('no configuration, and one with errors', async (t) => {
  const folder = newFolder('none');
  mkdirSync(folder, { recursive: true });
  assert.ok((await doctor(join(folder, 'none.yaml'))).has('error', /^configuration$/, /does not exist/));
  const broken = await doctor(writeConfig('networks: 7\n'));
  assert.ok(broken.has('error', /^configuration$/, /rackready\.yaml:1:11: networks/));
  t.diagnostic(`${broken.findings.length} findings`);
});
