import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadSettings } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { createConfigAdmin } from './config-admin.ts';

const TEMPLATE = 'd-i time/zone string {{ timezone }}\n';

async function open(t: TestContext, how: { readonly isFile?: boolean } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'rackready-config-admin-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const config = join(folder, 'rackready.yaml');
  const template = join(folder, 'own.liquid');
  writeFileSync(template, TEMPLATE);
  const text = `# by hand
networks:
  lab: { interface: br0, subnet: 10.0.0.0/24, address: 10.0.0.1, dhcp: { mode: proxy } }
defaults: { rootPasswordHash: "$6$saltsalt$xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" }
profiles:
  own: { os: debian-12, kernel: /k, initrd: /i, answerFile: own.liquid, source: "http://deb.example/debian" }
  stock: { os: debian-12, kernel: /k, initrd: /i, source: "http://deb.example/debian" }
machines:
  a: { mac: "02:00:00:00:00:01", address: 10.0.0.5, profile: own }   # left
  b: { mac: "02:00:00:00:00:02", profile: own, vars: { role: db } }
  c: { mac: "02:00:00:00:00:03", profile: stock }
`;
  writeFileSync(config, text, { mode: 0o640 });
  const loaded = await loadSettings({ path: config });
  if (loaded.kind !== 'settings') throw new Error(loaded.problems.map(formatProblem).join('\n'));
  let reloads = 0;
  const admin = createConfigAdmin({
    settings: () => loaded.settings,
    listEvents: async () => [],
    configPath: how.isFile === false ? undefined : config,
    reload: async () => {
      reloads++;
      return { kind: 'loaded', networks: 1, machines: 4 };
    },
  });
  return { admin, config, template, text, reloads: () => reloads };
}

test('a machine is added to the file; all else in it stays, and its mode', async (t) => {
  const { admin, config, text, reloads } = await open(t);
  const result = await admin.addMachine('d', { mac: '02:00:00:00:00:04', address: '10.0.0.9' });
  assert.deepEqual(result, { kind: 'saved', files: [config], server: { kind: 'loaded', networks: 1, machines: 4 } });
  assert.equal(readFileSync(config, 'utf8'), `${text}  d: { mac: "02:00:00:00:00:04", address: 10.0.0.9 }\n`);
  assert.equal(statSync(config).mode & 0o777, 0o640);
  assert.equal(reloads(), 1);
});

test('what the check refuses is not written', async (t) => {
  const { admin, config, text, reloads } = await open(t);
  const twice = await admin.addMachine('d', { mac: '02:00:00:00:00:01' });
  assert.equal(twice.kind, 'invalid');
  assert.match(JSON.stringify(twice), /machines\.d\.mac: 02:00:00:00:00:01 is already given/);
  assert.equal((await admin.addMachine('a', { mac: '02:00:00:00:00:04' })).kind, 'refused');
  assert.equal(readFileSync(config, 'utf8'), text);
  assert.equal(reloads(), 0);
});

test('a file that this account may not write is named', async (t) => {
  const { admin, config } = await open(t);
  const folder = join(config, '..');
  if (process.getuid?.() === 0) return t.skip('root may write everything');
  chmodSync(folder, 0o500);
  t.after(() => chmodSync(folder, 0o700));
  const result = await admin.addMachine('d', { mac: '02:00:00:00:00:04' });
  assert.equal(result.kind === 'cannot-write' && result.file, config);
});

test('without a configuration nothing is edited', async (t) => {
  const { admin } = await open(t, { isFile: false });
  assert.deepEqual(await admin.addMachine('d', {}), { kind: 'no-configuration' });
});

test('templates: who uses each, and which are our own', async (t) => {
  const { admin, template } = await open(t);
  const rows = admin.templates();
  assert.deepEqual(
    rows.map(({ path, ...row }) => row),
    [
      { name: null, isBuiltIn: false, profiles: ['own'], machines: 2 },
      { name: null, isBuiltIn: true, profiles: ['stock'], machines: 1 },
    ],
  );
  assert.equal((await admin.readTemplate(template))?.text, TEMPLATE);
  assert.equal(await admin.readTemplate('/etc/passwd'), undefined);
});

test('an edit is rendered for every machine that it is for, and says which ones break, and where', async (t) => {
  const { admin, template } = await open(t);
  const bad = await admin.checkTemplate(template, `${TEMPLATE}# {{ vars.role }}\n`, undefined);
  assert.deepEqual(bad, {
    errors: [],
    machines: ['a', 'b'],
    problems: [{ machine: 'a', line: 2, column: 6, message: 'undefined variable: vars.role' }],
    preview: null,
  });
  const good = await admin.checkTemplate(template, `${TEMPLATE}# {{ rootPasswordHash }}\n`, 'b');
  assert.deepEqual(good?.problems, []);
  assert.equal(good?.preview, 'd-i time/zone string UTC\n# ********\n', 'secrets are hidden');
});

test('a template is saved when nothing breaks and nobody else changed it', async (t) => {
  const { admin, template, reloads } = await open(t);
  const version = (await admin.readTemplate(template))?.version ?? '';
  const bad = await admin.saveTemplate(template, '{{ nothing }}', version);
  assert.equal(bad?.kind, 'invalid');
  assert.match(JSON.stringify(bad), /a: \S*own\.liquid:1:4: undefined variable: nothing/);
  const stale = await admin.saveTemplate(template, TEMPLATE, 'another');
  assert.deepEqual(stale, { kind: 'changed-meanwhile', what: template });
  const [, stock] = admin.templates();
  assert.equal((await admin.saveTemplate(stock?.path ?? '', 'x', version))?.kind, 'refused');
  assert.deepEqual([readFileSync(template, 'utf8'), reloads()], [TEMPLATE, 0]);
  const saved = await admin.saveTemplate(template, `# new\n${TEMPLATE}`, version);
  assert.equal(saved?.kind, 'saved');
  assert.deepEqual([readFileSync(template, 'utf8'), reloads()], [`# new\n${TEMPLATE}`, 1]);
});

test('a template whose lines end with CR and LF is edited like any other, and only the edited lines change', async (t) => {
  const { admin, template } = await open(t);
  writeFileSync(template, '# one\r\n# two\r\n# three\n# four\r\n');
  const read = await admin.readTemplate(template);
  assert.equal(read?.text, '# one\n# two\n# three\n# four\n', 'as a field of a form holds it');
  const edited = '# one\n# 2\n# {{ nothing }}\n# three\n# four\n';
  assert.deepEqual(
    (await admin.checkTemplate(template, edited, undefined))?.problems.map(({ line, column }) => [line, column]),
    [
      [3, 6],
      [3, 6],
    ],
  );
  const right = edited.replace('{{ nothing }}', 'new');
  assert.equal((await admin.saveTemplate(template, right, read?.version ?? ''))?.kind, 'saved');
  assert.equal(readFileSync(template, 'utf8'), '# one\r\n# 2\r\n# new\r\n# three\n# four\r\n');
});

test('a preview hides the secrets that it was made with, though they are not in force yet', async (t) => {
  const { admin, config, template, text } = await open(t);
  writeFileSync(config, text.replace('role: db }', 'role: db, dbPassword: not-in-force }'));
  const shown = await admin.checkTemplate(template, `${TEMPLATE}# {{ vars.dbPassword | default: 'none' }}\n`, 'b');
  assert.equal(shown?.preview, 'd-i time/zone string UTC\n# ********\n');
  writeFileSync(template, `${TEMPLATE}# {{ vars.dbPassword | default: 'none' }}\n`);
  const own = (await admin.readProfile('own'))?.text ?? '';
  const profile = await admin.checkProfile(
    { name: 'own', text: own.replace(' }', ', arguments: key=not-in-force }') },
    'b',
  );
  assert.equal(profile?.preview?.answerFile, 'd-i time/zone string UTC\n# ********\n');
  assert.match(profile?.preview?.kernelLine ?? '', / key=\*{8}$/);
});

test('notes are written to their machine alone, and by whoever has seen what is there', async (t) => {
  const { admin, config, text } = await open(t);
  const now = () => readFileSync(config, 'utf8');
  assert.equal((await admin.setNotes('a', 'PSU replaced\n"fan": 3\n', '')).kind, 'saved');
  const noted = text.replace(
    'profile: own }   # left',
    'profile: own, notes: "PSU replaced\\n\\"fan\\": 3" }   # left',
  );
  assert.equal(now(), noted);
  const loaded = await loadSettings({ path: config });
  assert.ok(loaded.kind === 'settings');
  assert.equal(loaded.settings.notes.get('a'), 'PSU replaced\n"fan": 3');
  const { notes: _, ...rendered } = loaded.settings;
  const given = JSON.stringify(rendered, (_key, value) => (value instanceof Map ? [...value] : value));
  assert.doesNotMatch(given, /PSU/, 'nothing that boot files and answer files are made of has them');
  const [own] = admin.templates();
  const asked = await admin.checkTemplate(own?.path ?? '', '{{ machine.notes }}', undefined);
  assert.match(asked?.problems[0]?.message ?? '', /undefined variable: machine\.notes/);
  assert.deepEqual(await admin.setNotes('a', 'mine', ''), { kind: 'changed-meanwhile', what: 'machines.a.notes' });
  const wrong = await admin.setNotes('a', 'bell \u0007', 'PSU replaced\n"fan": 3');
  assert.equal(wrong.kind, 'invalid');
  assert.match(JSON.stringify(wrong), /rackready\.yaml:9:\d+: machines\.a\.notes: has the control character/);
  assert.equal((await admin.setNotes('nobody', 'x', '')).kind, 'refused');
  assert.equal(now(), noted);
  assert.equal((await admin.setNotes('a', '', 'PSU replaced\n"fan": 3')).kind, 'saved');
  assert.equal(now(), text);
});

test('of two who save at once the second is refused, and nothing of the first is lost', async (t) => {
  const { admin, config, text } = await open(t);
  const results = await Promise.all([admin.setNotes('a', 'first', ''), admin.setNotes('a', 'second', '')]);
  assert.deepEqual(
    results.map(({ kind }) => kind),
    ['saved', 'changed-meanwhile'],
  );
  // Those who edit other machines do not stand in each other's way.
  const others = await Promise.all([
    admin.setNotes('b', 'of b', ''),
    admin.addMachine('d', { mac: '02:00:00:00:00:04' }),
    admin.addMachine('d', { mac: '02:00:00:00:00:05' }),
  ]);
  assert.deepEqual(
    others.map(({ kind }) => kind),
    ['saved', 'saved', 'refused'],
  );
  const want = text
    .replace('profile: own }   # left', 'profile: own, notes: first }   # left')
    .replace('vars: { role: db } }', 'vars: { role: db }, notes: of b }');
  assert.equal(readFileSync(config, 'utf8'), `${want}  d: { mac: "02:00:00:00:00:04" }\n`);
});

const OWN =
  'own: { os: debian-12, kernel: /k, initrd: /i, answerFile: own.liquid, source: "http://deb.example/debian" }';

test('a profile is edited as text: what it breaks and changes is said first, and only a right one is saved', async (t) => {
  const { admin, config, text, template } = await open(t);
  const { profiles } = await admin.profiles();
  assert.deepEqual(
    profiles.map(({ name, line, os, machines }) => [name, line, os, machines]),
    [
      ['own', 6, 'debian-12', 2],
      ['stock', 7, 'debian-12', 1],
    ],
  );
  const read = await admin.readProfile('own');
  assert.equal(read?.text, OWN);
  const version = read?.version;
  assert.equal(await admin.readProfile('nobody'), undefined);
  const check = (own: string, machine?: string) => admin.checkProfile({ name: 'own', text: own }, machine);
  const same = await check(OWN, 'c');
  assert.deepEqual([same?.machines, same?.changes, same?.broken, same?.errors], [['a', 'b'], [], [], []]);
  assert.equal(same?.preview?.answerFile, 'd-i time/zone string UTC\n');
  assert.match(same?.preview?.kernelLine ?? '', /hostname=c/);

  const typo = await check('own:\n  os: debian-12\n  kernl: /k\n  arguments: 3\n');
  assert.deepEqual(
    typo?.errors.map(({ line, column }) => [line, column]),
    [
      [3, 3],
      [4, 14],
    ],
  );
  assert.match(typo?.errors[0]?.message ?? '', /unknown key: did you mean kernel/);
  const once = await check(OWN.replace('initrd: /i', 'initrd: /i2, install: once, arguments: quiet'), 'a');
  const what = 'installed without being asked, kernel and initrd, kernel line';
  assert.deepEqual(once?.changes, [{ what, machines: ['a', 'b'] }]);
  assert.match(once?.preview?.kernelLine ?? '', / quiet$/);
  writeFileSync(template, '{{ vars.role }}\n');
  const broken = await check(OWN.replace('/i', '/i2'));
  assert.match(broken?.broken[0]?.message ?? '', /own\.liquid:1:4: undefined variable: vars\.role/);
  assert.deepEqual(broken?.broken[0]?.machines, ['a']);
  assert.equal((await admin.saveProfile({ name: 'own', text: OWN.replace('/i', '/i2') }, version)).kind, 'invalid');
  writeFileSync(template, TEMPLATE);
  assert.equal((await admin.saveProfile({ name: 'own', text: 'own: { os: no }' }, version)).kind, 'invalid');
  const renamed = await admin.saveProfile({ name: 'own', text: OWN.replace('own', 'other') }, version);
  assert.match(JSON.stringify(renamed), /its name is own/);
  assert.equal(readFileSync(config, 'utf8'), text);

  const right = OWN.replace('/i', '/i2');
  const both = [right, OWN.replace('/i', '/i3')].map((own) => admin.saveProfile({ name: 'own', text: own }, version));
  assert.deepEqual(
    (await Promise.all(both)).map(({ kind }) => kind),
    ['saved', 'changed-meanwhile'],
  );
  assert.equal(readFileSync(config, 'utf8'), text.replace(OWN, right));
});

test('a new profile is written below the others; a name that is taken is refused, and an anchor carries far', async (t) => {
  const { admin, config, text } = await open(t);
  const fresh = 'web:\n  os: debian-12\n  kernel: /k\n  initrd: /i\n  source: "http://deb.example/debian"\n';
  const check = await admin.checkProfile({ text: fresh }, 'a');
  assert.deepEqual([check?.errors, check?.machines, check?.changes], [[], [], []]);
  assert.match(check?.preview?.answerFile ?? '', /d-i /);
  assert.equal((await admin.saveProfile({ text: fresh }, undefined)).kind, 'saved');
  const indented = fresh.trimEnd().replace(/^/gm, '  ');
  assert.equal(readFileSync(config, 'utf8'), text.replace('machines:\n', `${indented}\nmachines:\n`));
  const taken = await admin.checkProfile({ text: fresh }, undefined);
  assert.match(taken?.errors[0]?.message ?? '', /there is a profile "web" already/);

  writeFileSync(
    config,
    text.replace('own: {', 'own: &own {').replace(/stock: \{.*\}/, 'stock: { <<: *own, deadline: 1h }'),
  );
  const carried = await admin.checkProfile(
    { name: 'own', text: OWN.replace('own: {', 'own: &own { arguments: x,') },
    undefined,
  );
  assert.deepEqual(carried?.changes, [{ what: 'kernel line', machines: ['a', 'b', 'c'] }]);
  const cut = await admin.checkProfile({ name: 'own', text: OWN }, undefined);
  assert.match(cut?.elsewhere[0] ?? '', /rackready\.yaml:7:\d+: there is no anchor &own/);
  const unclosed = await admin.checkProfile({ name: 'own', text: 'own: { os: x' }, undefined);
  assert.match(unclosed?.errors[0]?.message ?? '', /is not valid YAML/);
});
