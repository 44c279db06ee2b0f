import type { Rule } from './rule.ts';
import { discovers, hasConfig, heard, type View } from './view.ts';
import { whoIs } from './words.ts';

/** What iPXE was told and its build cannot do. */

/** What iPXE was told to load, by us or by somebody else, since it asked. */
function toldToIpxe(view: View) {
  const asked = discovers(view.events, 'ipxe').at(-1);
  const loads = asked?.data.loads;
  if (asked === undefined || loads === undefined || hasConfig(view)) return undefined;
  const told = heard(view.events, 'dhcp.offer', 'dhcp.ack', 'dhcp.proxy-offer', 'dhcp.other-answer').findLast(
    ({ data, seq }) => data.bootFile !== undefined && seq > asked.seq,
  );
  if (told === undefined || view.fetches.some(({ event, via }) => via === 'http' && event.seq > told.seq))
    return undefined;
  return { asked, told, url: told.data.bootFile ?? '', loads };
}

/** Case 25. */
const ipxeNoHttps: Rule = {
  id: 'ipxe-no-https',
  when: ['dhcp.discover'],
  help: 'iPXE was told an https URL and its build has no HTTPS (“Operation not permitted”, “not supported”). Builds in network cards seldom have it. Name an http URL where the https one comes from, or chain a full iPXE first. rackready itself never names https.',
  find(view) {
    const found = toldToIpxe(view);
    if (found === undefined || !/^https:/.test(found.url) || found.loads.includes('https')) return undefined;
    return {
      evidence: [found.asked, found.told],
      confidence: 0.85,
      cause: `the iPXE of ${whoIs(view)} was told to load ${found.url}, and this build has no HTTPS (it has ${found.loads.join(', ') || 'TFTP only'})`,
      remedy: 'Name an http URL instead, or leave the boot file to rackready, which names none with https',
    };
  },
};

/** Case 27. */
const ipxeNoHttp: Rule = {
  id: 'ipxe-no-http',
  when: ['dhcp.discover'],
  help: 'iPXE was told an http URL and its build has no HTTP. rackready sees that in its request and then names a TFTP address, so the URL came from another DHCP server. Take the boot file off that server.',
  find(view) {
    const found = toldToIpxe(view);
    if (found === undefined || !/^http:/.test(found.url) || found.loads.includes('http')) return undefined;
    return {
      evidence: [found.asked, found.told],
      confidence: 0.85,
      cause: `the iPXE of ${whoIs(view)} was told to load ${found.url}, and this build has no HTTP`,
      remedy: 'Take the boot file off the DHCP server that names it; rackready names a TFTP address to such a build',
    };
  },
};

export const ipxeRules: readonly Rule[] = [ipxeNoHttps, ipxeNoHttp];
