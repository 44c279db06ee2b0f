import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { needs } from '../needs.ts';
import { makeSegments } from './io-segment.ts';

before(() => makeSegments());

const IO_FOLDER = new URL('../../src/io', import.meta.url).href;

/** Drops privileges in a process of its own and prints what is left as JSON. */
const SCRIPT = `
  import { readFileSync, readdirSync } from 'node:fs';
  import { readFile } from 'node:fs/promises';
  import { Worker } from 'node:worker_threads';
  import { once } from 'node:events';
  const { io, options } = JSON.parse(process.argv[1]);
  const { dropPrivileges } = await import(io + '/privileges.ts');
  const { openUdp } = await import(io + '/udp/open-udp.ts');
  const { openRawSender } = await import(io + '/udp/raw-sender.ts');
  const code = (careful) => \`
    import { parentPort } from 'node:worker_threads';
    import { readFileSync } from 'node:fs';
    \${careful ? "await (await import('" + io + "/privileges.ts')).dropThreadPrivileges();" : ''}
    parentPort.on('message', () => parentPort.postMessage(readFileSync('/proc/thread-self/status', 'utf8')));\`;
  const startWorker = (careful) => new Worker(new URL('data:text/javascript,' + encodeURIComponent(code(careful))));
  const pick = (status) => Object.fromEntries([...status.matchAll(/^(Uid|Gid|Groups|CapEff|CapPrm|NoNewPrivs):\\s*(.*?)\\s*$/gm)].map(([, k, v]) => [k, v.replace(/\\s+/g, ' ')]));
  const ask = async (worker) => { worker.postMessage(0); const [text] = await once(worker, 'message'); return pick(text); };
  await readFile('/proc/self/status');
  const early = startWorker(false);
  await ask(early);
  const before = new Set(readdirSync('/proc/self/task'));
  const result = await dropPrivileges(options);
  const root = {};
  for (const call of ['setuid', 'setgid', 'seteuid']) try { process[call](0); root[call] = 'regained'; } catch (error) { root[call] = error.code; }
  const threads = [...before].filter((id) => id !== String(process.pid)).flatMap((id) => { try { return [pick(readFileSync('/proc/self/task/' + id + '/status', 'utf8'))]; } catch { return []; } });
  const late = startWorker(true);
  const opened = {};
  for (const native of [true, false]) {
    const port = await openUdp({ interface: 'srv0', port: 69, native }).catch((error) => error);
    opened[native] = port.kind ?? port.code;
    await port.close?.();
  }
  opened.raw = (await openRawSender({ interface: 'srv0', native: options.native })).kind;
  console.log(JSON.stringify({ result, root, main: pick(readFileSync('/proc/self/status', 'utf8')), threads, early: await ask(early), late: await ask(late), opened }));
  process.exit();
`;

const KEEP = ['CAP_NET_BIND_SERVICE', 'CAP_NET_RAW', 'CAP_NET_ADMIN'];

function drop(options: object, prefix: readonly string[] = [], uid?: number) {
  const argument = JSON.stringify({
    io: IO_FOLDER,
    options: { user: 'nobody', keep: KEEP, readable: [], writable: [], ...options },
  });
  const [command = '', ...args] = [...prefix, process.execPath, '--input-type=module', '-e', SCRIPT, '--', argument];
  const child = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: 30_000,
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  if (child.status !== 0) throw new Error(child.stderr);
  return JSON.parse(child.stdout);
}

test('dropPrivileges() leaves three capabilities to the main thread and nothing to the others, for good', (t) => {
  if (!needs(t, 'ip')) return;
  const folder = mkdtempSync(join(tmpdir(), 'rackready-drop-'));
  t.after(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755);
  const data = join(folder, 'data');
  mkdirSync(join(data, 'inner'), { recursive: true });
  writeFileSync(join(data, 'inner', 'file'), 'x', { mode: 0o600 });
  writeFileSync(join(folder, 'outside'), 'x');
  symlinkSync(join(folder, 'outside'), join(data, 'link'));
  const { result, root, main, threads, early, late, opened } = drop({ readable: [folder], writable: [data] });
  assert.equal(result.kind, 'dropped');
  assert.match(
    result.reason,
    /^the server runs as nobody \(uid 65534\) and keeps CAP_NET_BIND_SERVICE, CAP_NET_RAW, CAP_NET_ADMIN$/,
  );
  const nobody = { Uid: '65534 65534 65534 65534', Gid: '65534 65534 65534 65534', Groups: '65534' };
  const bare = { ...nobody, CapPrm: '0000000000000000', CapEff: '0000000000000000' };
  assert.deepEqual(main, { ...nobody, CapPrm: '0000000000003400', CapEff: '0000000000003400', NoNewPrivs: '1' });
  assert.ok(threads.length >= 5, 'libuv’s, V8’s and the worker’s threads');
  for (const thread of [...threads, early]) assert.deepEqual(thread, { ...bare, NoNewPrivs: '0' });
  assert.deepEqual(late, { ...bare, NoNewPrivs: '1' });
  assert.deepEqual(root, { setuid: 'EPERM', setgid: 'EPERM', seteuid: 'EPERM' });
  assert.deepEqual(opened, { true: 'native', false: 'plain', raw: 'raw' });
  assert.equal(statSync(join(data, 'inner', 'file')).uid, 65_534);
  assert.equal(statSync(join(folder, 'outside')).uid, 0);
});

test('without koffi nothing is kept, and the reason says what that costs', (t) => {
  if (!needs(t, 'ip')) return;
  const { result, root, main, opened } = drop({ native: false });
  assert.equal(result.kind, 'dropped');
  assert.match(result.reason, /keeps no rights of root; without koffi it cannot open ports below 1024 again/);
  assert.equal(main.CapPrm, '0000000000000000');
  assert.deepEqual(root, { setuid: 'EPERM', setgid: 'EPERM', seteuid: 'EPERM' });
  assert.deepEqual(opened, { true: 'not-permitted', false: 'not-permitted', raw: 'unavailable' });
});

test('root is kept, with the reason, when the account could not work', (t) => {
  if (!needs(t, 'ip', 'unshare')) return;
  const closed = mkdtempSync(join(tmpdir(), 'rackready-closed-'));
  t.after(() => rmSync(closed, { recursive: true }));
  const inner = join(closed, 'program');
  mkdirSync(inner);
  const rows = [
    [{ user: 'nobody-of-that-name' }, [], /there is no account "nobody-of-that-name"; make one with: adduser/],
    [{ user: 'root' }, [], /is root itself/],
    [{ readable: [inner] }, [], new RegExp(`the account "nobody" cannot read ${inner} \\(EACCES\\)`)],
    [{ writable: [inner] }, [], new RegExp(`the account "nobody" cannot write ${inner} \\(EACCES\\)`)],
    [{}, ['unshare', '--user', '--map-root-user'], /this container knows no uid 65534/],
  ] as const;
  for (const [options, prefix, reason] of rows) {
    const { result, main } = drop(options, prefix);
    assert.equal(result.kind, 'kept');
    assert.match(result.reason, reason);
    assert.equal(main.Uid, '0 0 0 0');
  }
});

test('who is not root drops nothing', (t) => {
  if (!needs(t, 'ip')) return;
  assert.deepEqual(drop({}, [], 65_534).result, {
    kind: 'not-root',
    reason: 'the server was not started as root but as uid 65534',
  });
});
