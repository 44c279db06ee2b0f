import { existsSync } from 'node:fs';
import type { Mac } from '../net/mac.ts';
import { ProvisionError } from '../net/provision-error.ts';
import { isEnclosed } from './enclose.ts';
import { ip } from './ip.ts';
import { addClient, type RackClient } from './rack.ts';

export interface Attached extends RackClient {
  /** `macvlan` does not reach addresses of the interface itself: a server on this very computer is not heard. */
  readonly how: 'bridge' | 'macvlan';
}

/**
 * Puts a host of its own on the network of a real interface: with a port of a bridge, else with a macvlan beside the
 * computer's own card. The interface itself is not changed. It goes away with this process, whatever ends it, because its
 * namespace is known to this process's mount namespace only (enclose.ts, network `host`).
 */
export async function attachClient(interfaceName: string, mac: Mac): Promise<Attached> {
  if (!isEnclosed(process.env, 'host'))
    throw new Error('A client is attached inside private namespaces only (see enclose.ts)');
  if (!existsSync(`/sys/class/net/${interfaceName}`)) {
    throw new ProvisionError('no-interface', `There is no interface "${interfaceName}"`);
  }
  const namespace = 'mac';
  if (existsSync(`/sys/class/net/${interfaceName}/bridge`)) {
    return { ...(await addClient(interfaceName, namespace, `lab${process.pid}`, mac)), how: 'bridge' };
  }
  const card = 'eth0';
  await ip('netns', 'add', namespace);
  await ip(
    ...['link', 'add', 'link', interfaceName, 'name', card, 'address', mac, 'netns', namespace],
    ...['type', 'macvlan', 'mode', 'bridge'],
  );
  await ip('-n', namespace, 'link', 'set', 'lo', 'up');
  await ip('-n', namespace, 'link', 'set', card, 'up');
  const prefix = ['ip', 'netns', 'exec', namespace];
  return { namespace, interfaceName: card, prefix, how: 'macvlan' };
}
