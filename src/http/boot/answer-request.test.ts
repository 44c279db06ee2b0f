import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ipv4 } from '../../net/ipv4.ts';
import type { AnswerResource, ReportResult } from '../../serve/answers.ts';
import type { BootResource, Requester } from '../../serve/boot-resource.ts';
import { createBootRequestHandler } from './answer-request.ts';
import type { BootHttpRequest } from './protocol.ts';

const TOKEN = 'KcS4q-2hX9w0Zt';

interface Asked {
  readonly name: string;
  readonly args: readonly unknown[];
}

function handlerWith(
  given: {
    resource?: BootResource;
    answer?: AnswerResource;
    report?: ReportResult;
    sent?: Promise<void>;
    accelLocation?: string;
  } = {},
) {
  const asked: Asked[] = [];
  const failures: unknown[] = [];
  const handler = createBootRequestHandler({
    resolve: (...args) => {
      asked.push({ name: 'resolve', args });
      return given.resource ?? { kind: 'file', name: args[0], path: `/srv/${args[0]}` };
    },
    resolveMirror: (mirror, label) => {
      asked.push({ name: 'resolveMirror', args: [mirror, label] });
      if (mirror !== 'rocky-9') return { missing: `there is no mirror ${mirror}` };
      return { repo: '/m/repos/rocky-9', pool: '/m/pool', snapshot: label };
    },
    accelLocation: () => given.accelLocation,
    resolveAnswer: async (...args) => {
      asked.push({ name: 'resolveAnswer', args });
      return given.answer ?? { kind: 'text', name: 'preseed.cfg', text: 'd-i secret\n', token: TOKEN };
    },
    resolveKickstart: async (...args) => {
      asked.push({ name: 'resolveKickstart', args });
      return given.answer ?? { kind: 'text', name: 'ks.cfg', text: 'text\n', token: TOKEN };
    },
    answerSent: async (...args) => {
      asked.push({ name: 'answerSent', args });
      await given.sent;
    },
    acceptReport: async (...args) => {
      asked.push({ name: 'acceptReport', args });
      return given.report ?? { kind: 'accepted' };
    },
    onSentFailed: (error) => failures.push(error),
  });
  return { handler, asked, failures };
}

function request(method: string, path: string, more: Partial<BootHttpRequest> = {}): BootHttpRequest {
  const headers = { 'user-agent': 'iPXE/1.21.1' };
  return { id: 1, method, path, query: '', headers, remoteAddress: '10.0.0.7', network: 'lab', ...more };
}

const requester: Requester = { via: 'http', address: ipv4('10.0.0.7'), network: 'lab', userAgent: 'iPXE/1.21.1' };

for (const path of [
  '/os/debian-12/linux',
  '/boot/grub/grub.cfg',
  '/ipxe/boot.ipxe',
  '/secure/shimx64.efi',
  '/grubx64.efi',
])
  test(`GET ${path} is asked of the resolver under the name that TFTP uses`, async () => {
    const { handler, asked } = handlerWith();
    const answer = await handler.answer(request('GET', path));
    assert.deepEqual(asked, [{ name: 'resolve', args: [path.slice(1), requester] }]);
    assert.equal(answer.kind, 'file');
  });

test('an .efi file is application/efi, exactly', async () => {
  const { handler } = handlerWith();
  const answer = await handler.answer(request('HEAD', '/secure/shimx64.efi'));
  assert.deepEqual(answer, {
    kind: 'file',
    name: 'secure/shimx64.efi',
    path: '/srv/secure/shimx64.efi',
    contentType: 'application/efi',
  });
});

test('a text that was made for the request is sent as text', async () => {
  const { handler } = handlerWith({ resource: { kind: 'text', name: 'ipxe/boot.ipxe', text: '#!ipxe\n' } });
  const answer = await handler.answer(request('GET', '/ipxe/boot.ipxe'));
  assert.deepEqual(answer, { kind: 'text', status: 200, text: '#!ipxe\n', contentType: 'text/plain; charset=utf-8' });
});

test('a missing file is 404 and says what is near and whether that is normal', async () => {
  const resource = { kind: 'missing', name: 'os/debian12/linux', expected: false, near: 'os/debian-12/linux' } as const;
  const answer = await handlerWith({ resource }).handler.answer(request('GET', '/os/debian12/linux'));
  assert.deepEqual(answer, {
    kind: 'refuse',
    status: 404,
    reason: 'there is no os/debian12/linux; there is os/debian-12/linux',
    isExpected: false,
    near: 'os/debian-12/linux',
  });
});

test('a refused file is 403 with the reason', async () => {
  const resource = { kind: 'refused', name: 'x', reason: 'a link out of the folder' } as const;
  const answer = await handlerWith({ resource }).handler.answer(request('GET', '/x'));
  assert.deepEqual(answer, { kind: 'refuse', status: 403, reason: 'a link out of the folder' });
});

test('an answer file is given with a mark that comes back when it was sent', async () => {
  const { handler, asked } = handlerWith();
  const answer = await handler.answer(request('GET', `/answer/${TOKEN}/preseed.cfg`));
  assert.equal(answer.kind, 'text');
  if (answer.kind !== 'text') return;
  assert.equal(answer.text, 'd-i secret\n');
  assert.equal(answer.shownPath, '/answer/…/preseed.cfg');
  handler.sent(answer.confirm ?? '');
  assert.deepEqual(asked, [
    { name: 'resolveAnswer', args: [TOKEN, 'preseed.cfg', requester] },
    { name: 'answerSent', args: [TOKEN, 'preseed.cfg'] },
  ]);
});

test('the classic /ks.cfg is asked for by all MAC addresses that Anaconda names, in any form', async () => {
  const { handler, asked } = handlerWith();
  const headers = {
    'user-agent': 'curl/7.76.1',
    'x-rhn-provisioning-mac-0': 'eno1 00:25:90:96:C4:9A',
    'x-rhn-provisioning-mac-1': '00-25-90-96-c6-5a',
    'x-rhn-provisioning-mac-2': 'ib0 80:00:02:08:fe:80:00:00:00:00:00:00:00:02:c9:03:00:0e:c3:e1',
    'x-rhn-provisioning-mac-31': ' bond0  52:54:00:00:00:01 ',
    'x-rhn-provisioning-mac-32': 'eth9 52:54:00:00:00:02',
  };
  const answer = await handler.answer(request('GET', '/KS.cfg', { headers }));
  const macs = ['00:25:90:96:c4:9a', '00:25:90:96:c6:5a', '52:54:00:00:00:01'];
  assert.deepEqual(asked, [{ name: 'resolveKickstart', args: [macs, { ...requester, userAgent: 'curl/7.76.1' }] }]);
  assert.ok(answer.kind === 'text' && answer.shownPath === '/ks.cfg');
  assert.equal(answer.confirm, `${TOKEN}/ks.cfg`);
  const head = await handler.answer(request('HEAD', '/ks.cfg', { headers }));
  assert.equal(head.kind === 'refuse' && head.status, 405);
});

test('a companion of an answer file is given without a mark', async () => {
  const answer = { kind: 'text', name: 'meta-data', text: 'x\n' } as const;
  const given = await handlerWith({ answer }).handler.answer(request('GET', `/answer/${TOKEN}/meta-data`));
  assert.ok(given.kind === 'text' && given.confirm === undefined);
});

test('HEAD and POST of an answer file use nothing up', async () => {
  const { handler, asked } = handlerWith();
  for (const method of ['HEAD', 'POST', 'PUT']) {
    const answer = await handler.answer(request(method, `/answer/${TOKEN}/preseed.cfg`));
    assert.equal(answer.kind === 'refuse' && answer.status, 405);
    assert.equal(JSON.stringify(answer).includes(TOKEN), false);
  }
  assert.deepEqual(asked, []);
});

test('a refused answer file has the status and the reason, and no token', async () => {
  const { handler } = handlerWith({ answer: { kind: 'refused', status: 410, reason: 'handed over already' } });
  const answer = await handler.answer(request('GET', `/answer/${TOKEN}/ks.cfg`));
  assert.deepEqual(answer, {
    kind: 'refuse',
    status: 410,
    reason: 'handed over already',
    shownPath: '/answer/…/ks.cfg',
    isTold: true,
  });
});

test('reports come by GET and POST, with the reason in the body or in the query', async () => {
  const { handler, asked } = handlerWith();
  await handler.answer(request('GET', `/report/${TOKEN}/started`));
  await handler.answer(request('POST', `/report/${TOKEN}/failed`, { body: 'no disk' }));
  const answer = await handler.answer(request('GET', `/report/${TOKEN}/failed`, { query: 'reason=no+disk' }));
  assert.deepEqual(
    asked.map(({ args }) => args.slice(0, 3)),
    [
      [TOKEN, 'started', ''],
      [TOKEN, 'failed', 'no disk'],
      [TOKEN, 'failed', 'no disk'],
    ],
  );
  assert.equal(answer.kind === 'text' && answer.status, 200);
  assert.equal(JSON.stringify(answer).includes(TOKEN), false);
});

test('a refused report is told with its status', async () => {
  const { handler } = handlerWith({ report: { kind: 'refused', status: 409, reason: 'not sent yet' } });
  const answer = await handler.answer(request('POST', `/report/${TOKEN}/done`, { body: '' }));
  assert.deepEqual(answer, { kind: 'refuse', status: 409, reason: 'not sent yet', shownPath: '/report/…/done' });
});

test('a file of a mirror is looked up by the worker, at the state that the path names', async () => {
  const { handler, asked } = handlerWith();
  const where = { kind: 'tree', mirror: 'rocky-9', repo: '/m/repos/rocky-9', pool: '/m/pool' };
  const live = await handler.answer(request('GET', '/mirror/rocky-9/repodata/repomd.xml'));
  const name = 'mirror/rocky-9/repodata/repomd.xml';
  const client = '10.0.0.7';
  assert.deepEqual(live, { ...where, snapshot: undefined, isFixed: false, path: 'repodata/repomd.xml', name, client });
  const pinned = await handler.answer(request('HEAD', '/mirror/rocky-9@20261126T011100-abc/a@b.rpm'));
  assert.ok(pinned.kind === 'tree' && pinned.snapshot === '20261126T011100-abc' && pinned.path === 'a@b.rpm');
  assert.equal(pinned.isFixed, true);
  assert.deepEqual(
    asked.map(({ args }) => args),
    [
      ['rocky-9', undefined],
      ['rocky-9', '20261126T011100-abc'],
    ],
  );
  const unknown = await handler.answer(request('GET', '/mirror/other/x'));
  assert.deepEqual(unknown, { kind: 'refuse', status: 404, reason: 'there is no mirror other' });
  const written = await handler.answer(request('PUT', '/mirror/rocky-9/x'));
  assert.equal(written.kind === 'refuse' && written.status, 405);
});

describe('a proxy on this host', () => {
  const headers = { 'x-real-ip': '10.0.0.9', 'x-sendfile-type': 'X-Accel-Redirect' };
  const asked = async (
    more: Partial<BootHttpRequest>,
    given: { accelLocation?: string } = { accelLocation: '/pool/' },
  ) => {
    const answer = await handlerWith(given).handler.answer(request('GET', '/mirror/rocky-9/x.rpm', more));
    return answer.kind === 'tree' ? [answer.client, answer.accelLocation] : assert.fail(answer.kind);
  };

  test('says for whom it asks, and sends the file by itself', async () =>
    assert.deepEqual(await asked({ isOwn: true, headers }), ['10.0.0.9', '/pool/']));

  test('that does not say so gets the file', async () =>
    assert.deepEqual(await asked({ isOwn: true }), ['10.0.0.7', undefined]));

  test('gets the file where the configuration names no location', async () =>
    assert.deepEqual(await asked({ isOwn: true, headers }, {}), ['10.0.0.9', undefined]));

  test('that says nonsense is named itself', async () =>
    assert.deepEqual(await asked({ isOwn: true, headers: { 'x-real-ip': 'nobody' } }), ['10.0.0.7', undefined]));

  test('is the only one that is believed', async () =>
    assert.deepEqual(await asked({ headers }), ['10.0.0.7', undefined]));
});

test('nothing of the admin API is served, and nobody is asked', async () => {
  const { handler, asked } = handlerWith();
  for (const path of ['/api', '/api/v1/status', '/API/v1/leases']) {
    const answer = await handler.answer(request('GET', path));
    assert.equal(answer.kind === 'refuse' && answer.status, 404);
  }
  assert.deepEqual(asked, []);
});

test('files are read only', async () => {
  const { handler, asked } = handlerWith();
  for (const method of ['PUT', 'DELETE', 'POST', 'PROPFIND']) {
    const answer = await handler.answer(request(method, '/os/x/linux'));
    assert.equal(answer.kind === 'refuse' && answer.status === 405 && answer.allow, 'GET, HEAD');
  }
  assert.deepEqual(asked, []);
});

test('a note that could not be kept is told', async () => {
  const sent = Promise.reject(new Error('disk full'));
  const { handler, failures } = handlerWith({ sent });
  handler.sent(`${TOKEN}/preseed.cfg`);
  await assert.rejects(sent);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(failures.map(String), ['Error: disk full']);
});
