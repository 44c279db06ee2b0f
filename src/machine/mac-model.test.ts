import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { cpu32Reason, macModel } from './mac-model.ts';

/** The table of the specification, kept beside the tests as data. */
interface Table {
  readonly efi32: readonly string[];
  readonly cpu32: readonly string[];
  readonly efi64_first: Readonly<Record<string, string>>;
  readonly last_intel_netboot: Readonly<Record<string, string>>;
  readonly t2_no_netboot: readonly string[];
  readonly apple_silicon_no_netboot: { readonly exact: readonly string[]; readonly pattern: string };
}
const table: Table = JSON.parse(readFileSync(new URL('../../test/fixtures/mac-models.json', import.meta.url), 'utf8'));

test('every model of the table with 32-bit EFI, with its processor', () => {
  assert.equal(table.efi32.length, 19);
  for (const model of table.efi32) {
    const cpuBits = table.cpu32.includes(model) ? 32 : 64;
    assert.deepEqual(macModel(model), { kind: 'efi', efiBits: 32, cpuBits, isKnown: true }, model);
  }
});

test('the first and last 64-bit model of each family are known', () => {
  for (const [family, first] of Object.entries(table.efi64_first)) {
    if (family === 'iMacPro') continue;
    for (const numbers of [first, table.last_intel_netboot[family]]) {
      const want = { kind: 'efi', efiBits: 64, cpuBits: 64, isKnown: true };
      assert.deepEqual(macModel(`${family}${numbers}`), want, `${family}${numbers}`);
    }
  }
});

test('T2 and Apple silicon are refused with a sentence that names the model', () => {
  for (const model of table.t2_no_netboot) {
    const found = macModel(model, 'i386');
    assert.ok(found.kind === 'unsupported' && found.why === 't2', model);
    assert.match(found.reason, new RegExp(`^${model} has an Apple T2 chip: its firmware cannot network-boot`));
  }
  for (const model of [...table.apple_silicon_no_netboot.exact, 'Mac14,3', 'Mac13,1', 'Mac16,12']) {
    const found = macModel(model, 'arm');
    assert.ok(found.kind === 'unsupported' && found.why === 'apple-silicon', model);
    assert.match(found.reason, new RegExp(`^${model} is an Apple-silicon Mac: it has no EFI`));
    assert.deepEqual(macModel(model), found, 'without the arch of a request');
  }
});

const rows: readonly { name: string; model: string; arch?: string; want: object }[] = [
  {
    name: 'a suffix does not count',
    model: 'MacPro1,1,Quad',
    want: { kind: 'efi', efiBits: 32, cpuBits: 64, isKnown: true },
  },
  {
    name: 'MacPro1,10 is not MacPro1,1',
    model: 'MacPro1,10',
    want: { kind: 'efi', efiBits: 64, cpuBits: 64, isKnown: false },
  },
  {
    name: 'an Intel model that nobody has heard of is taken for 64 bits',
    model: 'iMac99,1',
    want: { kind: 'efi', efiBits: 64, cpuBits: 64, isKnown: false },
  },
  {
    name: 'a virtual machine is taken for 64 bits',
    model: 'VMware7,1',
    arch: 'i386',
    want: { kind: 'efi', efiBits: 64, cpuBits: 64, isKnown: false },
  },
  {
    name: 'a name that every object has',
    model: 'constructor1,1',
    want: { kind: 'efi', efiBits: 64, cpuBits: 64, isKnown: false },
  },
  { name: 'no numbers at all', model: 'Mac', want: { kind: 'efi', efiBits: 64, cpuBits: 64, isKnown: false } },
];
for (const { name, model, arch, want } of rows) {
  test(`macModel(): ${name}`, () => assert.deepEqual(macModel(model, arch), want));
}

test('PowerPC by its arch or its name', () => {
  for (const [model, arch] of [
    ['PowerMac3,1', 'ppc'],
    ['iBook4,3', undefined],
    ['RackMac1,1', 'i386'],
    ['whatever', 'ppc'],
  ] as const) {
    const found = macModel(model, arch);
    assert.ok(found.kind === 'unsupported');
    assert.equal(found.reason, 'PowerPC Mac: Open Firmware cannot run EFI images; unsupported.');
  }
});

test('arm outweighs a model that is not in the table', () => {
  const found = macModel('VirtualMac2,1', 'arm');
  assert.ok(found.kind === 'unsupported' && found.why === 'apple-silicon');
});

test('the sentence for a 32-bit processor', () => {
  assert.equal(cpu32Reason('Macmini1,1'), 'Macmini1,1 has a 32-bit CPU; the selected OS is x86_64 only.');
});
