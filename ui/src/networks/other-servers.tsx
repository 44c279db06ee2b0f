import { useMemo } from 'preact/hooks';
import type { EventView } from '../../../src/http/api/views.ts';
import { useLoaded } from '../load.ts';
import { clockTime } from '../wording.ts';
import { foldServers } from './servers.ts';

interface Events {
  readonly events: readonly EventView[];
}

/** Other DHCP servers: where we are authoritative they take machines away from us. */
export function OtherServers() {
  const strangers = useLoaded<Events>('/events?id=dhcp.stranger&limit=500', 15_000);
  const others = useLoaded<Events>('/events?id=dhcp.other-server&limit=500', 15_000);
  const servers = useMemo(() => {
    const all = [...(strangers.value?.events ?? []), ...(others.value?.events ?? [])];
    return foldServers(all.toSorted((a, b) => a.seq - b.seq));
  }, [strangers.value, others.value]);
  return (
    <section aria-labelledby="other-servers">
      <h2 id="other-servers">Other DHCP servers</h2>
      {servers.length === 0 && <p class="muted">None was heard.</p>}
      <ul class="cards">
        {servers.map((one) => (
          <li key={`${one.network} ${one.server}`} class={`box ${one.isTrouble ? 'bad' : ''}`}>
            <strong>{one.server}</strong> {one.serverMac && <span class="muted">({one.serverMac})</span>} on network{' '}
            {one.network}, last told {clockTime(one.lastSeen)}.{' '}
            {one.isTrouble
              ? 'We are authoritative there: turn that server off, or use mode: proxy.'
              : `We are in ${one.mode} mode there; it gives out the addresses.`}
          </li>
        ))}
      </ul>
    </section>
  );
}
