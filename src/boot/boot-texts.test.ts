import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { debian, machine } from '../../test/boot-values.ts';
import { mac } from '../net/mac.ts';
import type { BootTextInput, Dialect } from './boot-text.ts';
import { serialConsole, wrapText } from './console.ts';
import { kernelQuote, planKernelLine, splitArguments, splitWords } from './kernel-line.ts';
import type { Profile } from './profile.ts';
import { renderBootText } from './render-boot-text.ts';
import { grubQuote } from './render-grub.ts';
import { ipxeProblem, renderIpxeAutoexec } from './render-ipxe.ts';

/** UPDATE_GOLDEN=1 writes the files anew; the difference is then reviewed in git. */
function matchesGolden(name: string, text: string): void {
  const file = new URL(`../../test/fixtures/boot/${name}.want.txt`, import.meta.url);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, text);
  assert.equal(text, readFileSync(file, 'utf8'));
}

const lineInput = {
  machine: machine(),
  profile: debian,
  mac: mac('00:25:90:96:c4:9a'),
  host: '172.22.10.2',
  httpPort: 80,
  token: 'T0KEN',
};
const line = (args: string) => planKernelLine({ ...lineInput, profile: { ...debian, arguments: args } });
const install = (args: string) => ({ kind: 'install', title: 'installs debian-12 on sm1', line: line(args) }) as const;
const at = { host: '172.22.10.2', httpPort: 80, carrier: 'http' } as const;
const serial = { unit: 0, speed: 115200 };
const NASTY = `console=tty0 console=ttyS1,115200n8 ds=nocloud;s=http://h/ a=$b c=&d e={f} "g=h i" j='k "l"' m=n'`;

const cases: Record<string, BootTextInput> = {
  install: { ...at, order: install('') },
  'install-serial-8080': { ...at, httpPort: 8080, serial, order: install('console=ttyS0,115200n8') },
  'install-tftp': { ...at, carrier: 'tftp', order: install('') },
  'install-probe': { ...at, carrier: 'probe', order: install('') },
  'install-nasty': { ...at, order: install(NASTY) },
  local: { ...at, order: { kind: 'local', reason: "unknown machines boot from their disk; that's `local`" } },
  'local-other': { ...at, order: { kind: 'local', reason: 'no installation is granted', isOtherWay: true } },
  hold: {
    ...at,
    serial,
    order: {
      kind: 'hold',
      title: 'holds sm1',
      reason: 'it began to install debian-12 and has not reported',
      next: 'Nothing is erased now. A new installation: rackready install sm1',
    },
  },
};

for (const dialect of ['grub', 'ipxe', 'pxelinux'] satisfies Dialect[]) {
  for (const [name, input] of Object.entries(cases)) {
    test(`renderBootText() ${dialect} ${name}`, () => {
      matchesGolden(`${dialect}-${name}`, renderBootText(dialect, input));
    });
  }
}

test('renderIpxeAutoexec()', () => {
  matchesGolden('ipxe-autoexec', renderIpxeAutoexec('172.22.10.2', 8080));
});

test('planKernelLine() for debian-installer', () => {
  assert.deepEqual(line('quiet console=ttyS0'), {
    kernel: 'os/debian-12/linux',
    initrd: 'os/debian-12/initrd',
    words: [
      'auto=true',
      'priority=critical',
      'url=http://172.22.10.2/answer/T0KEN/preseed.cfg',
      'interface=auto',
      'hostname=sm1',
      'domain=lonimbus.com',
      'netcfg/dhcp_timeout=60',
      'log_host=172.22.10.2',
      'BOOTIF=01-00-25-90-96-c4-9a',
      '---',
      'quiet',
      'console=ttyS0',
    ],
  });
  const divided = line('DEBIAN_FRONTEND=text --- quiet').words;
  assert.deepEqual(divided.slice(-3), ['DEBIAN_FRONTEND=text', '---', 'quiet']);
});

test('planKernelLine() for other installers', () => {
  const wordsOf = (over: Partial<Profile>) =>
    planKernelLine({ ...lineInput, httpPort: 8080, profile: { ...debian, arguments: 'a --- b', ...over } }).words;
  const base = 'http://172.22.10.2:8080';
  const anaconda = [
    `inst.ks=${base}/answer/T0KEN/ks.cfg`,
    'inst.ks.sendmac',
    'inst.ks.sendsn',
    `inst.repo=${base}/tree/el`,
    'inst.text',
    'ip=dhcp',
  ];
  const el = { name: 'el', family: 'anaconda', source: '/srv/el' } as const;
  const bootIf = 'BOOTIF=01-00-25-90-96-c4-9a';
  assert.deepEqual(wordsOf({ ...el, kickstart: 'rhel9' }), [...anaconda, bootIf, 'a', 'b']);
  assert.deepEqual(wordsOf({ ...el, source: 'http://h/os/', kickstart: 'rhel10' })[3], 'inst.repo=http://h/os');
  assert.deepEqual(wordsOf({ ...el, kickstart: 'rhel7' }), [
    ...anaconda,
    `ks=${base}/answer/T0KEN/ks.cfg`,
    'kssendmac',
    'ksdevice=bootif',
    bootIf,
    'a',
    'b',
  ]);
  const ubuntu = { name: 'noble', family: 'ubuntu', iso: '/srv/noble.iso' } as const;
  const live = ['ip=dhcp', `url=${base}/iso/noble.iso`, 'autoinstall', `ds=nocloud;s=${base}/answer/T0KEN/`];
  assert.deepEqual(wordsOf(ubuntu), [...live, 'cloud-config-url=/dev/null', bootIf, 'a', '---', 'b']);
  assert.equal(wordsOf({ ...ubuntu, iso: 'http://h/u.iso', arguments: '' })[1], 'url=http://h/u.iso');
  assert.equal(wordsOf({ ...ubuntu, arguments: '' }).at(-1), bootIf);
  assert.deepEqual(wordsOf({ family: 'custom' }), [bootIf, 'a', 'b']);
});

test('the seed of cloud-init keeps its semicolon in every loader', () => {
  const ubuntu = { ...debian, family: 'ubuntu', iso: 'http://h/u.iso' } as const;
  const order = { kind: 'install', title: 'x', line: planKernelLine({ ...lineInput, profile: ubuntu }) } as const;
  const textOf = (dialect: Dialect) =>
    renderBootText(dialect, { order, host: '172.22.10.2', httpPort: 80, carrier: 'http' });
  const seed = 'ds=nocloud;s=http://172.22.10.2/answer/T0KEN/';
  assert.ok(textOf('grub').includes(`'${seed}'`), 'GRUB would end the command at a bare semicolon');
  assert.ok(textOf('ipxe').includes(` ${seed} `) && textOf('pxelinux').includes(` ${seed} `));
});

test('planKernelLine() puts the URLs of this installation where arguments name them', () => {
  const args = 'ds="nocloud;s={{ urls.answer }}" {{urls.base}}/x mac={{ machine.mac }} {{ what }}';
  const words = planKernelLine({ ...lineInput, profile: { ...debian, family: 'custom', arguments: args } }).words;
  assert.deepEqual(words.slice(1), [
    `ds=nocloud;s=http://${lineInput.host}/answer/${lineInput.token}/answer`,
    `http://${lineInput.host}/x`,
    `mac=${lineInput.mac}`,
    '{{',
    'what',
    '}}',
  ]);
});

test('splitWords() and splitArguments()', () => {
  assert.deepEqual(splitWords('  a  b="c d"\t\'e f\' g\'h\'"i" '), ['a', 'b=c d', 'e f', 'ghi']);
  assert.deepEqual(splitWords('it\'s "open'), ["it's", '"open']);
  assert.deepEqual(splitWords(''), []);
  assert.deepEqual(splitArguments('a b'), { installer: [], both: ['a', 'b'] });
  assert.deepEqual(splitArguments('a --- b'), { installer: ['a'], both: ['b'] });
});

test('quoting: what is special to a loader reaches the kernel', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: this is the loader's notation.
  assert.equal(grubQuote("it's ${x}; a & b"), `'it'\\''s \${x}; a & b'`);
  assert.equal(grubQuote('a\nreboot'), "'areboot'");
  assert.equal(kernelQuote('a=b'), 'a=b');
  assert.equal(kernelQuote('a=b c'), 'a="b c"');
  assert.equal(kernelQuote('b c'), '"b c"');
  assert.equal(ipxeProblem(line('a;b c&d')), undefined);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: this is the loader's notation.
  assert.match(ipxeProblem(line('a=${net0/mac}')) ?? '', /own syntax/);
  assert.match(ipxeProblem(line('a ; b')) ?? '', /own syntax/);
});

test('serialConsole() takes the last one, with its speed', () => {
  assert.deepEqual(serialConsole(['console=ttyS0,115200n8', 'console=tty0']), { unit: 0, speed: 115200 });
  assert.deepEqual(serialConsole(['console=ttyS0', 'console=ttyS1']), { unit: 1, speed: 9600 });
  assert.equal(serialConsole(['console=tty0', 'xconsole=ttyS0']), undefined);
});

test('wrapText() keeps within the width and loses nothing', () => {
  const text = 'Nothing is erased. '.repeat(20).trim();
  const lines = wrapText(text);
  assert.equal(lines.join(' '), text);
  assert.ok(lines.every((part) => part.length <= 72));
  assert.deepEqual(wrapText(''), []);
});
