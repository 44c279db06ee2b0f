import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { needs } from '../needs.ts';
import { run } from '../support/http.ts';
import { openSegment, startProgram } from '../support/segment.ts';
import { newFolder, startServer, type TestServer } from '../support/server.ts';
import { must } from '../support/yum-upstream.ts';

/* A mirror behind Debian's nginx, with the configuration that docs/mirrors.md shows. */

const DOCUMENT = new URL('../../docs/mirrors.md', import.meta.url).pathname;
const OWN = 'http://172.22.10.2/mirror/f';
const NGINX = 'http://172.22.10.2:8080/mirror/f';
const CLIENT = '172.22.10.92';

/** Debian's nginx runs as this; where root alone is mapped into the namespace of a test, nobody can. */
async function findAccount(t: TestContext): Promise<'www-data' | 'root'> {
  const id = Number((await must(['id', '-u', 'www-data'])).text);
  const lines = readFileSync('/proc/self/uid_map', 'utf8').trim().split('\n');
  const isMapped = lines.some((line) => {
    const [first = 0, , count = 0] = line.trim().split(/\s+/).map(Number);
    return id >= first && id < first + count;
  });
  if (!isMapped) t.diagnostic('www-data is not mapped into this namespace: nginx runs as root');
  return isMapped ? 'www-data' : 'root';
}

/** The documented server, with the data folder of a test, which it may only go through, as documented. */
async function startNginx(t: TestContext, { data }: TestServer): Promise<void> {
  const document = readFileSync(DOCUMENT, 'utf8');
  const [, shown = ''] = /```nginx\n([^`]+)```/.exec(document) ?? [];
  assert.match(shown, /alias \/var\/lib\/rackready\/mirrors\/pool\/;/);
  const account = await findAccount(t);
  assert.equal(statSync(data).mode & 0o777, 0o700);
  if (account === 'www-data') {
    const [, entry = ''] = /`setfacl -m (\S+) \/var\/lib\/rackready`/.exec(document) ?? [];
    await must(['setfacl', '-m', entry, data]);
  }
  const folder = newFolder('nginx');
  chmodSync(folder, 0o755);
  const temps = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const config = join(folder, 'nginx.conf');
  writeFileSync(
    config,
    `daemon off; user ${account}; pid ${folder}/pid; error_log stderr notice;
events { worker_connections 64; }
http { access_log off; ${temps.join(' ')}
${shown.replaceAll('/var/lib/rackready', data)}
}
`,
  );
  const nginx = startProgram(t, ['nginx', '-e', 'stderr', '-c', config]);
  await nginx.printed(/start worker process /, 60_000);
}

test('nginx sends what rackready decides, and nothing else', async (t) => {
  if (!needs(t, 'ip', 'curl', 'nginx', 'setfacl')) return;
  const tree = newFolder('tree');
  const big = randomBytes(3_000_000);
  mkdirSync(join(tree, 'images'));
  writeFileSync(join(tree, 'images/a+b.img'), big);
  writeFileSync(join(tree, 'note.txt'), 'a note\n');
  const etag = `"${createHash('sha256').update(big).digest('hex')}"`;
  const rack = await openSegment(t);
  const server = await startServer(t, {
    yaml: `
server: { accelLocation: /rackready-pool/ }
networks:
  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false } }
mirrors:
  f: { from: "file://${tree}", kind: files }
`,
  });
  const filled = await server.rackready('mirror', 'sync', 'f');
  assert.equal(filled.code, 0, `${filled.stdout}${filled.stderr}`);
  await startNginx(t, server);
  const { prefix, interfaceName } = await rack.addClient('pc', { mac: '00:25:90:96:c4:79' });
  await must([...prefix, 'ip', 'address', 'add', `${CLIENT}/24`, 'dev', interfaceName]);
  const [program = '', ...words] = [...prefix, 'curl', '-sS', '--path-as-is', '--max-time', '60'];
  const curl = async (...args: string[]) => (await run(program, [...words, ...args])).stdout;
  const image = `${NGINX}/images/a%2bb.img`;
  const sentByNginx = { path: '/mirror/f/images/a+b.img', address: CLIENT, status: 200, bytes: 0 };

  // Whole, by nginx, and with our headers.
  const told = server.nextEvent('http.done', sentByNginx);
  const whole = await curl('-D', '-', image);
  const split = whole.indexOf('\r\n\r\n');
  const head = whole.subarray(0, split).toString();
  assert.ok(whole.subarray(split + 4).equals(big), head);
  assert.match(head, /^HTTP\/1\.1 200 OK\r\nServer: nginx/);
  for (const line of [`ETag: ${etag}`, 'Cache-Control: no-cache', 'Content-Type: application/vnd.efi-img'])
    assert.ok(`${head}\r\n`.includes(`\r\n${line}\r\n`), head);
  assert.doesNotMatch(head, /X-Accel/i);
  await told;

  // In parts, by nginx too.
  const part = server.nextEvent('http.done', sentByNginx);
  assert.ok((await curl('-r', '1000-1999', image)).equals(big.subarray(1000, 2000)));
  await part;
  const parts = await curl('-i', '-r', '0-9,-10', image);
  assert.match(parts.toString('latin1'), /^HTTP\/1\.1 206 [\s\S]*multipart\/byteranges/);
  assert.ok(parts.includes(big.subarray(0, 10)) && parts.includes(big.subarray(-10)));

  // What depends on tags is answered by us.
  assert.match((await curl('-I', image)).toString(), /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\nContent-Length: 3000000\r\n/);
  assert.match((await curl('-i', '-H', `If-None-Match: ${etag}`, image)).toString(), /^HTTP\/1\.1 304 /);
  assert.match((await curl('-i', '-H', 'If-Match: "other"', image)).toString(), /^HTTP\/1\.1 412 /);
  const matched = server.nextEvent('http.done', { ...sentByNginx, status: 206, bytes: 10 });
  assert.ok((await curl('-r', '0-9', '-H', `If-Range: ${etag}`, image)).equals(big.subarray(0, 10)));
  await matched;
  assert.ok((await curl('-r', '0-9', '-H', 'If-Range: "other"', image)).equals(big));

  // Nothing is there that we do not give, and the pool is nobody's.
  const sha256 = etag.slice(1, -1);
  for (const path of [
    `/rackready-pool/${sha256.slice(0, 2)}/${sha256}`,
    '/mirror/f/nothing',
    '/mirror/other/note.txt',
    '/mirror/f/..%2f..%2fstate.json',
  ]) {
    const refused = (await curl('-i', `http://172.22.10.2:8080${path}`)).toString();
    assert.match(refused, /^HTTP\/1\.1 40[034] /, path);
  }

  // Whoever asks us for a name instead of a file, and is no proxy of this host, gets the file.
  const asked = ['-i', '-H', 'X-Sendfile-Type: X-Accel-Redirect', '-H', 'X-Real-IP: 172.22.10.200', `${OWN}/note.txt`];
  const direct = server.nextEvent('http.done', { path: '/mirror/f/note.txt', address: CLIENT, bytes: 7 });
  const given = (await curl(...asked)).toString();
  assert.doesNotMatch(given, /X-Accel/i);
  assert.match(given, /\r\n\r\na note\n$/);
  await direct;
});
