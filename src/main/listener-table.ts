import type { RecordedEvent } from '../event/event.ts';
import type { Status } from '../http/api/ports.ts';

/** What the events of the admin API's port name it. */
export const ADMIN_API = 'Admin API';

/** Which sockets are open, by the place that they listen at. */
export type ListenerTable = Map<string, Status['listeners'][number]>;

/** Takes an event into the table of listeners. */
export function noteListener(table: ListenerTable, event: RecordedEvent): void {
  if (event.id === 'interface.gone') {
    const { name } = event.data as { name: string };
    table.set(name, { what: 'DHCP and TFTP', where: name, state: 'the interface is not there; waiting for it' });
  }
  const { what, where, reason } = event.data as { what?: string; where?: string; reason?: string };
  // The admin API has a line of its own in the status.
  if (what === undefined || where === undefined || what === ADMIN_API) return;
  if (event.id === 'server.listening') table.set(where, { what, where, state: 'open' });
  if (event.id === 'server.cannot-listen') table.set(where, { what, where, state: `cannot listen: ${reason ?? ''}` });
}
