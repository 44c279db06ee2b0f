import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BundleEntries, bundleEntries, foreignValue } from './bundle-entries.ts';
import { writtenMachines } from './edit.ts';
import { parseSettings } from './parse.ts';

const CONFIG = `
networks:
  n: { interface: eth1, subnet: 10.0.0.0/24, address: 10.0.0.1, dhcp: { mode: observe } }
mirrors:
  rocky: { preset: rocky-9, keys: [rocky.asc], schedule: "1 1 * * *", bandwidth: 20MB, from: "https://me:secret@mirror.example.org/rocky/9/", exclude: ["*.drpm"] }
  debian: { preset: debian-12, mode: cache }
  alma: { preset: alma-9, mode: cache }
  extra: { from: "file:///srv/packages", kind: yum }
  leap: { preset: opensuse-leap-15.6 }
profiles:
  rocky: { os: rocky-9, source: "mirror:rocky", arguments: quiet }
  debian: { os: debian-12, source: "mirror:debian", answerFile: own }
  ubuntu: { os: ubuntu-24.04, iso: iso/u.iso, kernel: k/linux, initrd: "https://example.org/initrd" }
  alma: { os: alma-9, source: "mirror:alma" }
  folder: { os: rocky-9, source: /srv/tree }
  plain: { os: debian-12 }
  told: { os: debian-12, answerFile: own }
  leap: { os: custom, source: "mirror:leap", answerFile: own, arguments: "autoyast={{ urls.answer }}" }
  mixed: { os: custom, source: "mirror:leap", answerFile: own, initrd: k/initrd, arguments: "autoyast={{ urls.answer }}" }
templates:
  own: { file: "templates/my own.liquid" }
`;

function entriesOf(profile: string, boot: readonly string[] = [], more: readonly string[] = []) {
  const sources = [{ name: '/etc/rackready/r.yaml', folder: '/etc/rackready', text: CONFIG }];
  const parsed = parseSettings(sources, { productFolder: '/opt/rackready' });
  assert.equal(parsed.kind, 'settings', JSON.stringify(parsed));
  if (parsed.kind !== 'settings') throw new Error('unreachable');
  const written = { profiles: writtenMachines(sources, 'profiles'), mirrors: writtenMachines(sources, 'mirrors') };
  const bootsFrom = (mirror: string, path: string) => boot.includes(`${mirror}/${path}`);
  return bundleEntries(
    { settings: parsed.settings, written, productFolder: '/opt/rackready/', bootsFrom },
    profile,
    more,
  );
}

function must(entries: ReturnType<typeof entriesOf>): BundleEntries {
  if ('problem' in entries) throw new Error(entries.problem);
  return entries;
}

const paths = ({ files }: BundleEntries) => files.map(({ entry, key, path }) => `${entry} ${key} ${path}`);

test('a profile goes with its mirror and the mirror’s keys, which does not follow anything there', () => {
  const entries = must(entriesOf('rocky'));
  assert.deepEqual(entries.profile, { os: 'rocky-9', source: 'mirror:rocky', arguments: 'quiet' });
  assert.deepEqual(entries.mirrors, [
    {
      name: 'rocky',
      values: {
        preset: 'rocky-9',
        from: ['https://mirror.example.org/rocky/9/'],
        exclude: ['*.drpm'],
        mode: 'frozen',
        trust: 'if-present',
      },
    },
  ]);
  assert.deepEqual(paths(entries), ['rocky keys /etc/rackready/rocky.asc']);
  assert.ok(entries.leftOut.some((one) => /el\.ks\.liquid: it comes with rackready/.test(one)));
});

test('keys that come with rackready are not taken along: the other host has them', () => {
  const entries = must(entriesOf('alma'));
  assert.deepEqual(paths(entries), []);
  assert.equal(entries.mirrors[0]?.values.preset, 'alma-9');
  assert.equal(entries.mirrors[0]?.values.keys, undefined);
});

test('Debian’s kernel goes along where the mirror has none, with its template and the keys of the preset', () => {
  const debian = must(entriesOf('debian'));
  const installer = '/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64';
  assert.deepEqual(paths(debian), [
    'debian answerFile /etc/rackready/templates/my own.liquid',
    `debian kernel ${installer}/linux`,
    `debian initrd ${installer}/initrd.gz`,
    'debian keys /usr/share/keyrings/debian-archive-keyring.gpg',
  ]);
  assert.equal(debian.files[0]?.name, 'answerFile-my-own.liquid');
  const [mirror] = debian.mirrors;
  assert.match(JSON.stringify(mirror?.values.fingerprints), /^\[("[0-9A-F]{40}",?){3}\]$/);
  const images = 'debian/debian/dists/bookworm/main/installer-amd64/current/images/netboot/debian-installer/amd64';
  const withBoot = must(entriesOf('debian', [`${images}/linux`, `${images}/initrd.gz`]));
  assert.deepEqual(
    withBoot.files.map(({ key }) => key),
    ['answerFile', 'keys'],
  );
});

test('an ISO goes along, what is an address stays one, and is told', () => {
  const ubuntu = must(entriesOf('ubuntu', [], ['extra']));
  assert.deepEqual(paths(ubuntu), ['ubuntu kernel /etc/rackready/k/linux', 'ubuntu iso /etc/rackready/iso/u.iso']);
  assert.equal(ubuntu.profile.initrd, 'https://example.org/initrd');
  assert.ok(ubuntu.leftOut.includes('https://example.org/initrd: it is fetched by the machines'));
  const packages = /^packages: the profile names no mirror \(source: mirror:NAME\)/;
  assert.deepEqual(
    [ubuntu, must(entriesOf('leap'))].map(({ leftOut }) => leftOut.some((one) => packages.test(one))),
    [true, false],
  );
  assert.deepEqual(ubuntu.mirrors[0]?.values, {
    from: ['file:///srv/packages'],
    kind: 'yum',
    mode: 'frozen',
    trust: 'none',
  });
});

test('an installer of one’s own finds its kernel in the mirror there, too, beside an initrd that goes along', () => {
  const leap = must(entriesOf('leap'));
  assert.deepEqual(Object.keys(leap.profile), ['os', 'source', 'arguments']);
  const loader = ['leap/boot/x86_64/loader/linux', 'leap/boot/x86_64/loader/initrd'];
  for (const entries of [leap, must(entriesOf('leap', loader))])
    assert.deepEqual(paths(entries), ['leap answerFile /etc/rackready/templates/my own.liquid']);
  const [mirror] = leap.mirrors;
  assert.equal(mirror?.values.preset, 'opensuse-leap-15.6');
  assert.equal(foreignValue('profiles', leap.profile), undefined);
  const mixed = must(entriesOf('mixed'));
  assert.deepEqual(paths(mixed), [
    'mixed answerFile /etc/rackready/templates/my own.liquid',
    'mixed initrd /etc/rackready/k/initrd',
  ]);
  assert.equal(foreignValue('profiles', mixed.profile), undefined);
});

test('what cannot be taken along is refused with what to do', () => {
  const refusal = (...args: Parameters<typeof entriesOf>) => {
    const entries = entriesOf(...args);
    return 'problem' in entries ? `${entries.problem}. ${entries.hint}` : 'not refused';
  };
  assert.match(refusal('folder'), /come from \/srv\/tree.*Make a mirror of it/);
  assert.match(refusal('plain'), /plain has no source: .* Debian’s own archive.*rackready mirror add debian-12/);
  assert.match(refusal('told', [], ['extra']), /not refused/);
  assert.match(refusal('nobody'), /there is no profile nobody\. Profiles of the configuration: rocky, debian/);
  assert.match(refusal('rocky', [], ['gone']), /there is no mirror gone/);
});

test('what no bundle has is found: paths, sources and upstreams of somebody else', () => {
  const of = (section: 'profiles' | 'mirrors', values: Record<string, unknown>) => foreignValue(section, values);
  assert.equal(
    of('profiles', { os: 'debian-12', source: 'mirror:deb', kernel: 'https://example.org/linux' }),
    undefined,
  );
  assert.equal(of('profiles', { os: 'debian-12', kernel: '/var/lib/rackready/admin.token' }), 'kernel');
  assert.equal(of('profiles', { os: 'debian-12', source: '/var/lib/rackready' }), 'source');
  assert.equal(of('profiles', { os: 'debian-12', answerFile: '/etc/shadow' }), 'answerFile');
  assert.equal(of('mirrors', { from: ['http://h/'], mode: 'frozen', fingerprints: [] }), undefined);
  assert.equal(of('mirrors', { from: ['file:///var/lib/rackready'], mode: 'sync' }), 'mode');
  assert.equal(of('mirrors', { from: ['http://h/'], mode: 'frozen', schedule: '* * * * *' }), 'schedule');
});
