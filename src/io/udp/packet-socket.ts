import type { Mac } from '../../net/mac.ts';
import { ProvisionError } from '../../net/provision-error.ts';
import { listInterfaces } from '../interfaces.ts';
import { check, loadNative, type Native, SystemCallError } from '../native/native.ts';
import {
  AF,
  attachFilter,
  type FilterStep,
  linkAddress,
  openSocket,
  PACKET_IGNORE_OUTGOING,
  SOL,
  setIntOption,
} from '../native/socket.ts';

/** Why something that needs packet sockets cannot be had here. The caller has another way, or says so to the operator. */
export interface Unavailable {
  readonly kind: 'unavailable';
  readonly reason: string;
}

export interface PacketSocketOptions {
  readonly interface: string;
  /** false: as if koffi were missing. */
  readonly native?: boolean | undefined;
}

/** An AF_PACKET socket on an Ethernet interface. */
export interface PacketSocket {
  readonly kind: 'open';
  readonly native: Native;
  readonly fd: number;
  readonly index: number;
  readonly mac: Mac;
  readonly mtu: number;
}

/**
 * Opens a packet socket and ties it to the interface; `etherType` 0 hears nothing (for sending). The filter is in force
 * before the socket hears anything. Throws ProvisionError `no-interface`.
 */
export async function openPacketSocket(
  options: PacketSocketOptions,
  how: { readonly type: number; readonly etherType: number; readonly filter?: readonly FilterStep[] },
): Promise<PacketSocket | Unavailable> {
  const native = await loadNative(options);
  if (!native) return unavailable('koffi is not installed');
  const found = (await listInterfaces(options)).find(({ name }) => name === options.interface);
  if (!found)
    throw new ProvisionError(
      'no-interface',
      `Cannot open a packet socket on "${options.interface}": there is no such interface`,
    );
  if (!found.isEthernet || !found.mac) return unavailable(`"${options.interface}" is not an Ethernet interface`);
  let fd = -1;
  try {
    fd = openSocket(native, AF.PACKET, how.type, 0);
    if (how.filter) attachFilter(native, fd, how.filter);
    setIntOption(native, fd, SOL.PACKET, PACKET_IGNORE_OUTGOING, 1, 'PACKET_IGNORE_OUTGOING');
    check(native, 'bind()', native.libc.bind(fd, linkAddress(found.index, how.etherType), 20));
  } catch (error) {
    if (fd !== -1) native.libc.close(fd);
    if (!(error instanceof SystemCallError)) throw error;
    const why = error.code === 'EPERM' || error.code === 'EACCES' ? 'needs CAP_NET_RAW (run as root)' : error.message;
    return unavailable(`a packet socket on "${options.interface}" cannot be opened: ${why}`);
  }
  return { kind: 'open', native, fd, index: found.index, mac: found.mac, mtu: found.mtu };
}

function unavailable(reason: string): Unavailable {
  return { kind: 'unavailable', reason };
}
