import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { DEBIAN_TEMPLATE, debian, defaults, machine, network, readShippedTemplate } from '../../test/boot-values.ts';
import { readPlainYaml } from '../config/plain-yaml.ts';
import { ipv4 } from '../net/ipv4.ts';
import { mac } from '../net/mac.ts';
import { type AnswerInput, answerVariables, mirrorParts, renderAnswer } from './answer.ts';
import { checkTemplates as checkWith, type TemplateSettings } from './check-templates.ts';
import { sourceUrl } from './kernel-line.ts';
import { createTemplates, type ReadTemplate } from './template.ts';

const input: AnswerInput = {
  machine: machine(),
  profile: debian,
  network,
  defaults,
  mac: mac('00:25:90:96:c4:9a'),
  address: ipv4('172.22.10.55'),
  httpPort: 80,
  token: 'T0KEN',
};

function render(text: string, variables: object = {}) {
  return createTemplates(() => text).render('/t/a.liquid', variables);
}

function textOf(result: ReturnType<typeof render>): string {
  return result.kind === 'text' ? result.text : assert.fail(JSON.stringify(result.problem));
}

test('the shipped Debian 12 template renders as reviewed', () => {
  const templates = createTemplates(readShippedTemplate);
  const variants: Record<string, AnswerInput> = {
    plain: input,
    full: {
      ...input,
      machine: machine({
        vars: { disk: "it's-a-serial", proxy: 'http://p:3128', packages: 'vim', lateCommand: "echo 'x'\ntrue\n" },
      }),
      profile: { ...debian, source: undefined },
      network: { ...network, ntp: [] },
      defaults: { ...defaults, rootPasswordHash: '$6$salt$hash', sshKeys: ['ssh-ed25519 A a', "ssh-ed25519 B b's"] },
    },
    root: {
      ...input,
      defaults: { ...defaults, user: 'root' },
      profile: { ...debian, source: 'https://deb.example.org/debian/' },
    },
  };
  for (const [name, variant] of Object.entries(variants)) {
    const file = new URL(`../../test/fixtures/boot/preseed-${name}.want.txt`, import.meta.url);
    const text = textOf(renderAnswer(templates, variant));
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, text);
    assert.equal(text, readFileSync(file, 'utf8'));
  }
});

test('answerVariables() sets what is not there to null', () => {
  const variables = answerVariables({
    ...input,
    machine: machine({ domain: undefined }),
    network: { ...network, domain: undefined, router: undefined },
    defaults: { ...defaults, domain: undefined },
    address: undefined,
  });
  assert.deepEqual(variables.machine, {
    name: 'sm1',
    hostName: 'sm1',
    domain: null,
    fqdn: 'sm1',
    mac: '00:25:90:96:c4:9a',
    address: null,
    uuid: null,
  });
  assert.equal(variables.network.router, null);
  assert.equal(variables.rootPasswordHash, null);
  assert.deepEqual(variables.urls, {
    report: 'http://172.22.10.2/report/T0KEN',
    answer: 'http://172.22.10.2/answer/T0KEN/preseed.cfg',
    base: 'http://172.22.10.2',
  });
});

test('an installation keeps to a state of its mirror, and the installed system does not', () => {
  const aptSuites = [
    { archive: 'debian', name: 'bookworm', components: ['main', 'contrib'], signedBy: '/k.gpg' },
    { archive: '', name: 'bookworm-security', components: ['main'] },
    { archive: '', name: 'bookworm-updates', components: ['main'], isFrozen: true },
    { archive: '', name: 'more', components: ['main'], signedBy: '/k.gpg', isFrozen: true },
  ];
  const profile = { ...debian, source: 'mirror:deb', mirrorFolder: 'debian', aptSuites };
  const { mirror } = answerVariables({ ...input, profile, snapshot: '2026-1a' });
  assert.equal(mirror?.url, 'http://172.22.10.2/mirror/deb@2026-1a/debian');
  assert.equal(mirror?.liveUrl, 'http://172.22.10.2/mirror/deb/debian');
  assert.deepEqual(mirror?.sources, [
    'deb [signed-by=/k.gpg] http://172.22.10.2/mirror/deb/debian bookworm main contrib',
    'deb http://172.22.10.2/mirror/deb bookworm-security main',
    'deb [check-valid-until=no] http://172.22.10.2/mirror/deb bookworm-updates main',
    'deb [signed-by=/k.gpg check-valid-until=no] http://172.22.10.2/mirror/deb more main',
  ]);
  assert.equal(mirror?.securityUrl, 'http://172.22.10.2/mirror/deb@2026-1a');
  assert.deepEqual(mirror?.lackingSuites, ['backports']);
  const lacking = renderAnswer(createTemplates(readShippedTemplate), {
    ...input,
    profile: { ...profile, answerFile: DEBIAN_TEMPLATE, lacksFirmware: true },
  });
  assert.match(textOf(lacking), /^d-i hw-detect\/firmware-lookup string never$/m);
  const { mirror: elsewhere } = answerVariables({ ...input, profile: { ...profile, source: 'http://h/debian' } });
  assert.deepEqual([elsewhere?.liveUrl, elsewhere?.sources], [null, []]);
});

test('mirrorParts() splits what debian-installer asks for', () => {
  const parts = {
    protocol: 'http',
    host: 'deb.example.org',
    port: 80,
    path: '/debian',
    url: 'http://deb.example.org/debian',
  };
  assert.deepEqual(mirrorParts('http://deb.example.org/debian/'), parts);
  assert.equal(mirrorParts('https://h:444')?.url, 'https://h:444');
  assert.equal(mirrorParts('https://h')?.port, 443);
  // Without these, the installer would be told of no mirror at all, and go to that of its distribution.
  const account = mirrorParts('http://me:secret@deb.example.org:8080/debian');
  assert.deepEqual(
    [account?.host, account?.port, account?.url],
    ['me:secret@deb.example.org', 8080, 'http://me:secret@deb.example.org:8080/debian'],
  );
  assert.deepEqual(
    [mirrorParts('http://[fd00::1]:81/x')?.host, mirrorParts('http://[fd00::1]/x')?.port],
    ['[fd00::1]', 80],
  );
  assert.equal(mirrorParts('rsync://h/x'), null);
  assert.equal(mirrorParts(undefined), null);
});

test('sourceUrl() of URLs, mirrors and folders', () => {
  const of = (source: string | undefined) => sourceUrl({ name: 'p', source }, 'http://172.22.10.2:8080');
  assert.equal(of('http://h/x/'), 'http://h/x');
  assert.equal(of('mirror:centos-7'), 'http://172.22.10.2:8080/mirror/centos-7');
  assert.equal(of('/srv/rocky'), 'http://172.22.10.2:8080/tree/p');
  assert.equal(of(undefined), undefined);
});

const problems: readonly [string, string, number, number, RegExp][] = [
  ['unknown variable', 'a\n  {{ machine.nmae }}', 2, 6, /^undefined variable: machine\.nmae$/],
  ['unknown filter', '{{ user | shout }}', 1, 1, /^undefined filter: shout$/],
  ['tag that is not closed', 'a\n{% if user %}', 2, 1, /not closed$/],
  ['unknown tag', '\n\n{% nope %}', 3, 1, /nope/],
  ['inherited property', '{{ machine.constructor }}', 1, 4, /undefined variable: machine\.constructor/],
  ['missing partial', '{% render "x" %}', 1, 1, /x/],
];
for (const [name, text, line, column, message] of problems) {
  test(`render() names file, line and column: ${name}`, () => {
    const read = (path: string) => (path === '/t/a.liquid' ? text : undefined);
    const result = createTemplates(read).render('/t/a.liquid', { user: 'admin', machine: {} });
    assert.ok(result.kind === 'problem');
    const { problem } = result;
    assert.deepEqual([problem.file, problem.line, problem.column], ['/t/a.liquid', line, column]);
    assert.match(problem.message, message);
  });
}

test('render() says so when there is no template', () => {
  const result = createTemplates(() => undefined).render('/t/a.liquid', {});
  assert.ok(result.kind === 'problem' && /not there/.test(result.problem.message));
});

test('render() may ask for what is not there in `if` and `default`', () => {
  assert.equal(textOf(render('{% if vars.x %}a{% else %}b{% endif %}{{ vars.y | default: "c" }}', { vars: {} })), 'bc');
});

test('filters quote for shell, YAML, JSON and GRUB', () => {
  const value = "it's $x; #1\n";
  assert.equal(textOf(render('{{ v | sh }}', { v: value })), "'it'\\''s $x; #1\n'");
  assert.equal(textOf(render('{{ v | yaml }}', { v: 'no' })), '"no"');
  assert.equal(textOf(render('{{ v | yaml }}', { v: ['a', 1] })), '["a",1]');
  assert.equal(textOf(render('{{ v | json }}', { v: { a: null } })), '{"a":null}');
  assert.equal(textOf(render('{{ v | grubq }}', { v: value })), "'it'\\''s $x; #1'");
});

test('render() sees a template’s new text', () => {
  let text = 'a';
  const templates = createTemplates(() => text);
  assert.equal(textOf(templates.render('/t', {})), 'a');
  text = 'b';
  assert.equal(textOf(templates.render('/t', {})), 'b');
});

const checkTemplates = (of: TemplateSettings, readTemplate: ReadTemplate) =>
  checkWith(of, { readTemplate, readYaml: readPlainYaml });
const settings = { profiles: new Map([['debian-12', debian]]), networks: [network], defaults, httpPort: 80 };

test('checkTemplates() finds nothing wrong with a thousand machines', () => {
  const machines = new Map(Array.from({ length: 1000 }, (_, index) => [`m${index}`, machine({ name: `m${index}` })]));
  let reads = 0;
  const read = (path: string) => {
    reads++;
    return readShippedTemplate(path);
  };
  const text = readShippedTemplate(DEBIAN_TEMPLATE);
  assert.deepEqual(
    checkTemplates({ ...settings, machines }, () => text),
    [],
  );
  assert.deepEqual(checkTemplates({ ...settings, machines: new Map([['sm1', machine()]]) }, read), []);
  assert.equal(reads, 1);
});

test('checkTemplates() names machine, file and line of what breaks', () => {
  const machines = new Map([
    ['good', machine({ name: 'good', vars: { rack: 'A1' } })],
    ['bad', machine({ name: 'bad' })],
    ['none', machine({ name: 'none', profile: undefined })],
  ]);
  assert.deepEqual(
    checkTemplates({ ...settings, machines }, () => '#x\n#{{ vars.rack }}'),
    [{ machine: 'bad', file: DEBIAN_TEMPLATE, line: 2, column: 5, message: 'undefined variable: vars.rack' }],
  );
});

test('checkTemplates() looks at kernel arguments, too', () => {
  const check = (args: string, loader: 'auto' | 'grub' = 'auto') =>
    checkTemplates(
      {
        ...settings,
        machines: new Map([['sm1', machine({ loader })]]),
        profiles: new Map([['debian-12', { ...debian, arguments: args }]]),
      },
      () => '#',
    ).map(({ message }) => message);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: this is the loader's notation.
  assert.match(check('a=${mac}')[0] ?? '', /iPXE would read/);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: this is the loader's notation.
  assert.deepEqual(check('a=${mac}', 'grub'), []);
  assert.match(check('x'.repeat(2000))[0] ?? '', /bytes long/);
});
