import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRack, requester } from '../../test/boot-rack.ts';
import { debian, machine } from '../../test/boot-values.ts';
import type { Profile } from '../boot/profile.ts';
import { mac } from '../net/mac.ts';

const profile: Profile = {
  ...debian,
  name: 'rocky-9',
  os: 'rocky-9',
  family: 'anaconda',
  kickstart: 'rhel9',
  answerFile: '/opt/rackready/templates/answer/el.ks.liquid',
  kernel: 'mirror:r/os/images/pxeboot/vmlinuz',
  initrd: 'mirror:r/os/images/pxeboot/initrd.img',
  source: 'mirror:r',
  mirrorFolder: 'os',
};

const own = mac('00:25:90:96:c4:9a');
const asked = requester('172.22.10.55', 'http');

/** A rack whose mirror has the states s1 and s2, of which `current` is served. */
function openRack(profiles: readonly Profile[] = [profile]) {
  const mirror = { current: 's1' as string | undefined };
  const rack = createRack({
    machines: [machine({ macs: [own], profile: 'rocky-9' })],
    leases: { '172.22.10.55': own },
    settings: { profiles: new Map(profiles.map((one) => [one.name, one])) },
    mirrors: {
      current: (name) => (name === 'r' ? mirror.current : undefined),
      bootFile: (name, snapshot, path) => (path.includes('absent') ? undefined : `/pool/${name}/${snapshot}/${path}`),
    },
  });
  const { name } = machine({ macs: [own] });
  const grant = () => rack.step(name, { kind: 'granted', token: 't', profile: 'rocky-9', via: 'command' });
  const config = () => {
    const found = rack.files.resolve('boot/grub/grub.cfg', asked);
    return found.kind === 'text' ? found.text : assert.fail(found.kind);
  };
  return { rack, mirror, grant, config, name };
}

test('an installation keeps to the state of the mirror that was served when its installer was first sent', async () => {
  const { rack, mirror, grant, config, name } = openRack();
  await grant();
  assert.match(config(), /inst\.repo=http:\/\/172\.22\.10\.2(:8080)?\/mirror\/r@s1\/os' /);
  mirror.current = 's2';
  assert.match(config(), /\/mirror\/r@s1\/os' /);
  assert.equal(rack.lives.get(name)?.operation?.grant.snapshot, 's1');
  const kernel = rack.files.resolve('os/rocky-9/linux', asked);
  assert.deepEqual(kernel, { kind: 'file', name: 'os/rocky-9/linux', path: '/pool/r/s1/os/images/pxeboot/vmlinuz' });
  const answer = await rack.files.resolveAnswer('t', 'ks.cfg', asked);
  assert.ok(answer.kind === 'text' && answer.text.includes('/mirror/r@s1/os'), JSON.stringify(answer));
});

test('somebody without an installation gets the kernel that is served now', () => {
  const { rack, mirror } = openRack();
  mirror.current = 's2';
  const initrd = rack.files.resolve('os/rocky-9/initrd', requester('172.22.10.99', 'http'));
  assert.ok(initrd.kind === 'file' && initrd.path === '/pool/r/s2/os/images/pxeboot/initrd.img');
});

test('a machine whose mirror has nothing yet boots from its disk, and keeps its grant', async () => {
  const { rack, mirror, grant, config, name } = openRack();
  mirror.current = undefined;
  await grant();
  assert.doesNotMatch(config(), /inst\.repo/);
  const [told] = rack.events.filter(({ id }) => id === 'boot.config');
  assert.match(
    String(told?.data.reason),
    /the mirror r that it installs from has nothing yet: rackready mirror sync r/,
  );
  assert.equal(rack.lives.get(name)?.operation?.stage, 'granted');
  mirror.current = 's2';
  assert.match(config(), /\/mirror\/r@s2\/os' /);
});

test('a kernel that the mirror does not have is refused with its name', () => {
  const { rack } = openRack([{ ...profile, kernel: 'mirror:r/absent/vmlinuz' }]);
  const kernel = rack.files.resolve('os/rocky-9/linux', asked);
  assert.ok(
    kernel.kind === 'refused' && /mirror:r\/absent\/vmlinuz, which the mirror does not have/.test(kernel.reason),
  );
});

test('Debian’s kernel comes from the mirror where it has one, else from this host', () => {
  const files = { kernel: 'd/linux', initrd: 'absent/initrd.gz' };
  const { rack } = openRack([{ ...debian, name: 'rocky-9', source: 'mirror:r', inMirror: files }]);
  const kernel = rack.files.resolve('os/rocky-9/linux', asked);
  assert.ok(kernel.kind === 'file' && kernel.path === '/pool/r/s1/d/linux');
  const initrd = rack.files.resolve('os/rocky-9/initrd', asked);
  assert.ok(initrd.kind === 'file' && initrd.path === debian.initrd);
});
