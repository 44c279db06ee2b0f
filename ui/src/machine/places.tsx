import type { IdentityView } from '../../../src/http/api/identities.ts';
import type { LeaseView, MachineView } from '../../../src/http/api/views.ts';
import { useLoaded } from '../load.ts';
import { Chip } from '../parts/chip.tsx';
import { clockTime } from '../wording.ts';

/** A machine's leases, and the identities that it was seen with. */
export function Places({ machine }: { readonly machine: MachineView }) {
  const { value: leases } = useLoaded<{ leases: LeaseView[] }>('/leases', 15_000);
  const path = `/machines/${encodeURIComponent(machine.name)}/identities`;
  const { value: seen } = useLoaded<{ identities: IdentityView[] }>(path, 15_000);
  const own = leases?.leases.filter((lease) => lease.machine === machine.name) ?? [];
  return (
    <section aria-labelledby="leases">
      <h2 id="leases">Leases and identities</h2>
      <div class="table-scroll">
        <table class="plain">
          <thead>
            <tr>
              <th>Address</th>
              <th>State</th>
              <th>Ends</th>
              <th>Network</th>
              <th>Host name</th>
            </tr>
          </thead>
          <tbody>
            {own.map((lease) => (
              <tr key={lease.address}>
                <td>{lease.address}</td>
                <td>
                  <Chip text={lease.state} />
                </td>
                <td>{lease.endsAt === null ? 'never' : clockTime(lease.endsAt)}</td>
                <td>{lease.network}</td>
                <td>{lease.hostName}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {own.length === 0 && <p class="muted">It has no lease.</p>}
      <ul class="identities">
        {seen?.identities.map((one) => (
          <li key={`${one.client} ${one.clientId} ${one.uuid}`}>
            <strong>{one.client}</strong>{' '}
            <span class="muted">
              {[one.mac, one.clientId && `client id ${one.clientId}`, one.uuid && `UUID ${one.uuid}`]
                .filter(Boolean)
                .join(' · ')}{' '}
              · {one.address} · {clockTime(one.lastSeen)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
