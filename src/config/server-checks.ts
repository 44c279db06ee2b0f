import { formatIpv4 } from '../net/ipv4.ts';
import type { Facts } from './facts.ts';
import { type Finding, warningAt } from './problem.ts';

/** What of the server's own settings is allowed and deserves a thought. */
export function checkServer({ config }: Facts): Finding[] {
  const { listen } = config.server.admin;
  if (listen === null || listen.address >>> 24 === 127) return [];
  const message = `${formatIpv4(listen.address)} is reached from outside, and the admin API is plain HTTP: put a TLS proxy before it, or listen on 127.0.0.1`;
  return [warningAt(['server', 'admin', 'listen'], message)];
}
