import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { RackClient } from '../../src/lab/rack.ts';
import { type Ended, type Running, runProgram, startProgram } from './segment.ts';
import { newFolder } from './server.ts';

/*
 * DHCP clients that nobody here wrote. Their scripts print one line a state change and give the interface the address, so
 * that a renewal goes out as unicast.
 */

const UDHCPC_SCRIPT = `#!/bin/sh
case "$1" in
  deconfig) ip address flush dev "$interface" ;;
  bound|renew)
    ip address replace "$ip/24" dev "$interface"
    echo "$1 ip=$ip subnet=$subnet router=$router dns=$dns domain=$domain hostname=$hostname siaddr=$siaddr file=$boot_file lease=$lease serverid=$serverid." ;;
  *) echo "$1." ;;
esac
exit 0
`;

const DHCLIENT_SCRIPT = `#!/bin/sh
case "$reason" in
  PREINIT|EXPIRE|RELEASE|STOP|FAIL) ip address flush dev "$interface"; echo "$reason." ;;
  BOUND|RENEW|REBIND|REBOOT)
    echo "$reason ip=$new_ip_address domain=$new_domain_name lease=$new_dhcp_lease_time serverid=$new_dhcp_server_identifier."
    if [ -n "$DECLINE_FLAG" ] && [ -e "$DECLINE_FLAG" ]; then rm "$DECLINE_FLAG"; exit 1; fi
    ip address replace "$new_ip_address/24" dev "$interface" ;;
esac
exit 0
`;

function script(name: string, text: string): string {
  const path = join(newFolder(name), 'script');
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

/** udhcpc in the foreground; SIGUSR1 renews, SIGUSR2 releases. */
export function startUdhcpc(t: TestContext, client: RackClient, ...args: string[]): Running {
  const path = script('udhcpc', UDHCPC_SCRIPT);
  return startProgram(t, [...client.prefix, 'udhcpc', '-i', client.interfaceName, '-f', '-s', path, ...args]);
}

/** udhcpc until it has a lease, or gives up after some tries. */
export function runUdhcpc(client: RackClient, ...args: string[]): Promise<Ended> {
  const path = script('udhcpc', UDHCPC_SCRIPT);
  const words = ['udhcpc', '-i', client.interfaceName, '-f', '-q', '-n', '-t', '4', '-T', '1', '-s', path, ...args];
  return runProgram([...client.prefix, ...words]);
}

export interface Dhclient {
  readonly running: Running;
  /** `dhclient -r`: gives the lease back and ends the running one. */
  release(): Promise<Ended>;
}

/**
 * dhclient in the foreground. `config` is the text of its dhclient.conf; `declineFlag` a file that makes it decline once;
 * `remembers` an address that it had from us before, and asks for again (INIT-REBOOT).
 */
export function startDhclient(
  t: TestContext,
  client: RackClient,
  options: { readonly config?: string; readonly declineFlag?: string; readonly remembers?: string } = {},
): Dhclient {
  const folder = newFolder('dhclient');
  const config = join(folder, 'dhclient.conf');
  const asking = 'request subnet-mask, routers, domain-name, domain-name-servers, host-name;';
  writeFileSync(config, `initial-delay 0;\n${asking}\n${options.config ?? ''}\n`);
  if (options.remembers !== undefined) {
    writeFileSync(join(folder, 'leases'), rememberedLease(client.interfaceName, options.remembers));
  }
  const flag = options.declineFlag === undefined ? [] : ['-e', `DECLINE_FLAG=${options.declineFlag}`];
  const files = ['-cf', config, '-lf', join(folder, 'leases'), '-pf', join(folder, 'pid')];
  const common = ['dhclient', '-4', '-v', ...flag, '-sf', script('dhclient', DHCLIENT_SCRIPT), ...files];
  const running = startProgram(t, [...client.prefix, ...common, '-d', client.interfaceName]);
  return { running, release: () => runProgram([...client.prefix, ...common, '-r', client.interfaceName]) };
}

function rememberedLease(interfaceName: string, address: string): string {
  const options = 'option subnet-mask 255.255.255.0; option dhcp-lease-time 3600;';
  const until = ['renew', 'rebind', 'expire'].map((word) => `${word} never;`).join(' ');
  return `lease { interface "${interfaceName}"; fixed-address ${address}; ${options} ${until} }\n`;
}
