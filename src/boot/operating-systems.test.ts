import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaults, machine, network, profileOf, readShippedTemplate } from '../../test/boot-values.ts';
import { operatingSystemNames, operatingSystems } from '../config/operating-systems.ts';
import { readPlainYaml } from '../config/plain-yaml.ts';
import { ipv4 } from '../net/ipv4.ts';
import { mac } from '../net/mac.ts';
import { type AnswerInput, renderAnswer } from './answer.ts';
import { checkFormat } from './check-format.ts';
import { checkTemplates } from './check-templates.ts';
import { kickstartLines, splitKickstartLine } from './kickstart-check.ts';
import { createTemplates } from './template.ts';

/** Every built-in description that brings a template. */
const systems = operatingSystemNames.filter((os) => operatingSystems[os]?.template !== undefined);
const templates = createTemplates(readShippedTemplate);

function inputFor(os: string, over: Partial<AnswerInput> = {}): AnswerInput {
  const profile = profileOf(os);
  const address = ipv4('172.22.10.55');
  const token = 'T0KEN';
  const base = { machine: machine(), profile, network, defaults, mac: mac('00:25:90:96:c4:9a'), address, token };
  return { ...base, httpPort: 80, ...over };
}

function render(input: AnswerInput): string {
  const result = renderAnswer(templates, input);
  return result.kind === 'text' ? result.text : assert.fail(JSON.stringify(result.problem));
}

function problemsIn(input: AnswerInput): readonly object[] {
  const template = () => readShippedTemplate(input.profile.answerFile) ?? '';
  return checkFormat(input.profile, render(input), { template, readYaml: readPlainYaml });
}

const full: Partial<AnswerInput> = {
  machine: machine({
    vars: {
      disk: { minSize: '200G', maxSize: '2T' },
      proxy: 'http://p:3128',
      packages: ['vim', 'tmux'],
      lateCommand: "echo 'x'\n%end\ntrue\n",
    },
  }),
  network: { ...network, ntp: [ipv4('172.22.10.3'), ipv4('172.22.10.4')] },
  defaults: {
    ...defaults,
    timezone: 'Europe/Berlin',
    rootPasswordHash: '$6$salt$hash',
    sshKeys: ['ssh-ed25519 A a', "ssh-ed25519 B b's"],
  },
};

/** A static address with all that belongs to it, and a second card. */
const fixed: Partial<AnswerInput> = {
  machine: machine({
    addressing: 'static',
    macs: [mac('00:25:90:96:c4:9a'), mac('00:25:90:96:c4:9b')],
  }),
  network: { ...network, mtu: 9000, dns: [ipv4('172.22.10.1'), ipv4('9.9.9.9')] },
};
const variants: Readonly<Record<string, (os: string) => Partial<AnswerInput>>> = {
  plain: () => ({}),
  full: (os) => ({ ...full, profile: profileOf(os, { arguments: 'a --- quiet x="y z"' }) }),
  static: () => fixed,
};

for (const os of systems) {
  for (const [variant, overOf] of Object.entries(variants)) {
    test(`the ${os} template renders as reviewed (${variant}), and its format accepts it`, () => {
      const input = inputFor(os, overOf(os));
      const file = new URL(`../../test/fixtures/boot/${os}-${variant}.want.txt`, import.meta.url);
      const text = render(input);
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, text);
      assert.equal(text, readFileSync(file, 'utf8'));
      assert.deepEqual(problemsIn(input), []);
    });
  }
}

test('subiquity looks for the suites that a mirror has, and for no others: not even for the security updates of Ubuntu', () => {
  const aptOf = (...names: readonly string[]) => {
    const aptSuites = names.map((name) => ({ archive: 'ubuntu', name, components: ['main'] }));
    const profile = { ...profileOf('ubuntu-24.04'), source: 'mirror:u', mirrorFolder: 'ubuntu', aptSuites };
    const input = inputFor('ubuntu-24.04', { profile, snapshot: '2026-1a' });
    assert.deepEqual(problemsIn(input), []);
    const read = readPlainYaml(render(input));
    assert.ok(read.kind === 'data');
    return (read.data as { autoinstall: { apt: Record<string, unknown> } }).autoinstall.apt;
  };
  const uri = 'http://172.22.10.2/mirror/u@2026-1a/ubuntu';
  const first = { geoip: false, fallback: 'abort', 'mirror-selection': { primary: [{ uri }] } };
  assert.deepEqual(aptOf('noble', 'noble-updates', 'noble-security'), {
    ...first,
    disable_suites: ['backports'],
    security: [{ arches: ['default'], uri }],
  });
  assert.deepEqual(aptOf('noble'), { ...first, disable_suites: ['updates', 'backports', 'security'] });
  // Of other archives nobody knows what they have.
  assert.deepEqual(aptOf(), first);
});

/** Text that tries to get out: quotes, expansions, comments, ends of sections and lines, umlauts. */
const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    "'",
    '"',
    '$(reboot)',
    '`reboot`',
    '\\',
    '\n%end\n%post\nreboot\n',
    '\u0085%end\u0085',
    '\u2028%end',
    '#',
    ': {',
    'Mülleimer ß',
    '%packages',
    ' ; reboot',
    '\r\nreboot',
    '\u000b%end\u000c',
  ),
);
/** The configuration refuses line breaks in these. */
const nastyLine = fc.array(nasty, { maxLength: 3 }).map((parts) => parts.join(' ').replace(/\p{Cc}/gu, ''));
/** vars.disk is refused with these, too. */
const nastyDisk = nastyLine.map((text) => text.replace(/[\u2028\u2029]/g, ''));

/** The commands and sections of a kickstart file as pykickstart sees them: first words, with their number of words. */
function skeleton(text: string): string[] {
  let inSection = false;
  return kickstartLines(text).flatMap((line) => {
    const first = line.trim().split(/\s+/)[0] ?? '';
    if (inSection) {
      if (first !== '%end') return [];
      inSection = false;
      return [first];
    }
    if (first === '' || first.startsWith('#')) return [];
    inSection = first.startsWith('%') && first !== '%include' && first !== '%end';
    return [`${first} ${splitKickstartLine(line)?.length ?? 'open quote'}`];
  });
}

for (const os of systems.filter((name) => operatingSystems[name]?.family === 'anaconda')) {
  test(`no value gets out of its quotes in the kickstart of ${os}`, () => {
    const inputOf = (hash: string, key: string, proxy: string, lateCommand: string, disk: string) => {
      const vars = { proxy, lateCommand, disk };
      return inputFor(os, {
        machine: machine({ vars }),
        defaults: { ...defaults, rootPasswordHash: hash, sshKeys: [key] },
        profile: profileOf(os, { arguments: `x=${key}` }),
      });
    };
    const wanted = skeleton(render(inputOf('a', 'a', 'a', 'a', 'a')));
    const check = (hash: string, key: string, proxy: string, late: string, disk: string) => {
      const input = inputOf(`a${hash}`, `a${key}`, `a${proxy}`, `a${late}`, `a${disk}`);
      const text = render(input);
      assert.deepEqual(skeleton(text), wanted);
      assert.deepEqual(problemsIn(input), []);
      const words = kickstartLines(text).find((line) => line.startsWith('rootpw '));
      assert.deepEqual(splitKickstartLine(words ?? '')?.[2], `a${hash}`.replace(/[\u2028\u2029]+/g, ' '));
    };
    fc.assert(fc.property(nastyLine, nastyLine, nasty, nasty, nastyDisk, check), { numRuns: 150 });
  });
}

test('no value gets out of its quotes in autoinstall, and each one arrives as it is', () => {
  fc.assert(
    fc.property(nastyLine, nastyLine, nasty, nasty, (key, hash, proxy, late) => {
      const lateCommand = `a${late}`;
      const input = inputFor('ubuntu-24.04', {
        machine: machine({ vars: { proxy: `p${proxy}`, lateCommand } }),
        defaults: { ...defaults, sshKeys: [key], rootPasswordHash: `h${hash}` },
      });
      assert.deepEqual(problemsIn(input), []);
      const read = readPlainYaml(render(input));
      assert.ok(read.kind === 'data');
      const { autoinstall } = read.data as { autoinstall: Record<string, Record<string, unknown>> };
      assert.equal(autoinstall.proxy, `p${proxy}`);
      assert.deepEqual(autoinstall['user-data']?.users, [
        {
          name: 'admin',
          gecos: 'admin',
          shell: '/bin/bash',
          lock_passwd: true,
          groups: ['adm', 'sudo'],
          sudo: 'ALL=(ALL) NOPASSWD:ALL',
          ssh_authorized_keys: [key],
        },
      ]);
    }),
    { numRuns: 150 },
  );
});

test('a preseed stays one entry a line, whatever vars.lateCommand is', () => {
  const entries = (input: AnswerInput) => render(input).replaceAll('\\\n', ' ').split('\n').length;
  const inputOf = (lateCommand: string) => inputFor('debian-13', { machine: machine({ vars: { lateCommand } }) });
  const wanted = entries(inputOf('a'));
  fc.assert(
    fc.property(nasty, (text) => {
      assert.equal(entries(inputOf(`a${text}b`)), wanted);
      assert.deepEqual(problemsIn(inputOf(`a${text}b`)), []);
    }),
    { numRuns: 150 },
  );
});

test('values with a meaning are looked at before anything is rendered', () => {
  const messageOf = (vars: Record<string, unknown>) => {
    const result = renderAnswer(templates, inputFor('rocky-9', { machine: machine({ vars }) }));
    return result.kind === 'problem' ? `${result.problem.file}: ${result.problem.message}` : 'rendered';
  };
  assert.match(messageOf({ disk: { minSize: 'big' } }), /^machine sm1: vars\.disk has a size that cannot be read/);
  assert.match(messageOf({ disk: { min: '1G' } }), /vars\.disk\.min is unknown/);
  assert.match(messageOf({ disk: { minSize: '2T', maxSize: '1T' } }), /no disk can fit/);
  assert.match(messageOf({ disk: ['/dev/sda'] }), /vars\.disk is not/);
  assert.match(messageOf({ disk: 'a\nb' }), /control characters/);
  assert.match(messageOf({ disk: 'a\u2028%end' }), /control characters/);
  assert.match(messageOf({ packages: 'vim %end' }), /"%end" is no name of a package/);
  const elsewhere = machine({ addressing: 'static', address: ipv4('10.0.0.5') });
  const refused = renderAnswer(templates, inputFor('rocky-9', { machine: elsewhere }));
  assert.match(refused.kind === 'problem' ? refused.problem.message : 'rendered', /10\.0\.0\.5 is not in network/);
  assert.equal(messageOf({ packages: '@^minimal-environment -vi kernel-5.14*', disk: 12345 }), 'rendered');
});

test('checkTemplates() checks the format of a changed template, and names its line', () => {
  const profile = profileOf('alma-10');
  const shipped = readShippedTemplate(profile.answerFile) ?? '';
  const check = (text: string) =>
    checkTemplates(
      {
        machines: new Map([['sm1', machine({ profile: 'alma-10' })]]),
        profiles: new Map([['alma-10', profile]]),
        networks: [network],
        defaults,
        httpPort: 80,
      },
      { readTemplate: () => text, readYaml: readPlainYaml },
    ).map(({ file, line, message }) => [file, line, message]);
  const file = profile.answerFile;
  assert.deepEqual(check(shipped), []);
  assert.deepEqual(check(shipped.replace('firstboot --disable', 'fristboot --disable')), [
    [file, 4, 'rhel10 knows no command "fristboot"'],
  ]);
  assert.deepEqual(check(shipped.replace(/^lang .*$/m, 'lang "{{ locale }}')), [
    [file, 1, 'the quotes of lang are not closed (line 8 of the rendered file: lang "en_US.UTF-8)'],
  ]);
});
