import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakePorts } from '../../../test/support/api.ts';
import { ipv4 } from '../../net/ipv4.ts';
import { createMachineTexts } from './machine-texts.ts';
import type { MachineRow } from './ports.ts';
import { machineView } from './views.ts';

const [second, first] = fakePorts().ports.machines.list() as [MachineRow, MachineRow];

const viewsIn = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()).machines;
const expected = (...rows: readonly MachineRow[]) => JSON.parse(JSON.stringify(rows.map(machineView)));

test('the same machines are the same bytes; whatever changes is in them at once', () => {
  const listed = createMachineTexts();
  const bytes = listed([second, first]);
  assert.deepEqual(viewsIn(bytes), expected(first, second));
  assert.equal(listed([{ ...second }, { ...first }]), bytes);
  const mac = { seen: [], firmware: 'x', offered: [] };
  const changes: readonly MachineRow[] = [
    { ...first, leased: ipv4('10.0.0.7') },
    { ...first, life: undefined },
    { ...first, notes: 'in the corner' },
    { ...first, machine: { ...first.machine, hostName: 'other' } },
    { ...first, mac },
    { ...first, mac: { ...mac, firmware: 'y' } },
    first,
  ];
  for (const changed of changes) assert.deepEqual(viewsIn(listed([second, changed])), expected(changed, second));
  assert.deepEqual(viewsIn(listed([first])), expected(first));
  assert.deepEqual(viewsIn(listed([])), []);
  assert.deepEqual(viewsIn(listed([first, second])), expected(first, second));
});
