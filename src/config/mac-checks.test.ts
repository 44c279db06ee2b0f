import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpu32Reason, macModel } from '../machine/mac-model.ts';
import { parseSettings } from './parse.ts';
import { formatProblem } from './problem.ts';

const network = 'networks: {n: {interface: e0, subnet: 10.0.0.0/24, address: 10.0.0.1, dhcp: {mode: authoritative}}}\n';

function linesOf(yaml: string): string[] {
  const result = parseSettings([{ name: 'r.yaml', folder: '/etc/rackready', text: network + yaml }], {
    productFolder: '/product',
  });
  return (result.kind === 'settings' ? result.warnings : result.problems).map(formatProblem);
}

const reasonOf = (model: string) => {
  const judged = macModel(model);
  return judged.kind === 'unsupported' ? judged.reason : assert.fail();
};
const mac = (text: string) => `machines:\n  m: {mac: "a8:20:66:34:ff:e9", kind: mac, ${text}}\n`;
const profiles =
  'profiles: {d: {os: debian-12}, c: {os: custom, kernel: /k, initrd: /i, answerFile: /a, arguments: "a={{ urls.answer }}"}, o: {os: debian-12, kernel: /k}}\n';

const rows: readonly { readonly name: string; readonly yaml: string; readonly want: readonly string[] }[] = [
  {
    name: 'a Mac with all its keys',
    yaml: mac('model: "Macmini6,2", firmware: efi32, cpuBits: 64'),
    want: [],
  },
  {
    name: 'keys of a Mac on a PC',
    yaml: 'machines:\n  m: {mac: "00:25:90:96:c4:9a", firmware: efi32, cpuBits: 32}\n',
    want: [
      'r.yaml:3:33: machines.m.firmware: is for Macs only: add kind: mac, or take it out',
      'r.yaml:3:50: machines.m.cpuBits: is for Macs only: add kind: mac, or take it out',
    ],
  },
  ...['Macmini8,1', 'Mac14,3', 'PowerMac3,1'].map((model) => ({
    name: `${model} cannot boot from the network`,
    yaml: mac(`model: "${model}"`),
    want: [`r.yaml:3:51: machines.m.model: ${reasonOf(model)}`],
  })),
  {
    name: 'a model that is in no list',
    yaml: mac('model: "iMac99,1"'),
    want: [
      'r.yaml:3:51: warning: machines.m.model: iMac99,1 is in no list of Macs: it is taken for one with 64-bit EFI',
    ],
  },
  {
    name: 'a model whose comma YAML took',
    yaml: mac('model: Macmini6,2'),
    want: [
      'r.yaml:3:51: machines.m.model: "Macmini6" does not fit: expected a model as the Mac says it, in quotes for its comma, like "Macmini6,2"',
      'r.yaml:3:60: machines.m.2: unknown key: allowed: mac, macs, uuid, address, addressing, network, hostName, domain, profile, kind, model, firmware, cpuBits, secureBoot, loader, power, vars, notes',
    ],
  },
  {
    name: 'another word for the processor',
    yaml: mac('cpuBits: "64"'),
    want: ['r.yaml:3:53: machines.m.cpuBits: is text: expected 32 or 64'],
  },
  {
    name: 'a 32-bit processor and a system for 64 bits',
    yaml: profiles + mac('model: "Macmini1,1", profile: d'),
    want: [
      `r.yaml:4:74: machines.m.profile: ${cpu32Reason('Macmini1,1')} With another processor in it, say cpuBits: 64.`,
    ],
  },
  ...[
    'model: "Macmini1,1", profile: d, cpuBits: 64',
    'model: "Macmini1,1", profile: c',
    'model: "Macmini1,1", profile: o',
  ].map((text) => ({ name: `what may run: ${text}`, yaml: profiles + mac(text), want: [] })),
  {
    name: 'what Macs have in common',
    yaml: 'mac: {offerCompat: sead, bootFile: slim, priority: 65536, clientAddress: none, fat: true}\n',
    want: [
      'r.yaml:2:20: mac.offerCompat: is "sead": did you mean seed? expected one of plain, seed',
      'r.yaml:2:36: mac.bootFile: is "slim": expected one of model, fat',
      'r.yaml:2:52: mac.priority: 65536 does not fit: expected a whole number of 0-65535',
      'r.yaml:2:74: mac.clientAddress: is "none": expected one of lenient, strict',
      'r.yaml:2:80: mac.fat: unknown key: allowed: offerCompat, bootFile, priority, clientAddress',
    ],
  },
  {
    name: 'images that lack what their kind needs, and have what it does not',
    yaml: 'images:\n  a: {kind: nbi, file32: x}\n  b: {kind: efi, rootPath: "nfs:1.2.3.4:/a:b"}\n  c: {kind: localboot, file: x, profile: d}\n  d: {kind: linux, file: x}\n',
    want: [
      'r.yaml:3:3: images.a: kind nbi needs file: the NetBoot folder, NAME.nbi',
      'r.yaml:3:18: images.a.file32: is for images of kind efi: take it out',
      'r.yaml:4:3: images.b: kind efi needs file: the EFI program, or file32 for 32-bit EFI',
      'r.yaml:4:18: images.b.rootPath: is for images of kind nbi: take it out',
      'r.yaml:5:24: images.c.file: is for images of kind efi and nbi: take it out',
      'r.yaml:5:33: images.c.profile: is for images of kind linux: take it out',
      'r.yaml:5:42: images.c.profile: there is no d in profiles: profiles has no entries',
      'r.yaml:6:20: images.d.file: is for images of kind efi and nbi: take it out',
    ],
  },
  {
    name: 'names that are too long',
    yaml: `images:\n  a: {kind: linux, name: "${'x'.repeat(247)}"}\n  b: {kind: linux, name: "${'ü'.repeat(123)}"}\n  c: {kind: linux, name: "a\\nb"}\n`,
    want: [
      'r.yaml:3:26: images.a.name: is 247 bytes long in UTF-8: expected at most 246',
      'r.yaml:4:26: warning: images.b.name: is 246 bytes long: the Mac’s menu shows about 32',
      'r.yaml:5:26: images.c.name: "a\\nb" does not fit: expected one line of text',
    ],
  },
  {
    name: 'an index that is given twice',
    yaml: 'images:\n  a: {kind: linux, index: 7}\n  b: {kind: localboot, index: 7}\n  c: {kind: localboot, index: 0}\n',
    want: [
      'r.yaml:4:31: images.b.index: 7 is already given at images.a.index (r.yaml:3:27)',
      'r.yaml:5:31: images.c.index: 0 does not fit: expected a whole number of 1-65535',
    ],
  },
  {
    name: 'models and machines that are none',
    yaml: `${mac('')}images:\n  a: {kind: linux, models: [iMac14,3], notModels: ["Macmini8,1"]}\n  b: {kind: linux, models: ["Macmini8,1"], machines: [mm, m, "00:11:22:33:44:55"], notMachines: [n]}\n`,
    want: [
      'r.yaml:5:29: images.a.models[0]: "iMac14" does not fit: expected a model as the Mac says it, in quotes for its comma, like "Macmini6,2"',
      'r.yaml:5:36: images.a.models[1]: is a number (text needs quotes): expected a model as the Mac says it, in quotes for its comma, like "Macmini6,2"',
      `r.yaml:6:29: images.b.models[0]: ${reasonOf('Macmini8,1')}`,
      'r.yaml:6:55: images.b.machines[0]: there is no mm in machines: did you mean m? expected the name of a machine, or a MAC address',
      'r.yaml:6:98: images.b.notMachines[0]: there is no n in machines: did you mean m? expected the name of a machine, or a MAC address',
    ],
  },
  {
    name: 'a root path that is none',
    yaml: 'images:\n  a: {kind: nbi, file: /a.nbi, rootPath: "/srv/a.dmg"}\n',
    want: [
      'r.yaml:3:42: images.a.rootPath: "/srv/a.dmg" does not fit: expected nfs:ADDRESS:MOUNT:IMAGE or a URL with http://, at most 255 characters',
    ],
  },
];
for (const { name, yaml, want } of rows) test(name, () => assert.deepEqual(linesOf(yaml), want));
