import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { socketName } from '../../src/http/api/listen-unix.ts';
import { IMPORTED_FOLDER, objectPath } from '../../src/io/loaders/imported-loaders.ts';
import { needs } from '../needs.ts';
import { makeBundle, type TestBundle } from '../support/bundles.ts';
import { run } from '../support/http.ts';
import { newFolder, rackready } from '../support/server.ts';

/* A server that refuses what an import wrote goes on with what it has: nothing of that may be deleted, nor what nobody knows of. */

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname;
const NETWORK =
  'networks:\n  n: { interface: lo, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: observe } }\n';

function bundleOf(round: number): Promise<TestBundle> {
  return makeBundle(
    { 'Packages/same.rpm': 'same' },
    (head) => ({
      ...head,
      profile: { ...head.profile, values: { ...head.profile.values, deadline: `${round + 1}m` } },
    }),
    (keep) => [
      {
        platform: 'bios-x86',
        loader: 'grub',
        hasHttp: true,
        packages: [],
        files: [{ path: 'boot/grub/i386-pc/core.0', ...keep(`core ${round}`) }],
      },
    ],
  );
}

/** As the control socket of a server that runs on this configuration. */
async function standIn(t: TestContext, data: string, config: string, current: string | undefined) {
  const how = { isRefusing: false };
  const refusal = { code: 'config-invalid', message: 'profiles.p: it is not there', hint: 'Mend it.' };
  const server = createServer((request, response) => {
    const send = (status: number, body: object) => response.writeHead(status).end(JSON.stringify(body));
    request.resume();
    if (request.url === '/api/v1/status') send(200, { config });
    else if (request.url === '/api/v1/mirrors/m') send(200, { mirror: { current } });
    else if (request.url !== '/api/v1/reload') send(200, {});
    else if (how.isRefusing) send(422, { error: refusal });
    else send(200, { networks: 1, machines: 0 });
  });
  await new Promise<void>((resolve) => server.listen(join(data, socketName), resolve));
  t.after(() => server.close());
  return how;
}

test('loaders that the server still gives out stay where it refuses what was imported', async (t) => {
  const data = newFolder('data');
  writeFileSync(join(data, 'rackready.lock'), '');
  const config = join(newFolder('config'), 'rackready.yaml');
  writeFileSync(config, NETWORK);
  const bundles = await Promise.all([0, 1, 2].map(bundleOf));
  const has = bundles.map(({ head }) => {
    const sha256 = head.loaders[0]?.files[0]?.sha256 ?? assert.fail('no loader');
    return () => existsSync(objectPath(join(data, IMPORTED_FOLDER), sha256));
  });
  const isThere = () => has.map((one) => one());
  const server = await standIn(t, data, config, bundles[0]?.head.mirrors[0]?.snapshot.id);
  const importIt = (round: number) => {
    const archive = join(newFolder('usb'), 'x.tar');
    writeFileSync(archive, bundles[round]?.archive ?? '');
    return rackready(data, 'bundle', 'import', archive, '--replace');
  };

  const first = await importIt(0);
  assert.equal(first.code, 0, first.text);
  assert.deepEqual(isThere(), [true, false, false]);

  server.isRefusing = true;
  const refused = await importIt(1);
  assert.equal(refused.code, 1, refused.text);
  assert.match(refused.text, /THE SERVER REFUSED IT/);
  assert.deepEqual(isThere(), [true, true, false]);

  server.isRefusing = false;
  const taken = await importIt(2);
  assert.equal(taken.code, 0, taken.text);
  assert.deepEqual(isThere(), [false, false, true]);

  const written = readFileSync(config, 'utf8');
  writeFileSync(join(data, IMPORTED_FOLDER, 'index.json'), '{ "version": 2, "sets": [] }');
  const unread = await importIt(0);
  assert.notEqual(unread.code, 0);
  assert.match(unread.text, /imported-loaders\/index\.json cannot be read: .*of a newer version/);
  assert.match(unread.text, /move it away and import all archives/);
  assert.deepEqual(isThere(), [false, false, true]);
  assert.equal(readFileSync(config, 'utf8'), written);
});

test('an archive that cannot be written whole says where and why, and fails', async (t) => {
  if (!needs(t, 'bash')) return;
  const folder = newFolder('config');
  for (const name of ['linux', 'initrd', 'own.liquid']) writeFileSync(join(folder, name), name.repeat(300_000));
  const config = join(folder, 'rackready.yaml');
  const profile =
    '{ os: custom, kernel: linux, initrd: initrd, answerFile: own.liquid, arguments: "a={{ urls.answer }}" }';
  writeFileSync(config, `${NETWORK}profiles:\n  p: ${profile}\n`);
  const output = join(folder, 'p.tar');
  const bundle = `${process.execPath} ${MAIN} bundle p --config ${config} -o`;
  const bash = (line: string) => run('bash', ['-c', line], { RACKREADY_DATA: newFolder('data') });
  for (const [line, said] of [
    // As FAT32 ends with 4 GiB.
    [`ulimit -f 500; ${bundle} ${output}`, /p\.tar cannot be written: EFBIG.*\n.*FAT32/],
    [`${bundle} - >/dev/full`, /rackready: ENOSPC/],
    [`set -o pipefail; ${bundle} - | head -c 100 >/dev/null`, /rackready: EPIPE/],
  ] as const) {
    const ran = await bash(line);
    assert.equal(ran.code, 1, `${line}: ${ran.text}`);
    assert.match(ran.text, said);
    assert.doesNotMatch(ran.text, /node:/);
  }
  assert.deepEqual(readdirSync(folder).toSorted(), ['initrd', 'linux', 'own.liquid', 'rackready.yaml']);
});

test('a newer archive of the same profile is taken as it is; where its template was changed here, that is asked for', async () => {
  const data = newFolder('data');
  writeFileSync(join(data, 'rackready.lock'), '');
  const folder = newFolder('config');
  const config = join(folder, 'rackready.yaml');
  writeFileSync(config, NETWORK);
  const importIt = async (round: number) => {
    const { archive } = await makeBundle({ 'Packages/a.rpm': `a ${round}` });
    const file = join(newFolder('usb'), 'x.tar');
    writeFileSync(file, archive);
    return run(process.execPath, [MAIN, 'bundle', 'import', file, '--config', config], { RACKREADY_DATA: data });
  };
  for (const round of [0, 1]) {
    const taken = await importIt(round);
    assert.equal(taken.code, 0, taken.text);
  }
  const [, template = ''] = /answerFile: (\S+liquid)/.exec(readFileSync(config, 'utf8')) ?? [];
  writeFileSync(join(folder, template), '# changed here\n');
  const before = readFileSync(config, 'utf8');
  const refused = await importIt(2);
  assert.equal(refused.code, 1, refused.text);
  assert.match(refused.text, /answerFile-a\.liquid is different here/);
  assert.equal(readFileSync(config, 'utf8'), before);
});
