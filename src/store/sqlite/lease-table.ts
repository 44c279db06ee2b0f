import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ChangeResult, ClientKey, Lease, LeaseChange } from '../../lease/lease.ts';
import type { Cell } from './protocol.ts';

const FORGET = 0;
const PUT = 1;
/** Cells of one lease, in the order of the columns. */
const LEASE_CELLS = 11;
const ROWS_PER_PART = 2000;

/** Appends the cells of one change to a message. */
export function encodeChange(cells: Cell[], change: LeaseChange): void {
  if (change.kind === 'forget') {
    cells.push(FORGET, change.address);
    return;
  }
  const lease = change.lease;
  cells.push(
    PUT,
    lease.address,
    lease.network,
    lease.client,
    lease.state,
    lease.kind,
    Math.trunc(lease.startsAt),
    lease.endsAt === null ? null : Math.trunc(lease.endsAt),
    lease.hostName ?? null,
    lease.vendorClass ?? null,
    lease.clientId ?? null,
    lease.relayInfo ?? null,
    Math.trunc(change.at),
  );
}

const written: ChangeResult = { kind: 'written' };

/** One result per change out of the worker's short answer (index and holder of what was taken, in turns). */
export function decodeResults(count: number, taken: readonly Cell[], firstIndex: number): ChangeResult[] {
  const results = new Array<ChangeResult>(count).fill(written);
  for (let cell = 0; cell < taken.length; cell += 2) {
    const index = Number(taken[cell]) - firstIndex;
    if (index >= 0 && index < count) results[index] = { kind: 'taken', holder: taken[cell + 1] as ClientKey };
  }
  return results;
}

/** The leases of one part of the answer to `load`. */
export function decodeLeases(cells: readonly Cell[], into: Lease[]): void {
  for (let at = 0; at + LEASE_CELLS <= cells.length; at += LEASE_CELLS) {
    const optional = (name: string, cell: Cell | undefined) =>
      cell === null || cell === undefined ? {} : { [name]: cell };
    into.push({
      address: cells[at],
      network: cells[at + 1],
      client: cells[at + 2],
      state: cells[at + 3],
      kind: cells[at + 4],
      startsAt: cells[at + 5],
      endsAt: cells[at + 6],
      ...optional('hostName', cells[at + 7]),
      ...optional('vendorClass', cells[at + 8]),
      ...optional('clientId', cells[at + 9]),
      ...optional('relayInfo', cells[at + 10]),
    } as Lease);
  }
}

/** The statements on leases, prepared once for a connection. */
export interface LeaseTable {
  /** Inside a transaction: applies the changes in order; returns index and holder of what was taken, in turns. */
  apply(cells: readonly Cell[]): Cell[];
  /** Every lease, in parts that do not need much memory at a time. */
  load(onPart: (cells: Cell[]) => void): void;
}

const columns =
  'address, network, client, state, kind, starts_at, ends_at, host_name, vendor_class, client_id, relay_info';

/*
 * The database is the arbiter: the row of an address changes hands only when its holder's time is over or was given
 * up, whatever the caller believed when it offered the address.
 */
const putSql = `
  INSERT INTO lease (${columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
  ON CONFLICT (address) DO UPDATE SET
    network = excluded.network, client = excluded.client, state = excluded.state, kind = excluded.kind,
    starts_at = excluded.starts_at, ends_at = excluded.ends_at, host_name = excluded.host_name,
    vendor_class = excluded.vendor_class, client_id = excluded.client_id, relay_info = excluded.relay_info
  WHERE lease.client = excluded.client OR lease.state <> 'bound' OR lease.ends_at <= ?12`;

/*
 * A client has one bound lease per network. When it gets another address (its reservation changed, or its old address
 * was outside the new pool), the old one is given back at that moment: free for others, and still its preference.
 */
const releaseOlderSql = `
  UPDATE lease SET state = 'released', ends_at = ?4
  WHERE client = ?1 AND network = ?2 AND state = 'bound' AND address <> ?3`;

export function createLeaseTable(database: DatabaseSync): LeaseTable {
  const put = database.prepare(putSql);
  const releaseOlder = database.prepare(releaseOlderSql);
  const holderOf = database.prepare('SELECT client FROM lease WHERE address = ?');
  const forget = database.prepare('DELETE FROM lease WHERE address = ?');
  const all = database.prepare(`SELECT ${columns} FROM lease ORDER BY address`);
  all.setReturnArrays(true);

  const applyPut = (cells: readonly Cell[], at: number): Cell | undefined => {
    const cell = (offset: number): Cell => cells[at + offset] ?? null;
    const [address, network, client, state] = [cell(0), cell(1), cell(2), cell(3)];
    const values = cells.slice(at, at + LEASE_CELLS + 1);
    if (put.run(...values).changes === 0) return (holderOf.get(address)?.client ?? null) as Cell;
    if (state === 'bound') releaseOlder.run(client, network, address, cell(LEASE_CELLS));
    return undefined;
  };

  return {
    apply: (cells) => {
      const taken: Cell[] = [];
      let index = 0;
      for (let at = 0; at < cells.length; index++) {
        if (cells[at] === FORGET) {
          forget.run(cells[at + 1] ?? null);
          at += 2;
          continue;
        }
        const holder = applyPut(cells, at + 1);
        if (holder !== undefined) taken.push(index, holder);
        at += LEASE_CELLS + 2;
      }
      return taken;
    },
    load: (onPart) => loadInParts(all, onPart),
  };
}

function loadInParts(all: StatementSync, onPart: (cells: Cell[]) => void): void {
  let part: Cell[] = [];
  for (const row of all.iterate() as Iterable<unknown> as Iterable<Cell[]>) {
    for (const cell of row) part.push(cell);
    if (part.length < ROWS_PER_PART * LEASE_CELLS) continue;
    onPart(part);
    part = [];
  }
  onPart(part);
}
