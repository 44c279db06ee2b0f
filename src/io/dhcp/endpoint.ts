import { BROADCAST, type Ipv4 } from '../../net/ipv4.ts';
import type { Mac } from '../../net/mac.ts';
import type { Outgoing } from '../../serve/dhcp/service.ts';
import type { Reception } from '../../serve/dhcp/verdict.ts';
import type { InheritedSocket } from '../udp/inherited.ts';
import { openUdp } from '../udp/open-udp.ts';
import { openProbe, type Probe, type ProbeAnswer } from '../udp/probe.ts';
import { openRawSender, type RawSender } from '../udp/raw-sender.ts';
import { openStrangerListener, type StrangerListener, type StrangerReply } from '../udp/stranger-listener.ts';
import type { Datagram, UdpPort } from '../udp/udp-port.ts';

/** DHCP on one interface: ports 67 and 4011, raw frames, and the probes. */
export interface DhcpEndpoint {
  /** What this host cannot do here, in sentences for the operator. */
  readonly limits: readonly string[];
  /** Sends soon, together with what else is to be sent. */
  send(datagram: Outgoing): void;
  isInUse(address: Ipv4, timeoutMs: number): Promise<boolean>;
  /** The card that answers for an address here, where one does and we can ask by ourselves. */
  whoHas(address: Ipv4, timeoutMs: number): Promise<Mac | undefined>;
  /** Asks whether other servers answer; their replies come to `onStranger`. */
  search(discover: Uint8Array): void;
  close(): Promise<void>;
}

export interface EndpointOptions {
  readonly interface: string;
  readonly receive: (bytes: Uint8Array, reception: Reception) => void;
  readonly onStranger: (reply: StrangerReply) => void;
  readonly onSendFailure: (reason: string) => void;
  readonly inherited?: readonly InheritedSocket[] | undefined;
  /** false: as if koffi were missing. */
  readonly native?: boolean | undefined;
}

/** Opens everything or nothing. Throws ProvisionError `port-in-use`, `not-permitted` or `no-interface`. */
export async function openDhcpEndpoint(options: EndpointOptions): Promise<DhcpEndpoint> {
  const opened: { close(): unknown }[] = [];
  const keep = <One extends { close(): unknown }>(one: One): One => {
    opened.push(one);
    return one;
  };
  try {
    const { interface: name, inherited, native } = options;
    const ports = new Map<67 | 4011, UdpPort>();
    for (const port of [67, 4011] as const) {
      ports.set(port, keep(await openUdp({ interface: name, port, broadcast: true, inherited, native })));
    }
    const raw = await openRawSender({ interface: name, native });
    if (raw.kind === 'raw') keep(raw);
    const probe = keep(await openProbe({ interface: name, native }));
    const listener = keep(await openStrangerListener({ interface: name, native }, options.onStranger));
    for (const [port, udp] of ports) {
      udp.onDatagrams((batch) => {
        for (const { bytes, address, port: from } of batch) {
          options.receive(bytes, { interface: name, source: { address, port: from }, port });
        }
      });
    }
    return createEndpoint({ options, ports, raw: raw.kind === 'raw' ? raw : undefined, probe, listener, opened });
  } catch (error) {
    for (const one of opened.reverse()) await one.close();
    throw error;
  }
}

interface Parts {
  readonly options: EndpointOptions;
  readonly ports: ReadonlyMap<67 | 4011, UdpPort>;
  readonly raw: RawSender | undefined;
  readonly probe: Probe;
  readonly listener: StrangerListener;
  readonly opened: { close(): unknown }[];
}

function createEndpoint({ options, ports, raw, probe, opened }: Parts): DhcpEndpoint {
  const sendSoon = createBatches(ports, options.onSendFailure);
  // The interface lost its address or its link just now: nobody can be asked, and nobody reached either.
  const ask = (address: Ipv4, timeoutMs: number): Promise<ProbeAnswer> =>
    probe.isInUse(address, timeoutMs).catch(() => ({ inUse: false }));
  return {
    limits: [...new Set([...ports.values()].flatMap(({ limits }) => limits ?? []))],
    send(datagram) {
      const { to, sourcePort, bytes } = datagram;
      if (to.kind !== 'hardware') {
        return sendSoon(sourcePort, {
          bytes,
          address: to.kind === 'broadcast' ? BROADCAST : to.address,
          port: to.port,
        });
      }
      const sent = raw?.sendTo({
        mac: to.mac,
        sourceAddress: datagram.source,
        destinationAddress: to.address,
        sourcePort,
        destinationPort: to.port,
        payload: bytes,
      });
      // Without raw frames a client that has no address yet is only reached by broadcast; all firmware takes it.
      if (sent?.kind !== 'sent') sendSoon(sourcePort, { bytes, address: BROADCAST, port: to.port });
    },
    isInUse: async (address, timeoutMs) => (await ask(address, timeoutMs)).inUse,
    whoHas: async (address, timeoutMs) => {
      // The kernel's table also knows who was there a minute ago.
      if (probe.kind !== 'arp') return undefined;
      const answer = await ask(address, timeoutMs);
      return answer.inUse ? answer.mac : undefined;
    },
    search: (payload) => void raw?.sendRawBroadcast({ sourcePort: 68, destinationPort: 67, payload }),
    close: async () => {
      for (const one of opened.reverse()) await one.close();
    },
  };
}

/** Everything that one turn of the event loop wants to send goes out in one system call per port. */
function createBatches(ports: ReadonlyMap<67 | 4011, UdpPort>, onFailure: (reason: string) => void) {
  const batches = new Map<67 | 4011, Datagram[]>();
  const flush = () => {
    for (const [port, batch] of batches) {
      void ports
        .get(port)
        ?.sendMany(batch)
        .then((failures) => {
          const [first] = failures;
          if (first) onFailure(`${first.code} (${failures.length} of ${batch.length} datagrams)`);
        });
    }
    batches.clear();
  };
  return (port: 67 | 4011, datagram: Datagram) => {
    if (batches.size === 0) setImmediate(flush);
    const batch = batches.get(port) ?? [];
    batch.push(datagram);
    batches.set(port, batch);
  };
}
