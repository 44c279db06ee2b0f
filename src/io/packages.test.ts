import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parsePolicy, planPackages, type WantedPackage } from './packages.ts';

const qemu: WantedPackage = { name: 'qemu-system-x86', isRequired: true, why: '' };
const arm64: WantedPackage = { name: 'grub-efi-arm64-bin', isRequired: false, why: '' };
const netboot: WantedPackage = {
  name: 'debian-installer-12-netboot-amd64',
  newest: /^debian-installer-(\d+)-netboot-amd64$/,
  isRequired: true,
  why: '',
};
const state = (installed: string[], candidates: string[]) => ({
  installed: new Set(installed),
  candidates: new Set(candidates),
});

describe('planPackages()', () => {
  test('installs only what is missing', () => {
    const plan = planPackages([qemu, arm64], state(['qemu-system-x86'], ['qemu-system-x86', 'grub-efi-arm64-bin']));
    assert.deepEqual(plan, { install: ['grub-efi-arm64-bin'], unavailable: [], skipped: [] });
  });

  test('an optional package that no source has is skipped, a required one is not', () => {
    const plan = planPackages([qemu, arm64], state([], []));
    assert.deepEqual(plan, { install: [], unavailable: [qemu], skipped: [arm64] });
  });

  test('an installed package that the sources no longer have is fine', () => {
    assert.deepEqual(planPackages([qemu], state(['qemu-system-x86'], [])).unavailable, []);
  });

  test('takes the newest package of a family, by number and not by spelling', () => {
    const names = ['debian-installer-9-netboot-amd64', 'debian-installer-13-netboot-amd64'];
    assert.deepEqual(planPackages([netboot], state([], names)).install, ['debian-installer-13-netboot-amd64']);
    assert.deepEqual(planPackages([netboot], state(names, names)).install, []);
  });
});

test('parsePolicy() tells packages with a candidate from those without', () => {
  const text = [
    'tshark:',
    '  Installed: 4.0.17-0+deb12u1',
    '  Candidate: 4.0.17-0+deb12u1',
    '  Version table:',
    ' *** 4.0.17-0+deb12u1 500',
    '        500 http://deb.example/debian bookworm/main amd64 Packages',
    'grub-efi-arm64-bin:',
    '  Installed: (none)',
    '  Candidate: (none)',
    '  Version table:',
    'libc6:i386:',
    '  Installed: (none)',
    '  Candidate: 2.36-9',
    '',
  ].join('\n');
  assert.deepEqual([...parsePolicy(text)], ['tshark', 'libc6']);
});
