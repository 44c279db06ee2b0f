import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRack, type Rack, requester } from '../../test/boot-rack.ts';
import { DEBIAN_TEMPLATE, debian, machine, network, profileOf } from '../../test/boot-values.ts';
import { ipv4 } from '../net/ipv4.ts';
import { type Mac, mac } from '../net/mac.ts';

const SM1 = mac('00:25:90:96:c4:9a');
const SM2 = mac('00:25:90:96:c6:5a');
const STRANGER = mac('52:54:00:00:00:01');
const machines = [machine(), machine({ name: 'sm2', hostName: 'sm2', macs: [SM2], address: ipv4('172.22.10.56') })];
const leases = { '172.22.10.55': SM1, '172.22.10.57': SM1, '172.22.10.56': SM2, '172.22.10.30': STRANGER };
const grant = { kind: 'granted', token: 'T', profile: 'debian-12', via: 'command' } as const;
const booted = { kind: 'boot-config-served', deadlineSeconds: 3600 } as const;
const sm1 = requester('172.22.10.55', 'http');

async function bootedRack(over: Parameters<typeof createRack>[0] = {}): Promise<Rack> {
  const rack = createRack({ machines, leases, ...over });
  await rack.step('sm1', grant);
  await rack.step('sm1', booted);
  return rack;
}
const ids = (rack: Rack) => rack.events.map(({ id }) => id);

test('resolveAnswer() gives the machine its answer file, after the step is saved', async () => {
  const rack = await bootedRack();
  const answer = await rack.files.resolveAnswer('T', 'preseed.cfg', sm1);
  assert.ok(answer.kind === 'text');
  assert.match(answer.text, /^d-i netcfg\/get_hostname string sm1$/m);
  assert.match(answer.text, /http:\/\/172\.22\.10\.2\/report\/T\/done/);
  assert.equal(rack.saved.at(-1)?.operation?.grant.answeredTo, '172.22.10.55');
});

test('a machine behind a relay is told of its own network, though it came in by another one’s interface', async () => {
  const subnet = { base: ipv4('10.9.0.0'), prefix: 24 };
  const [router, dns] = [ipv4('10.9.0.1'), [ipv4('10.9.0.53')]];
  const far = { ...network, name: 'far', interface: undefined, subnet, router, dns };
  const rack = await bootedRack({
    leases: { '10.9.0.100': SM1 },
    settings: { networks: [network, far] },
    readTemplate: () => '{{ network.name }} {{ network.netmask }} {{ network.router }} {{ network.dns[0] }}',
  });
  const answer = await rack.files.resolveAnswer('T', 'preseed.cfg', requester('10.9.0.100', 'http'));
  assert.equal(answer.kind === 'text' && answer.text.trim(), 'far 255.255.255.0 10.9.0.1 10.9.0.53');
  const config = rack.files.resolve('boot/grub/grub.cfg', requester('10.9.0.100'));
  assert.equal(config.kind, 'text');
  const told = rack.events.find(({ id }) => id === 'boot.config');
  assert.deepEqual(told?.subject, { mac: SM1, machine: 'sm1', network: 'far', address: '10.9.0.100' });
});

test('resolveAnswer() lets a broken-off transfer be repeated, and gives nothing after a complete one', async () => {
  const rack = await bootedRack();
  for (let index = 0; index < 3; index++) {
    assert.equal((await rack.files.resolveAnswer('T', 'preseed.cfg', sm1)).kind, 'text');
  }
  assert.deepEqual(ids(rack), ['install.granted']);
  await rack.files.answerSent('T', 'preseed.cfg');
  await rack.files.answerSent('T', 'preseed.cfg');
  assert.deepEqual(ids(rack), ['install.granted', 'answer.fetched']);
  const again = await rack.files.resolveAnswer('T', 'preseed.cfg', sm1);
  assert.ok(again.kind === 'refused' && again.status === 410 && /handed over/.test(again.reason));
  assert.deepEqual(ids(rack).at(-1), 'answer.refused');
});

test('resolveAnswer() gives nothing under a grant that is taken back while the disk is waited for', async () => {
  let isSlow = false;
  const { promise: saved, resolve: save } = Promise.withResolvers<void>();
  const rack = await bootedRack({ saveLife: () => (isSlow ? saved : Promise.resolve()) });
  isSlow = true;
  const answer = rack.files.resolveAnswer('T', 'preseed.cfg', sm1);
  const cancelled = rack.step('sm1', { kind: 'cancelled' });
  save();
  await cancelled;
  const given = await answer;
  assert.ok(given.kind === 'refused' && given.status === 410 && /taken back/.test(given.reason));
});

interface Refusal {
  readonly name: string;
  readonly over?: Parameters<typeof createRack>[0];
  readonly before?: (rack: Rack) => Promise<unknown>;
  readonly token?: string;
  readonly file?: string;
  readonly from?: string;
  readonly status: number;
  readonly reason: RegExp;
}

const noProfile = { settings: { profiles: new Map() } };
/** In the order of the checks: each row would also fail the ones after it, or the rest is in order. */
const refusals: readonly Refusal[] = [
  { name: 'unknown token', token: 'X', from: '172.22.10.99', status: 404, reason: /unknown, or its grant is used up/ },
  {
    name: 'used-up grant',
    before: (rack) => rack.step('sm1', { kind: 'cancelled' }),
    status: 404,
    reason: /used up/,
  },
  { name: 'address without a lease', from: '172.22.10.99', status: 403, reason: /172\.22\.10\.99 has no lease/ },
  { name: 'another machine', from: '172.22.10.56', status: 403, reason: /belongs to sm2/ },
  { name: 'a stranger', from: '172.22.10.30', status: 403, reason: /belongs to m-52-54-00-00-00-01/ },
  {
    name: 'another machine, although it is late',
    from: '172.22.10.56',
    before: async (rack) => {
      rack.clock.now += 3600_000;
    },
    status: 403,
    reason: /belongs to sm2/,
  },
  {
    name: 'too late',
    before: async (rack) => {
      rack.clock.now += 3600_000;
    },
    status: 410,
    reason: /run out/,
  },
  {
    name: 'held',
    before: async (rack) => {
      await rack.files.resolveAnswer('T', 'preseed.cfg', sm1);
      await rack.step('sm1', booted);
    },
    status: 409,
    reason: /held/,
  },
  {
    name: 'begun by another address of the same machine',
    before: (rack) => rack.files.resolveAnswer('T', 'preseed.cfg', sm1),
    from: '172.22.10.57',
    status: 403,
    reason: /belongs to 172\.22\.10\.55/,
  },
  { name: 'profile that is gone', over: noProfile, status: 404, reason: /not in the configuration any more/ },
  { name: 'another file name', file: 'ks.cfg', status: 404, reason: /is preseed\.cfg, not "ks\.cfg"/ },
  {
    name: 'template that breaks',
    over: { readTemplate: () => 'x\n {{ machine.nmae }}' },
    status: 500,
    reason: new RegExp(`${DEBIAN_TEMPLATE}:2:5: undefined variable`),
  },
];

for (const row of refusals) {
  test(`resolveAnswer() refuses: ${row.name}`, async () => {
    const rack = await bootedRack(row.over);
    await row.before?.(rack);
    const savedBefore = rack.saved.filter((life) => life.operation?.grant.answeredTo !== undefined).length;
    const from = requester(row.from ?? '172.22.10.55', 'http');
    const answer = await rack.files.resolveAnswer(row.token ?? 'T', row.file ?? 'preseed.cfg', from);
    assert.ok(answer.kind === 'refused', 'no answer file');
    assert.equal(answer.status, row.status);
    assert.match(answer.reason, row.reason);
    const told = rack.events.at(-1);
    assert.equal(told?.id, 'answer.refused');
    assert.deepEqual(told?.data, { reason: answer.reason });
    const savedAfter = rack.saved.filter((life) => life.operation?.grant.answeredTo !== undefined).length;
    assert.equal(savedAfter, savedBefore, 'a refusal is no step towards an installation');
  });
}

test('resolveAnswer() gives nothing that could not be saved, and works again when the disk does', async () => {
  let isFull = false;
  const rack = await bootedRack({
    saveLife: async () => {
      if (isFull) throw new Error('disk full');
    },
  });
  isFull = true;
  const answer = await rack.files.resolveAnswer('T', 'preseed.cfg', sm1);
  assert.ok(answer.kind === 'refused' && answer.status === 503 && /disk full/.test(answer.reason));
  isFull = false;
  assert.equal((await rack.files.resolveAnswer('T', 'preseed.cfg', sm1)).kind, 'text');
});

test('acceptReport() follows an installation to its end', async () => {
  const rack = await bootedRack();
  await rack.files.resolveAnswer('T', 'preseed.cfg', sm1);
  assert.deepEqual(await rack.files.acceptReport('T', 'started', '', sm1), { kind: 'accepted' });
  assert.deepEqual(await rack.files.acceptReport('T', 'started', '', sm1), { kind: 'accepted' });
  assert.deepEqual(await rack.files.acceptReport('T', 'done', '', sm1), { kind: 'accepted' });
  assert.deepEqual(ids(rack), ['install.granted', 'install.started', 'install.reported']);
  assert.equal(rack.saved.at(-1)?.state, 'ready', 'a report alone does not make it installed');
  const again = await rack.files.acceptReport('T', 'done', '', sm1);
  assert.equal(again.kind === 'refused' && again.status, 404);
});

test('acceptReport() keeps the installer’s own words, made harmless', async () => {
  const rack = await bootedRack();
  await rack.files.acceptReport('T', 'failed', `no disk\n\u001b[2J${'x'.repeat(400)}`, sm1);
  const reason = rack.lives.get('sm1')?.outcome?.reason ?? '';
  assert.match(reason, /^no disk \[2Jx+$/);
  assert.equal(reason.length, 300);
  const silent = await bootedRack();
  await silent.files.acceptReport('T', 'failed', ' \n', sm1);
  assert.equal(silent.lives.get('sm1')?.outcome?.reason, 'the installer gave no reason');
});

test('acceptReport() refuses what is not the machine’s own report', async () => {
  const rack = await bootedRack();
  const report = async (token: string, kind: string, from: string) => {
    const result = await rack.files.acceptReport(token, kind, '', requester(from, 'http'));
    return result.kind === 'refused' ? result.status : result.kind;
  };
  assert.equal(await report('T', 'finished', '172.22.10.55'), 404);
  assert.equal(await report('X', 'done', '172.22.10.55'), 404);
  assert.equal(await report('T', 'done', '172.22.10.56'), 403);
  assert.equal(await report('T', 'done', '172.22.10.99'), 403);
  assert.equal(rack.lives.get('sm1')?.operation?.stage, 'booting');
  const granted = createRack({ machines, leases });
  await granted.step('sm1', grant);
  const early = await granted.files.acceptReport('T', 'done', '', sm1);
  assert.ok(early.kind === 'refused' && early.status === 409 && /not sent yet/.test(early.reason));
});

test('acceptReport() keeps what the installer has chosen, and only what looks like it', async () => {
  const rack = await bootedRack();
  const report = async (body: string) => {
    const result = await rack.files.acceptReport('T', 'chosen', body, sm1);
    return result.kind === 'refused' ? result.reason : rack.lives.get('sm1')?.chosen;
  };
  assert.match(String(await report('')), /names no disk/);
  assert.match(String(await report('disk=sda')), /names no disk/);
  assert.match(String(await report('disk=/dev/../../etc id=x')), /names no disk/);
  assert.deepEqual(await report('disk=/dev/vda id= bytes= nic='), { disk: '/dev/vda' });
  const whole = 'disk=/dev/nvme0n1 id=/dev/disk/by-id/nvme-SAMSUNG_MZ_S4=1 bytes=512110190592 nic=enp1s0f0\n';
  assert.deepEqual(await report(whole.replace('=1', '#1')), {
    disk: '/dev/nvme0n1',
    diskId: '/dev/disk/by-id/nvme-SAMSUNG_MZ_S4#1',
    diskBytes: 512110190592,
    nic: 'enp1s0f0',
  });
  assert.deepEqual(await report('disk=/dev/sda id=/etc/passwd bytes=-1 nic=a/b\u001b[2J'), { disk: '/dev/sda' });
  const told = rack.events.findLast(({ id }) => id === 'install.chosen');
  assert.deepEqual(told?.data, { profile: 'debian-12', disk: '/dev/sda' });
});

test('acceptReport() keeps the host keys that the installed system has to show', async () => {
  const rack = await bootedRack();
  await rack.files.resolveAnswer('T', 'preseed.cfg', sm1);
  const key = `ssh-ed25519 ${'A'.repeat(68)}`;
  await rack.files.acceptReport('T', 'done', `${key} root@sm1\nrubbish\n`, sm1);
  assert.deepEqual(rack.lives.get('sm1')?.operation?.contact, { hostKeys: [key] });
});

test('an unknown machine that may be installed gets its answer file, too', async () => {
  const settings = { unknownMachines: { kind: 'install', profile: 'debian-12' } } as const;
  const rack = createRack({ machines, leases, settings });
  const from = requester('172.22.10.30', 'http');
  rack.files.resolve('ipxe/boot.ipxe', from);
  const answer = await rack.files.resolveAnswer('TOKEN1', 'preseed.cfg', from);
  assert.match(answer.kind === 'text' ? answer.text : answer.reason, /get_hostname string m-52-54-00-00-00-01/);
  await rack.files.answerSent('TOKEN1', 'preseed.cfg');
  assert.equal((await rack.files.acceptReport('TOKEN1', 'done', '', from)).kind, 'accepted');
  assert.equal(rack.lives.get('m-52-54-00-00-00-01')?.operation?.stage, 'first-contact');
});

test('the whole way: boot, answer, report, and from then on from disk', async () => {
  const profiles = new Map([['debian-12', { ...debian, install: 'once' as const }]]);
  const rack = createRack({ machines, leases, settings: { profiles } });
  const boot = () => rack.files.resolve('ipxe/boot.ipxe', sm1);
  const script = boot();
  const token = /answer\/([^/]+)\/preseed\.cfg/.exec(script.kind === 'text' ? script.text : '')?.[1] ?? '';
  assert.equal((await rack.files.resolveAnswer(token, 'preseed.cfg', sm1)).kind, 'text');
  await rack.files.answerSent(token, 'preseed.cfg');
  await rack.files.acceptReport(token, 'started', '', sm1);
  await rack.files.acceptReport(token, 'done', '', sm1);
  const after = boot();
  assert.match(after.kind === 'text' ? after.text : '', /boots from disk: it is installed/);
  assert.deepEqual(ids(rack), [
    'install.granted',
    'boot.config',
    'answer.fetched',
    'install.started',
    'install.reported',
    'boot.config',
  ]);
});

const ubuntu = profileOf('ubuntu-24.04');
const ubuntuRack = async () => {
  const rack = createRack({ machines, leases, settings: { profiles: new Map([['debian-12', ubuntu]]) } });
  await rack.step('sm1', grant);
  return rack;
};

test('cloud-init gets the companions of its answer file before and after it, and only user-data counts', async () => {
  const rack = await ubuntuRack();
  const get = (file: string, from = sm1) => rack.files.resolveAnswer('T', file, from);
  const network = await get('network-config');
  assert.deepEqual(network, { kind: 'refused', status: 404, reason: 'there is no network-config', isExpected: true });
  const meta = await get('meta-data');
  assert.deepEqual(meta, {
    kind: 'text',
    name: 'meta-data',
    text: 'instance-id: "sm1-installer"\nlocal-hostname: sm1\n',
  });
  assert.equal(rack.lives.get('sm1')?.operation?.stage, 'granted', 'nothing has begun yet');
  const answer = await get('user-data');
  assert.ok(answer.kind === 'text' && answer.token === 'T' && answer.text.startsWith('#cloud-config\n'));
  await rack.files.answerSent('T', 'user-data');
  assert.deepEqual(await get('vendor-data'), { kind: 'text', name: 'vendor-data', text: '' });
  assert.equal((await get('meta-data')).kind, 'text');
  const again = await get('user-data');
  assert.equal(again.kind === 'refused' && again.status, 410);
  const other = await get('meta-data', requester('172.22.10.57', 'http'));
  assert.equal(other.kind === 'refused' && other.status, 403);
  assert.deepEqual(ids(rack), ['install.granted', 'answer.fetched', 'answer.refused', 'answer.refused']);
});

const el = profileOf('centos-7');
const classicRack = async (isGranted = true) => {
  const rack = createRack({ machines, leases, settings: { profiles: new Map([['debian-12', el]]) } });
  if (isGranted) await rack.step('sm1', grant);
  return rack;
};

test('resolveKickstart() gives the kickstart to a machine under grant, by any of its MAC addresses, once', async () => {
  const rack = await classicRack();
  const answer = await rack.files.resolveKickstart([STRANGER, SM1], sm1);
  assert.ok(answer.kind === 'text' && answer.token === 'T' && answer.name === 'ks.cfg');
  assert.match(answer.text, /^network .*--device='00:25:90:96:c4:9a'/m);
  assert.equal(rack.lives.get('sm1')?.operation?.stage, 'installing');
  await rack.files.answerSent('T', 'ks.cfg');
  const again = await rack.files.resolveKickstart([SM1], sm1);
  assert.ok(again.kind === 'refused' && again.status === 404 && /handed over/.test(again.reason));
});

const classic: readonly [string, readonly Mac[], string, number, RegExp, boolean?][] = [
  ['no MAC address', [], '172.22.10.55', 403, /names no MAC address: put inst\.ks\.sendmac/],
  ['an address without a lease', [SM1], '172.22.10.99', 403, /172\.22\.10\.99 has no lease/],
  ['another machine that names this one', [SM1], '172.22.10.56', 403, /belongs to sm2, and the request names 00:25/],
  ['this machine when it names another', [SM2], '172.22.10.55', 403, /belongs to sm1/],
  ['another machine without a grant', [SM2], '172.22.10.56', 404, /no installation of sm2 is granted/],
  ['no grant', [SM1], '172.22.10.55', 404, /no installation of sm1 is granted: rackready install sm1/, false],
];
for (const [name, macs, from, status, reason, isGranted] of classic) {
  test(`resolveKickstart() refuses: ${name}`, async () => {
    const rack = await classicRack(isGranted);
    const answer = await rack.files.resolveKickstart(macs, requester(from, 'http'));
    assert.ok(answer.kind === 'refused', 'no kickstart');
    assert.equal(answer.status, status);
    assert.match(answer.reason, reason);
    assert.equal(rack.events.at(-1)?.id, 'answer.refused');
    assert.notEqual(rack.lives.get('sm1')?.operation?.stage, 'installing');
  });
}

test('resolveKickstart() refuses a machine that is installed with something else, or held, with 404 and 403', async () => {
  const debianRack = await bootedRack();
  const other = await debianRack.files.resolveKickstart([SM1], sm1);
  assert.ok(other.kind === 'refused' && other.status === 404 && /is preseed\.cfg/.test(other.reason));
  const rack = await classicRack();
  await rack.files.resolveKickstart([SM1], sm1);
  await rack.step('sm1', booted);
  const held = await rack.files.resolveKickstart([SM1], sm1);
  assert.ok(held.kind === 'refused' && held.status === 403 && /held/.test(held.reason));
});

test('acceptReport() keeps no token of what the installer wrote', async () => {
  const rack = createRack({ machines, leases });
  await rack.step('sm1', { ...grant, token: 'S3CRET' });
  await rack.step('sm1', booted);
  await rack.files.acceptReport('S3CRET', 'failed', 'curl /report/S3CRET/x\n\nwget S3CRET', sm1);
  assert.equal(rack.lives.get('sm1')?.outcome?.reason, 'curl /report/…/x');
  assert.ok(!JSON.stringify(rack.events).includes('S3CRET'));
});

test('acceptReport() keeps the installer’s log apart from the reason', async () => {
  const rack = await bootedRack();
  const log = `first\n\u001b[31mred\n${'x'.repeat(50)}\n`.repeat(1000);
  await rack.files.acceptReport('T', 'failed', `no space\nleft\n\n${log}`, sm1);
  assert.equal(rack.lives.get('sm1')?.outcome?.reason, 'no space left');
  const told = rack.events.at(-1);
  assert.equal(told?.id, 'install.log');
  const { text, lines } = (told?.data ?? {}) as { text: string; lines: number };
  assert.ok(text.length <= 32_000 && text.length > 31_000);
  assert.match(text, /^(first|\[31mred|x{50})\n/);
  assert.equal(text.split('\n').length, lines);
  assert.ok(!text.includes('\u001b'));
});
