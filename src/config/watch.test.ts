import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type LoadResult, loadSettings } from './load.ts';
import { watchSettings } from './watch.ts';

const text = (octet: number) =>
  `networks: {n: {interface: e0, subnet: 10.0.${octet}.0/24, address: 10.0.${octet}.1}}\n`;

/** A watched path in a temporary folder, and a promise of the next result for each change. */
async function watched(t: TestContext, name: string, prepare: (folder: string) => void) {
  const folder = mkdtempSync(join(tmpdir(), 'rackready-watch-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  prepare(folder);
  const path = join(folder, name);
  const results = new EventEmitter();
  const watch = await watchSettings({
    path,
    load: () => loadSettings({ path }),
    onResult: (result) => void results.emit('result', result),
    debounceMs: 20,
  });
  t.after(() => watch.close());
  /** The first result after a change that is as wanted: the file system may tell one change in several steps. */
  const after = async (change: () => void, isWanted: (result: LoadResult) => boolean): Promise<LoadResult> => {
    const found = new Promise<LoadResult>((resolve) => {
      const listen = (result: LoadResult) => {
        if (!isWanted(result)) return;
        results.off('result', listen);
        resolve(result);
      };
      results.on('result', listen);
    });
    change();
    return await found;
  };
  return { folder, path, watch, results, after };
}

const serves = (octet: number) => (result: LoadResult) =>
  result.kind === 'settings' && result.settings.networks[0]?.address === 0x0a000001 + octet * 256;
const isRefused = (result: LoadResult) => result.kind === 'problems';

test('a file that is written in place, by rename, deleted and written again is reloaded each time', async (t) => {
  const { folder, path, after } = await watched(t, 'r.yaml', (at) => writeFileSync(join(at, 'r.yaml'), text(1)));
  await after(() => writeFileSync(path, text(2)), serves(2));
  for (const octet of [3, 4]) {
    writeFileSync(join(folder, '.r.yaml.new'), text(octet));
    await after(() => renameSync(join(folder, '.r.yaml.new'), path), serves(octet));
  }
  const gone = await after(() => rmSync(path), isRefused);
  assert.match(gone.kind === 'problems' ? (gone.problems[0]?.message ?? '') : '', /does not exist/);
  await after(() => writeFileSync(path, text(5)), serves(5));
  const broken = await after(() => writeFileSync(path, 'networks: {n: 1}\n'), isRefused);
  assert.equal(broken.kind === 'problems' && broken.problems[0]?.path, 'networks.n');
});

test('a folder is watched for new, changed and removed files, and for its own removal', async (t) => {
  const { path, after } = await watched(t, 'conf', (at) => {
    mkdirSync(join(at, 'conf'));
    writeFileSync(join(at, 'conf', 'a.yaml'), text(1));
  });
  await after(() => writeFileSync(join(path, 'b.yaml'), 'nonsense: 1\n'), isRefused);
  await after(() => rmSync(join(path, 'b.yaml')), serves(1));
  await after(() => rmSync(path, { recursive: true }), isRefused);
  await after(() => {
    mkdirSync(path);
    writeFileSync(join(path, 'a.yaml'), text(2));
  }, serves(2));
  await after(() => writeFileSync(join(path, 'a.yaml'), text(3)), serves(3));
});

test('a template is watched from the configuration that names it on, and a bad one is refused', async (t) => {
  const { folder, path, after } = await watched(t, 'r.yaml', (at) => {
    writeFileSync(join(at, 'r.yaml'), text(1));
    mkdirSync(join(at, 'templates'));
    writeFileSync(join(at, 'templates', 'mine.liquid'), '{{ machine.name }}\n');
  });
  const template = join(folder, 'templates', 'mine.liquid');
  const profile =
    'profiles: {p: {os: custom, kernel: /k, initrd: /i, arguments: "{{ urls.answer }}", answerFile: templates/mine.liquid}}\n';
  const machines =
    'machines: {a: {mac: "00:25:90:96:c4:9a", profile: p}, b: {mac: "00:25:90:96:c4:9b", profile: p, vars: {x: 1}}}\n';
  await after(() => writeFileSync(path, `${text(2)}${profile}${machines}`), serves(2));
  const broken = await after(() => writeFileSync(template, '{{ vars.x }}\n'), isRefused);
  const [problem] = broken.kind === 'problems' ? broken.problems.filter(({ severity }) => severity === 'error') : [];
  assert.equal(problem?.path, 'machines.a');
  assert.match(problem?.message ?? '', /mine\.liquid:1:\d+: undefined variable: vars\.x$/);
  const isRight = (result: LoadResult) => result.kind === 'settings';
  writeFileSync(join(folder, 'templates', '.new'), '{{ machine.mac }}\n');
  await after(() => renameSync(join(folder, 'templates', '.new'), template), isRight);
  const gone = await after(() => rmSync(template), isRefused);
  assert.match(gone.kind === 'problems' ? gone.problems.map(({ message }) => message).join() : '', /does not exist/);
  await after(() => writeFileSync(template, 'x\n'), isRight);
});

test('reload() reads at once, resolves after onResult, and does not overlap', async (t) => {
  const { path, watch, results } = await watched(t, 'r.yaml', (at) => writeFileSync(join(at, 'r.yaml'), text(1)));
  const seen: string[] = [];
  results.on('result', (result: LoadResult) => seen.push(result.kind));
  const first = watch.reload();
  const second = first.then(() => {
    writeFileSync(path, '[');
    return watch.reload();
  });
  assert.equal((await first).kind, 'settings');
  assert.equal((await second).kind, 'problems');
  assert.deepEqual(seen.slice(0, 2), ['settings', 'problems']);
});

test('after close() nothing is told any more', async (t) => {
  const { path, watch, results } = await watched(t, 'r.yaml', (at) => writeFileSync(join(at, 'r.yaml'), text(1)));
  const told = once(results, 'result').then(() => 'told');
  await watch.close();
  writeFileSync(path, text(2));
  // A reload that is asked for after the change still reads, and tells nobody.
  assert.ok(serves(2)(await watch.reload()));
  assert.equal(await Promise.race([told, Promise.resolve('silent')]), 'silent');
});

test('close() waits for what a reload has begun, so that nothing is opened after it', async (t) => {
  const path = join(mkdtempSync(join(tmpdir(), 'rackready-watch-')), 'r.yaml');
  t.after(() => rmSync(path));
  writeFileSync(path, text(1));
  const [using, used] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const onResult = () => {
    using.resolve();
    return used.promise;
  };
  const watch = await watchSettings({ path, load: () => loadSettings({ path }), onResult });
  const order: string[] = [];
  const reloaded = watch.reload().then(() => order.push('reloaded'));
  await using.promise;
  const closed = watch.close().then(() => order.push('closed'));
  used.resolve();
  await Promise.all([reloaded, closed]);
  assert.deepEqual(order, ['reloaded', 'closed']);
});

test('what is read a second time and is the same is told once, unless somebody asks for it to be told', async (t) => {
  const { path, watch, results, after } = await watched(t, 'r.yaml', (at) =>
    writeFileSync(join(at, 'r.yaml'), text(1)),
  );
  const seen: LoadResult[] = [];
  results.on('result', (result: LoadResult) => void seen.push(result));
  // As a command does: it writes, the server sees it by itself, and then it is asked whether it has read it.
  await after(() => writeFileSync(path, text(2)), serves(2));
  assert.ok(serves(2)(await watch.reload({ onlyChanges: true })));
  // The other way round.
  writeFileSync(path, '[');
  assert.ok(isRefused(await watch.reload({ onlyChanges: true })));
  writeFileSync(path, '[');
  await after(() => writeFileSync(path, text(3)), serves(3));
  assert.deepEqual(
    seen.map(({ kind }) => kind),
    ['settings', 'problems', 'settings'],
  );
  assert.ok(serves(3)(await watch.reload()));
  assert.equal(seen.length, 4);
});
