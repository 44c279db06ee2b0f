import type { MachineRow } from './ports.ts';
import { machineView } from './views.ts';

interface Made {
  readonly row: MachineRow;
  readonly text: string;
}

/**
 * The list of machines as JSON, by name. Every page asks for it again and again, and the thread that makes it answers machines
 * as well: what has not changed since it was last asked for is not made again.
 */
export function createMachineTexts(): (rows: Iterable<MachineRow>) => Buffer {
  let kept: readonly Made[] = [];
  let bytes: Buffer | undefined;
  return (rows) => {
    const made = Array.from(rows, (row, index): Made => {
      const known = kept[index];
      return known && isSame(known.row, row) ? known : { row, text: JSON.stringify(machineView(row)) };
    });
    if (bytes === undefined || made.length !== kept.length || made.some((one, index) => one !== kept[index])) {
      bytes = Buffer.from(`{"machines":[${inOrder(made).map(({ text }) => text)}]}`);
    }
    kept = made;
    return bytes;
  };
}

/** What is known of a Mac is put together anew each time. All else is replaced when it changes. */
function isSame(one: MachineRow, other: MachineRow): boolean {
  return (
    one.machine === other.machine &&
    one.life === other.life &&
    one.leased === other.leased &&
    one.notes === other.notes &&
    one.mac === undefined &&
    other.mac === undefined
  );
}

const { compare } = new Intl.Collator('en');

function inOrder(made: readonly Made[]): Made[] {
  return made.toSorted((a, b) => compare(a.row.machine.name, b.row.machine.name));
}
