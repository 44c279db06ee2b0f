import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { editMachines, formatMachines, type MachineEdit, writtenMachines } from './edit.ts';

const rack = `# The rack.
networks:
  a: { subnet: 10.0.0.0/24 }   # wide

machines:
  # Macs first
  mp:   { mac: "00:23:32:2f:40:3c", address: 10.0.0.50 }   # the old one
  sm1:
    mac: "00:25:90:96:c4:9a"      # first port
    address: 10.0.0.55
    # moved in May

unknownMachines: local   # end
`;

function edit(text: string, change: MachineEdit): string {
  const result = editMachines([{ name: 'rack.yaml', text }], change, 'rack.yaml');
  assert.equal(result.kind, 'edited', result.kind === 'refused' ? result.reason : '');
  return result.kind === 'edited' ? (result.texts[0]?.text ?? '') : '';
}

function refusal(text: string, change: MachineEdit): string {
  const result = editMachines([{ name: 'rack.yaml', text }], change, 'rack.yaml');
  return result.kind === 'refused' ? result.reason : 'not refused';
}

const added = { kind: 'add', machines: { sm2: { mac: '00:25:90:96:c6:5a', address: '10.0.0.56' } } } as const;
const line = 'sm2: { mac: "00:25:90:96:c6:5a", address: 10.0.0.56 }';

const rows: readonly (readonly [string, string, MachineEdit, string])[] = [
  [
    'add() after the last machine and its comments, everything else as it was',
    rack,
    added,
    rack.replace('    # moved in May\n', `    # moved in May\n  ${line}\n`),
  ],
  ['add() to a file without machines', 'a: 1\n', added, `a: 1\nmachines:\n  ${line}\n`],
  ['add() to a file whose last line is open', 'a: 1', added, `a: 1\nmachines:\n  ${line}\n`],
  ['add() to an empty file', '', added, `machines:\n  ${line}\n`],
  ['add() to a file of comments only', '# nothing yet\n', added, `# nothing yet\nmachines:\n  ${line}\n`],
  ['add() before the end mark', 'a: 1\n...\n', added, `a: 1\nmachines:\n  ${line}\n...\n`],
  ['add() below a key without a value', 'machines:   # none\nb: 1\n', added, `machines:   # none\n  ${line}\nb: 1\n`],
  ['add() in place of an empty flow map', 'machines: {}\nb: 1\n', added, `machines:\n  ${line}\nb: 1\n`],
  ['add() to a flow map', 'machines: { x: { mac: a } }\n', added, `machines: { x: { mac: a }, ${line} }\n`],
  [
    'add() keeps another indentation',
    'machines:\n    x: { mac: a }\n',
    added,
    `machines:\n    x: { mac: a }\n    ${line}\n`,
  ],
  [
    'set() of a value in a flow map',
    rack,
    { kind: 'set', name: 'mp', values: { address: '10.0.0.51' } },
    rack.replace('10.0.0.50', '10.0.0.51'),
  ],
  [
    'set() of a new key in a flow map',
    rack,
    { kind: 'set', name: 'mp', values: { profile: 'debian' } },
    rack.replace('10.0.0.50 }', '10.0.0.50, profile: debian }'),
  ],
  [
    'set() of several keys of a block map',
    rack,
    { kind: 'set', name: 'sm1', values: { mac: '00:25:90:96:c4:9b', profile: 'debian', 'vars.role': 'web' } },
    rack
      .replace('c4:9a', 'c4:9b')
      .replace('    # moved in May\n', '    # moved in May\n    profile: debian\n    vars: { role: web }\n'),
  ],
  [
    'set() into a map that is there',
    'machines:\n  x: { mac: a, vars: { b: 1 } }\n',
    { kind: 'set', name: 'x', values: { 'vars.c': [1, 2] } },
    'machines:\n  x: { mac: a, vars: { b: 1, c: [ 1, 2 ] } }\n',
  ],
  [
    'set() takes out the first key of a flow map',
    'machines:\n  x: { mac: a, profile: p }\n',
    { kind: 'set', name: 'x', values: { mac: undefined } },
    'machines:\n  x: { profile: p }\n',
  ],
  [
    'set() takes out a line of a block map',
    rack,
    { kind: 'set', name: 'sm1', values: { address: undefined } },
    rack.replace('    address: 10.0.0.55\n', ''),
  ],
  [
    'set() overrides what an anchor brings, for this machine only',
    'x: &p { profile: a }\nmachines:\n  x: { <<: *p, mac: m }\n  y: { <<: *p, mac: n }\n',
    { kind: 'set', name: 'y', values: { profile: 'b' } },
    'x: &p { profile: a }\nmachines:\n  x: { <<: *p, mac: m }\n  y: { <<: *p, mac: n, profile: b }\n',
  ],
  ['remove() of a block entry', rack, { kind: 'remove', name: 'sm1' }, rack.replace(/ {2}sm1:\n(.*\n){2}/, '')],
  ['remove() of one line', rack, { kind: 'remove', name: 'mp' }, rack.replace(/ {2}mp:.*\n/, '')],
  ['remove() of the last machine', 'machines:\n  x: { mac: a }\n', { kind: 'remove', name: 'x' }, 'machines:\n'],
  [
    'replace() of a block entry',
    'machines:\n  x:\n    mac: a\n    profile: p\n  y: { mac: b }\n',
    { kind: 'replace', name: 'x', values: { mac: 'c' } },
    'machines:\n  x: { mac: c }\n  y: { mac: b }\n',
  ],
  [
    'set() of several lines stands on one, whatever was there',
    'machines:\n  x:\n    notes: |\n      old\n      # no comment\n\n    mac: a\n',
    { kind: 'set', name: 'x', values: { notes: `first ${'long '.repeat(20)}end\nsecond: "quoted"` } },
    `machines:\n  x:\n    notes: "first ${'long '.repeat(20)}end\\nsecond: \\"quoted\\""\n\n    mac: a\n`,
  ],
  [
    'set() keeps what is commented on the line of a text of several lines',
    'machines:\n  x:\n    notes: |-   # ask "Ann" | Bo\n      old\n      # no comment\n    mac: a\n',
    { kind: 'set', name: 'x', values: { notes: 'new' } },
    'machines:\n  x:\n    notes: new   # ask "Ann" | Bo\n    mac: a\n',
  ],
  [
    'set() keeps what is commented on the line of a text that ends an open last line',
    'machines:\n  x:\n    notes: >2 # why\n        old',
    { kind: 'set', name: 'x', values: { notes: 'a\nb' } },
    'machines:\n  x:\n    notes: "a\\nb" # why',
  ],
  [
    'set() takes no text for a comment',
    'machines:\n  x:\n    notes: |\n      # old\n    mac: a # mine\n',
    { kind: 'set', name: 'x', values: { notes: 'new', mac: 'b' } },
    'machines:\n  x:\n    notes: new\n    mac: b # mine\n',
  ],
  [
    'set() of several plain lines stands on one',
    rack,
    { kind: 'set', name: 'mp', values: { notes: 'PSU replaced\nfan 3 is loud' } },
    rack.replace('10.0.0.50 }', '10.0.0.50, notes: "PSU replaced\\nfan 3 is loud" }'),
  ],
  [
    'set() takes out a text of several lines',
    'machines:\n  x:\n    notes: |\n      old\n      more\n    mac: a\n',
    { kind: 'set', name: 'x', values: { notes: undefined } },
    'machines:\n  x:\n    mac: a\n',
  ],
  [
    'values that YAML would misread are quoted',
    'machines:\n  x: { mac: a }\n',
    { kind: 'set', name: 'x', values: { hostName: '12', model: 'a, b' } },
    'machines:\n  x: { mac: a, hostName: "12", model: "a, b" }\n',
  ],
];

for (const [name, text, change, want] of rows.filter(([, text]) => text.includes('\n'))) {
  const crlf = (lines: string) => lines.replaceAll('\n', '\r\n');
  test(`${name}, where lines end with \\r\\n`, () => assert.equal(edit(crlf(text), change), crlf(want)));
}

for (const [name, text, change, want] of rows) {
  test(name, () => assert.equal(edit(text, change), want));
}

test('an anchor that others use, aliases and unknown names are refused with a reason', () => {
  const anchored = 'machines:\n  x: { mac: a, profile: &p debian }\n  y: { mac: b, profile: *p }\n  z: *none\n';
  const set = (name: string, values: object): MachineEdit => ({ kind: 'set', name, values: { ...values } });
  assert.match(refusal(anchored.replace('  z: *none\n', ''), set('x', { profile: 'q' })), /anchor/);
  assert.match(refusal('a: &a { mac: m }\nmachines:\n  x: *a\n', set('x', { profile: 'q' })), /alias/);
  assert.match(refusal(rack, set('sm2', {})), /no machine "sm2".*did you mean sm1/);
  assert.match(refusal(rack, { kind: 'add', machines: { mp: {} } }), /already, in rack\.yaml/);
  assert.match(refusal(rack, set('mp', { profile: undefined })), /not written/);
  assert.match(refusal('machines: [\n', added), /not readable/);
});

test('an anchor on the entry itself survives a change of its keys', () => {
  const text = 'machines:\n  x: &base { mac: a, profile: p }\n';
  const change = { kind: 'set', name: 'x', values: { profile: 'q' } } as const;
  assert.equal(edit(text, change), 'machines:\n  x: &base { mac: a, profile: q }\n');
});

test('in a folder, add() goes to the file that has machines, else to the new one', () => {
  const a = { name: '10-net.yaml', text: 'networks: {}\n' };
  const b = { name: '20-rack.yaml', text: 'machines:\n  x: { mac: a }\n' };
  const into = (texts: (typeof a)[]) => {
    const result = editMachines(texts, added, 'machines.yaml');
    assert.equal(result.kind, 'edited');
    return result.kind === 'edited' ? result.texts.map((one) => [one.name, one.text.includes('sm2')]) : [];
  };
  assert.deepEqual(into([a, b]), [
    ['10-net.yaml', false],
    ['20-rack.yaml', true],
  ]);
  assert.deepEqual(into([a]), [
    ['10-net.yaml', false],
    ['machines.yaml', true],
  ]);
});

test('formatMachines() and writtenMachines() are each other’s reverse', () => {
  const noted = rack.replace('    # moved in May', '    notes: |\n      PSU: "old"\n      # fan 3');
  const machines = writtenMachines([{ name: 'rack.yaml', text: noted }]);
  assert.deepEqual(Object.keys(machines), ['mp', 'sm1']);
  assert.equal(machines.sm1?.notes, 'PSU: "old"\n# fan 3\n');
  assert.deepEqual(writtenMachines([{ name: 'x', text: formatMachines(machines) }]), machines);
  assert.deepEqual(parse(formatMachines({})), { machines: {} });
});

test('a mirror goes where mirrors are, and machines stay as they are', () => {
  const add = (text: string) =>
    editMachines(
      [{ name: 'r.yaml', text }],
      { kind: 'add', section: 'mirrors', machines: { d: { preset: 'debian-12' } } },
      'r.yaml',
    );
  const machines = 'machines:\n  a: { mac: "00:25:90:96:c4:9a" } # one\n';
  const first = add(machines);
  assert.ok(first.kind === 'edited');
  assert.equal(first.texts[0]?.text, `${machines}mirrors:\n  d: { preset: debian-12 }\n`);
  const second = add('mirrors:\n  d: { from: "http://h/" }\n');
  assert.ok(second.kind === 'refused' && /there is a mirror "d" already/.test(second.reason));
});
