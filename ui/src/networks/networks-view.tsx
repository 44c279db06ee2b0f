import type { LeaseView } from '../../../src/http/api/views.ts';
import { rack } from '../live.ts';
import { useLoaded } from '../load.ts';
import { Chip } from '../parts/chip.tsx';
import { linkTo } from '../route.ts';
import { useStore } from '../store.ts';
import { clockTime } from '../wording.ts';
import { AddressMap } from './address-map.tsx';
import { isIn, type Network } from './addresses.ts';
import { DiscoveredPart } from './discovered-part.tsx';
import { OtherServers } from './other-servers.tsx';

/** Who has which address, who else answers, and who asks without being known. */
export function NetworksView() {
  const { status, machines } = useStore(rack);
  const { value } = useLoaded<{ leases: LeaseView[] }>('/leases', 5_000);
  const leases = value?.leases ?? [];
  return (
    <>
      <div class="head">
        <h1>Networks</h1>
      </div>
      <div class="columns">
        <div>
          {status?.networks.map((network) => (
            <NetworkPart
              key={network.name}
              network={network}
              leases={leases.filter((lease) => lease.network === network.name)}
              machines={machines.filter(({ address }) => address !== null && isIn(network, address))}
            />
          ))}
          {status?.networks.length === 0 && <p class="empty">The configuration has no network.</p>}
        </div>
        <div>
          <OtherServers />
          <DiscoveredPart />
        </div>
      </div>
    </>
  );
}

interface PartProps extends Pick<Parameters<typeof AddressMap>[0], 'machines'> {
  readonly network: Network;
  readonly leases: readonly LeaseView[];
}

function NetworkPart({ network, leases, machines }: PartProps) {
  const { name, subnet, address, mode, pools } = network;
  const where = network.interface ?? 'relays only';
  return (
    <section class="network" aria-label={`Network ${name}`}>
      <h2>
        {name} <Chip text={mode} tone={mode === 'authoritative' ? 'good' : 'plain'} />
      </h2>
      <p class="muted">
        {subnet} on {where}, this server is {address}
        {pools.map(({ first, last, clients }) => ` · pool ${first} – ${last}${clients === 'bootp' ? ' (BOOTP)' : ''}`)}
      </p>
      <AddressMap network={network} leases={leases} machines={machines} />
      <Leases leases={leases} />
    </section>
  );
}

function Leases({ leases }: { readonly leases: readonly LeaseView[] }) {
  return (
    <details class="inner">
      <summary>Leases ({leases.length})</summary>
      <div class="table-scroll">
        <table class="plain">
          <thead>
            <tr>
              <th>Address</th>
              <th>Client</th>
              <th>State</th>
              <th>Ends</th>
              <th>Says of itself</th>
            </tr>
          </thead>
          <tbody>
            {leases.map((lease) => (
              <tr key={lease.address}>
                <td>{lease.address}</td>
                <td>
                  <a href={linkTo('machines', lease.machine ?? lease.client)}>{lease.machine ?? lease.client}</a>
                </td>
                <td>
                  <Chip text={lease.state} />
                </td>
                <td>{lease.endsAt === null ? 'never' : clockTime(lease.endsAt)}</td>
                <td>{[lease.hostName, lease.vendorClass].filter(Boolean).join(' · ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
