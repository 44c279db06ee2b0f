import type { Settings } from '../config/settings.ts';
import type { Status } from '../http/api/ports.ts';
import { listInterfaces } from '../io/interfaces.ts';
import { openTcpListener } from '../io/tcp.ts';
import { openUdp } from '../io/udp/open-udp.ts';
import { findPortHolders } from '../io/udp/port-holder.ts';
import type { Network } from '../lease/network.ts';
import { formatIpv4 } from '../net/ipv4.ts';
import { ProvisionError } from '../net/provision-error.ts';
import { type Finding, failure, ok, servedInterfaces, warning } from './finding.ts';

/** A port that the server would open, and how. */
interface Wish {
  readonly what: string;
  readonly protocol: 'udp' | 'tcp';
  readonly port: number;
  open(): Promise<{ close(): unknown }>;
}

/**
 * Whether the ports can be had. With a running server, what it says of them; without one they are opened as it would open
 * them, and closed at once.
 */
export async function checkPorts(settings: Settings, status: Status | undefined): Promise<Finding[]> {
  if (status) return listenersOf(status);
  const there = new Set((await listInterfaces()).map(({ name }) => name));
  const found: Finding[] = [];
  for (const [name, networks] of servedInterfaces(settings)) {
    if (!there.has(name)) continue;
    for (const wish of wishesFor(name, networks, settings)) found.push(await tryPort(wish));
  }
  const { adminListen } = settings.server;
  if (adminListen) {
    const where = `${formatIpv4(adminListen.address)}:${adminListen.port}`;
    const open = () => openTcpListener(adminListen);
    found.push(await tryPort({ what: `${where} (admin API)`, protocol: 'tcp', port: adminListen.port, open }));
  }
  return found;
}

function listenersOf({ pid, listeners, admin }: Status): Finding[] {
  const found = listeners.map(({ what, where, state }) =>
    state === 'open'
      ? ok(`${where} (${what})`, `held by the running server (process ${pid})`)
      : failure(`${where} (${what})`, `the running server ${state}`),
  );
  if (admin.listen === null) return found;
  const what = `${admin.listen} (admin API)`;
  const next = 'Free it, or set server.admin.listen to another port or to off.';
  return [
    ...found,
    admin.problem === null
      ? ok(what, `held by the running server (process ${pid})`)
      : failure(what, admin.problem, next),
  ];
}

function wishesFor(name: string, networks: readonly Network[], { server }: Settings): Wish[] {
  const wishes: Wish[] = [];
  if (networks.some(({ dhcp }) => dhcp.mode !== 'off')) {
    for (const port of [67, 4011]) {
      const open = () => openUdp({ interface: name, port, broadcast: true });
      wishes.push({ what: `UDP port ${port} on ${name} (DHCP)`, protocol: 'udp', port, open });
    }
  }
  for (const { address, dhcp } of networks) {
    if (dhcp.mode === 'observe') continue;
    const host = formatIpv4(address);
    const tftp = () => openUdp({ interface: name, address, port: 69 });
    wishes.push({ what: `UDP port 69 on ${host} (TFTP)`, protocol: 'udp', port: 69, open: tftp });
    const port = server.httpPort;
    const http = () => openTcpListener({ address, port });
    wishes.push({ what: `TCP port ${port} on ${host} (HTTP)`, protocol: 'tcp', port, open: http });
  }
  return wishes;
}

async function tryPort({ what, protocol, port, open }: Wish): Promise<Finding> {
  try {
    const opened = await open();
    await opened.close();
    return ok(what, 'free');
  } catch (error) {
    const holders = await findPortHolders(port, protocol).catch(() => undefined);
    const reason = error instanceof Error ? error.message : String(error);
    const code = error instanceof ProvisionError ? error.code : undefined;
    if (code === 'not-permitted') {
      const seen = holders === undefined ? 'nobody is seen to hold it' : `held by ${holders}`;
      return warning(what, `cannot be tried without root; ${seen}`, 'Run the same with sudo.');
    }
    const list = protocol === 'udp' ? `ss -ulpn 'sport = :${port}'` : `ss -tlpn 'sport = :${port}'`;
    return failure(
      what,
      holders === undefined ? reason : `is held by ${holders}`,
      `Stop that program. Look with: ${list}`,
    );
  }
}
