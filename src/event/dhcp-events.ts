import { entry } from './entry.ts';

/** What DHCP, proxyDHCP and BOOTP tell. */
export const dhcpEvents = {
  'dhcp.discover': entry<{
    client: string;
    via: string;
    arch?: number;
    vendorClass?: string;
    userClass?: string;
    uuid?: string;
    nic?: string;
    /** The header's `secs`: time since the client began, EDK2 in seconds; iPXE counts in it (see `heard`). */
    secs?: number;
    /** iPXE only: whether it has had an offer, of anybody's. */
    heard?: boolean;
    /** iPXE only: what it can load from, "http", "https". */
    loads?: readonly string[];
    /** The relay's address. */
    relay?: string;
  }>(
    'info',
    'A machine asks for an address. `client` is what the request looks like: firmware, iPXE, GRUB, an installer or a system.',
    (d) => `asks for an address (${d.client}, ${d.via})`,
  ),
  'dhcp.offer': entry<{
    address: string;
    bootFile?: string;
    reason: string;
    /** Whom the machine is to load from: us. */
    nextServer?: string;
    /** How it was sent: "broadcast", "unicast", "relay 10.1.2.1". */
    to?: string;
  }>(
    'info',
    'We offered an address. `reason` says how it was chosen: reservation, lease, requested or pool.',
    (d) => `is offered ${d.address} (${d.reason})${d.bootFile ? ` with boot file ${d.bootFile}` : ''}`,
  ),
  'dhcp.ack': entry<{
    address: string;
    seconds: number | null;
    bootFile?: string;
    client: string;
    kind: string;
    /** Option 61, hex. */
    clientId?: string;
    uuid?: string;
    nextServer?: string;
    subnet?: string;
    router?: string;
  }>(
    'info',
    'The lease is on disk and the machine was told so. `seconds` is null for a BOOTP client: its lease never ends by itself.',
    (d) =>
      `has ${d.address} ${d.seconds === null ? 'for ever (BOOTP)' : `for ${d.seconds} s`} (${d.kind}, ${d.client})`,
  ),
  'dhcp.nak': entry<{ address: string; reason: string }>(
    'warning',
    'We told the machine that the address it wants is not for it; it starts again with a DISCOVER.',
    (d) => `may not use ${d.address}: ${d.reason}`,
  ),
  'dhcp.inform': entry<{ address: string }>(
    'info',
    'A machine that has an address of its own asked for the other settings.',
    (d) => `asks for settings only, as ${d.address}`,
  ),
  'dhcp.release': entry<{ address: string }>(
    'info',
    'The machine gave its address back.',
    (d) => `gives ${d.address} back`,
  ),
  'dhcp.decline': entry<{ address: string; minutes: number }>(
    'warning',
    'The machine found that somebody else uses the address that we gave it. Find that other device: it has a static address inside our pool, or a second DHCP server gave it out. `rackready leases forget ADDRESS` makes the address available again at once.',
    (d) => `found ${d.address} in use by somebody else; not given out for ${d.minutes} min`,
  ),
  'dhcp.conflict': entry<{ address: string; minutes: number }>(
    'warning',
    'Before offering a pool address we asked whether somebody answers there, and somebody did, without a lease of ours. Find the device with that static address.',
    (d) => `would have got ${d.address}, but somebody answers there; not given out for ${d.minutes} min`,
  ),
  'dhcp.ignored': entry<{
    reason: string;
    message: string;
    /** The relay that it came through. */
    relay?: string;
    /** The subnet's address that the relay asks for, where no network here has it. */
    wanted?: string;
    /** Where it came in, when that was the boot server's port. */
    port?: number;
  }>(
    'debug',
    'A request was heard and deliberately not answered, with the reason.',
    (d) => `${d.message} not answered: ${d.reason}`,
  ),
  'dhcp.no-address': entry<{ reason: string }>(
    'error',
    'No address is left for this machine. Shorten the lease time, enlarge the pool, or forget BOOTP leases that nobody uses (`rackready leases`).',
    (d) => `gets no address: ${d.reason}`,
  ),
  'dhcp.no-boot-file': entry<{ arch: number; reason: string }>(
    'warning',
    'A machine wants to boot from the network, and we have nothing that its firmware could run. The reason names what is missing.',
    (d) => `cannot be booted (architecture ${d.arch}): ${d.reason}`,
  ),
  'dhcp.proxy-offer': entry<{ bootFile: string; port: number }>(
    'info',
    'In proxy mode: the boot information was sent; the address comes from the network’s own DHCP server.',
    (d) => `is told to boot ${d.bootFile} (proxy, port ${d.port})`,
  ),
  'dhcp.would-answer': entry<{
    message: string;
    answer: string;
    client?: string;
    uuid?: string;
    /** The other server whose offer it takes, and the address. */
    server?: string;
    address?: string;
  }>(
    'info',
    'In observe mode: what a machine asks for, and what we would have answered, or which other server it chose. Nothing was sent.',
    (d) =>
      d.server === undefined
        ? `would get ${d.answer} for its ${d.message} (observe mode: nothing sent)`
        : `takes ${d.address ?? 'an address'} from ${d.server} (observe mode: only heard)`,
  ),
  'dhcp.chose-other': entry<{ server: string; address: string; client?: string }>(
    'warning',
    'The machine took the offer of another DHCP server on this network. If that is not meant: turn that server off, or use `mode: proxy` here.',
    (d) => `took ${d.address} from another DHCP server, ${d.server}`,
  ),
  'dhcp.asks-proxy': entry<{ client: string }>(
    'warning',
    'On a network in proxy mode a machine asks us for the address: it took our offer, which has none, for a DHCP server’s, because it could not use that one. EDK2 cannot when option 67 there has no zero byte at its end.',
    (d) => `asks us for an address, and addresses come from another server here (${d.client})`,
  ),
  'dhcp.stranger': entry<{ server: string; serverMac?: string; offered?: string; mode: string }>(
    'warning',
    'Another DHCP server answers on this network. Where we are authoritative, machines will sometimes take its answer and not boot from us: turn it off, or use `mode: proxy` here.',
    (d) =>
      `another DHCP server answers here: ${d.server}${d.serverMac ? ` (${d.serverMac})` : ''}; we are in ${d.mode} mode`,
  ),
  'dhcp.other-answer': entry<{
    server: string;
    message: string;
    address?: string;
    bootFile?: string;
    nextServer?: string;
    vendorClass?: string;
    /** Whether option 43 says how to find a boot server (PXE 2.1, sub-option 6). */
    hasDiscovery?: boolean;
  }>(
    'debug',
    'Another DHCP server told this machine how to boot: `bootFile`, `nextServer`, or option 60. In proxy mode that is what competes with our word.',
    (d) =>
      `hears from another DHCP server, ${d.server}: ${d.message}${d.bootFile ? `, boot file ${d.bootFile}` : ''}${d.nextServer ? ` from ${d.nextServer}` : ''}`,
  ),
  'dhcp.other-nak': entry<{ server: string; serverMac?: string; reason?: string }>(
    'warning',
    'Another DHCP server told this machine that it may not use its address. Firmware then gives up or starts over. Two servers that both think the network theirs must not run side by side: turn one off, or use `mode: proxy` here.',
    (d) => `is refused its address by another DHCP server, ${d.server}${d.reason ? `: ${d.reason}` : ''}`,
  ),
  'dhcp.other-server': entry<{ server: string; serverMac?: string; mode: string }>(
    'info',
    'The DHCP server that gives out the addresses on a network where we do not: in proxy mode it must be there.',
    (d) => `the addresses come from ${d.server}${d.serverMac ? ` (${d.serverMac})` : ''}; we are in ${d.mode} mode`,
  ),
  'dhcp.not-sent': entry<{ interface: string; reason: string }>(
    'error',
    'The system refused to send an answer. ENETUNREACH and ENETDOWN: the interface lost its address or its link. EPERM: a firewall rule drops it on the way out.',
    (d) => `an answer could not be sent on ${d.interface}: ${d.reason}`,
  ),
  'dhcp.released-by-operator': entry<{ address: string }>(
    'info',
    'Somebody ended the lease by command. The machine does not know, and uses the address until it renews.',
    (d) => `loses ${d.address}: released by an operator`,
  ),
  'dhcp.forgotten': entry<{ address: string }>(
    'info',
    'Somebody made the server forget an address: it is given out again like one that nobody ever had.',
    (d) => `${d.address} was forgotten by an operator`,
  ),
  'dhcp.malformed': entry<{ reason: string; source: string }>(
    'debug',
    'A datagram on a DHCP port could not be read and was dropped.',
    (d) => `unreadable datagram from ${d.source}: ${d.reason}`,
  ),
} as const;
