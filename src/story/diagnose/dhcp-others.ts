import type { Rule } from './rule.ts';
import { after, heard, isFirmware, isStuckAfter, lacksItsScheme, senderOf, type View } from './view.ts';
import { since, whoIs } from './words.ts';

/** Other DHCP servers on the same network. */

const NOT_FOLLOWED_MS = 15_000;
/** iPXE on UEFI waits for IPv6 before it loads anything: firmware.ts knows how long. */
const NOT_FOLLOWED_IPXE_MS = 60_000;
/** Clients repeat a DISCOVER sooner than they start over. */
const AGAIN_MS = 10_000;

/** "172.22.10.3 (02:00:00:00:00:01)", with the MAC where some event told it. */
function serverName(view: View, server: string): string {
  const told = heard(view.trace.around, 'dhcp.stranger', 'dhcp.other-server').findLast(
    ({ data }) => data.server === server,
  );
  return told?.data.serverMac === undefined ? server : `${server} (${told.data.serverMac})`;
}

/** The newest choice of another server that nothing of ours followed. */
function chosen(view: View) {
  const choice = heard(view.events, 'dhcp.chose-other').at(-1);
  if (choice === undefined) return undefined;
  const later = after(view.events, choice);
  // The end of what it loaded before may be told a moment late.
  const isBack = later.some(({ id }) => /^(dhcp\.ack|boot\.config|(tftp|http)\.start|answer\..+)$/.test(id));
  if (isBack) return undefined;
  const before = heard(view.events, 'dhcp.ack').findLast(({ seq }) => seq < choice.seq);
  return { choice, before };
}

/** Case 3. */
const otherDhcpServer: Rule = {
  id: 'other-dhcp-server',
  when: ['dhcp.chose-other'],
  help: 'The machine heard our offer and took that of another DHCP server: a home router, a Windows server, a dnsmasq that somebody started. Find it by its address and MAC (`rackready doctor` asks which servers answer), and turn it off on this network; or, when that server is to stay, set `mode: proxy` under `dhcp` of the network: it then gives out the addresses, and rackready says what to boot.',
  find(view) {
    const found = chosen(view);
    if (found === undefined || found.before !== undefined) return undefined;
    const { choice } = found;
    return {
      evidence: [choice],
      confidence: 0.9,
      cause: `${whoIs(view)} took ${choice.data.address} from another DHCP server, ${serverName(view, choice.data.server)}`,
      remedy: `Turn off the DHCP server at ${choice.data.server} on this network, or set \`mode: proxy\` under \`dhcp\` of network ${choice.network ?? 'NAME'}`,
    };
  },
};

/** Case 22. */
const otherServerLater: Rule = {
  id: 'other-server-later',
  when: ['dhcp.chose-other'],
  help: 'The firmware took our address, and a later stage (iPXE, GRUB, the installer) took that of another DHCP server: two servers answer, and each stage takes whoever is first. What is loaded then comes from elsewhere, and an installer may get a lease without a router or name servers. Turn the other server off, or set `mode: proxy` under `dhcp` of the network.',
  find(view) {
    const found = chosen(view);
    if (found?.before === undefined) return undefined;
    const { choice, before } = found;
    const who = choice.data.client ?? 'the next stage';
    return {
      evidence: [before, choice],
      confidence: 0.9,
      cause: `${whoIs(view)} had ${before.data.address} from us as ${before.data.client}, then as ${who} took ${choice.data.address} from another DHCP server, ${serverName(view, choice.data.server)}`,
      remedy: `Turn off the DHCP server at ${choice.data.server} on this network, or set \`mode: proxy\` under \`dhcp\` of network ${choice.network ?? 'NAME'}`,
    };
  },
};

/** Case 4. */
const otherServerNaks: Rule = {
  id: 'other-server-naks',
  when: ['dhcp.other-nak'],
  help: 'Sometimes it boots, sometimes it does not: two servers both think the network theirs, and the other one answers our machine’s REQUEST with a NAK. EDK2 and GRUB give up at once. Only one authoritative server may be on a network: turn the other off (in ISC dhcpd, `not authoritative`, or no `subnet` for this network), or set `mode: proxy` here.',
  find(view) {
    const nak = heard(view.events, 'dhcp.other-nak').at(-1);
    if (nak === undefined) return undefined;
    if (after(view.events, nak).some(({ id }) => /^(tftp|http|boot|answer)\./.test(id))) return undefined;
    const why = nak.data.reason === undefined ? '' : ` (“${nak.data.reason}”)`;
    return {
      evidence: [...heard(view.events, 'dhcp.ack').slice(-1), nak],
      confidence: 0.95,
      cause: `another DHCP server, ${serverName(view, nak.data.server)}, refuses the address that ${whoIs(view)} has from us${why}`,
      remedy: `Turn off the DHCP server at ${nak.data.server}, or make it not authoritative for this network`,
    };
  },
};

/** Case 5. */
const bootServerSilent: Rule = {
  id: 'boot-server-silent',
  when: ['dhcp.other-answer', 'dhcp.ignored'],
  help: 'PXE-E55 or PXE-E16 after 7 to 15 seconds: a DHCP answer said option 60 "PXEClient" without saying how to find the boot server, so the firmware asks its sender on port 4011, where nobody answers. It is often left over from a Windows deployment server (WDS). Remove option 60 on that DHCP server. Our own answers carry option 60 only where firmware takes it well.',
  find(view) {
    const answer = heard(view.events, 'dhcp.other-answer').findLast(
      ({ data }) => data.vendorClass === 'PXEClient' && data.hasDiscovery === false && data.bootFile === undefined,
    );
    const ignored = heard(view.events, 'dhcp.ignored').findLast(({ data }) => data.port === 4011);
    const shown = answer ?? ignored;
    if (shown === undefined || !isLeftThere(view, shown)) return undefined;
    const cause = answer
      ? `another DHCP server, ${serverName(view, answer.data.server)}, says option 60 “PXEClient” and names no boot server, so the firmware waits for it on port 4011`
      : `the firmware asks our boot server on port 4011 and gets no answer: ${ignored?.data.reason}`;
    return {
      evidence: [...(answer ? [answer] : []), ...(ignored ? [ignored] : [])],
      confidence: answer ? 0.85 : 0.6,
      cause,
      remedy: answer
        ? `Remove option 60 (vendor class “PXEClient”) from the DHCP server at ${answer.data.server}`
        : 'Give the machine something to boot: name it under `machines`, and look at `rackready doctor` for missing boot loaders',
    };
  },
};

/** Nothing was loaded from us since. */
function isLeftThere(view: View, event: Parameters<typeof after>[1]): boolean {
  const later = after(view.events, event);
  if (later.some(({ id }) => /^(tftp|http|boot|answer)\./.test(id))) return false;
  const again = later.some(({ id, data }) => id === 'dhcp.discover' && isFirmware(String(data.client)));
  return again || view.now - event.time >= NOT_FOLLOWED_MS;
}

/** Case 13. */
const tftpElsewhere: Rule = {
  id: 'tftp-elsewhere',
  when: ['dhcp.other-answer'],
  help: 'On a network where another server gives out the addresses (`mode: proxy`), that server names a boot file or a next server, too, and the machine follows it: it asks for its file elsewhere, or asks us for a name that we do not have. Remove options 66 and 67, `filename` and `next-server` (dnsmasq: `dhcp-boot`) there: only one server may say what to boot.',
  find(view) {
    const told = heard(view.events, 'dhcp.other-answer').findLast(({ data }) => data.bootFile !== undefined);
    const ours = heard(view.events, 'dhcp.proxy-offer').at(-1);
    if (told === undefined || ours === undefined) return undefined;
    const asked = heard(view.events, 'dhcp.discover').at(-1);
    // The same question once more, and our answer to it is on its way.
    if (asked !== undefined && asked.seq > ours.seq && asked.time - ours.time < AGAIN_MS) return undefined;
    const isIpxe = senderOf(asked?.data.client ?? '') === 'ipxe';
    if (!isStuckAfter(view, ours, isIpxe ? NOT_FOLLOWED_IPXE_MS : NOT_FOLLOWED_MS)) return undefined;
    const { server, bootFile, nextServer } = told.data;
    if (heard(view.events, 'dhcp.asks-proxy').length > 0) return undefined;
    if (lacksItsScheme(view, bootFile ?? '')) return undefined;
    return {
      evidence: [told, ours],
      confidence: 0.85,
      cause: `the DHCP server ${serverName(view, server)} tells ${whoIs(view)} to load ${bootFile} from ${nextServer}, and it has not asked us for ${ours.data.bootFile} in ${since(view, ours)}`,
      remedy: `Remove the boot file and next server (options 66 and 67, \`filename\`, \`next-server\`, \`dhcp-boot\`) from the DHCP server at ${server}`,
    };
  },
};

/** Case 9, as EDK2 has it: it sets the missing zero byte where the next option begins, in its own copy of the offer. */
const offerSpoilt: Rule = {
  id: 'offer-spoilt',
  when: ['dhcp.asks-proxy'],
  help: 'On a network where another server gives out the addresses (`mode: proxy`), the machine asks rackready for one, and gives up after four tries: its firmware could not use the other server’s offer and took ours for it. EDK2 (OVMF, and most UEFI firmware) does so when that offer has a boot file in option 67 without a zero byte at its end, as ISC dhcpd sends it for `option bootfile-name`. Take the boot file off that server: rackready says what to boot. If it has to stay, name it in the `file` field (`filename`), or end the option with a zero byte (ISC: `\\000` at the end of the text).',
  find(view) {
    const asked = heard(view.events, 'dhcp.asks-proxy').at(-1);
    if (asked === undefined || after(view.events, asked).some(({ id }) => /^(tftp|http|boot)\./.test(id)))
      return undefined;
    const told = heard(view.events, 'dhcp.other-answer').findLast(({ data }) => data.bootFile !== undefined);
    const offer = told
      ? `the offer of DHCP server ${serverName(view, told.data.server)}, which names ${told.data.bootFile}`
      : 'the offer of the DHCP server';
    return {
      evidence: [...(told ? [told] : []), asked],
      confidence: told ? 0.9 : 0.7,
      cause: `${whoIs(view)} asks us for an address, which we do not give here: its firmware could not use ${offer}`,
      remedy: told
        ? `Take the boot file off the DHCP server at ${told.data.server} (option 67), or end it with a zero byte`
        : 'Look at what the DHCP server says about booting: option 67 there, if any, needs a zero byte at its end',
    };
  },
};

export const otherServerRules: readonly Rule[] = [
  otherDhcpServer,
  otherServerLater,
  otherServerNaks,
  bootServerSilent,
  tftpElsewhere,
  offerSpoilt,
];
