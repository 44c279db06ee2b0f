import { formatBytes, formatPart } from '../../net/amounts.ts';
import type { Rule } from './rule.ts';
import { after, type Heard, hasInstaller, heard, type View } from './view.ts';
import { span, whoIs } from './words.ts';

/** Transfers that stand still or crawl. */

const SLOW_BYTES_PER_SECOND = 300_000;
const SLOW_FROM_BYTES = 8_000_000;
const LOSS_FROM_BLOCKS = 500;
const LOSS = 0.02;
const LET_THROUGH =
  'Let UDP from this host’s ports through to the machine (set `server.tftp.ports` to a range for the rule), or load nf_conntrack_tftp on the firewall between';
const HTTP_STALL_BYTES = 256 * 1024;

/** Whether this file has come through since. */
function hasArrived(
  { events }: View,
  stalled: { readonly seq: number; readonly data: { readonly file: string } },
): boolean {
  const later = events.filter(({ seq }) => seq > stalled.seq);
  return later.some(({ id, data }) => (id === 'tftp.done' && data.file === stalled.data.file) || id === 'boot.config');
}

function newestStall(view: View): Heard<'tftp.stalled'> | undefined {
  const stall = heard(view.events, 'tftp.stalled').at(-1);
  return stall && !hasArrived(view, stall) ? stall : undefined;
}

function isTooLarge({ data }: Heard<'tftp.stalled'>): boolean {
  return data.how === 'too-large' && (data.blockSize ?? 0) > 512;
}

/** Case 12 a. */
const tftpAnswersLost: Rule = {
  id: 'tftp-answers-lost',
  when: ['tftp.stalled', 'tftp.unanswered'],
  help: 'PXE-E32, “TFTP open timeout”: the request reaches us, the answer does not come back. TFTP answers from another port than 69, which stateful firewalls and container bridges drop unless they follow TFTP (conntrack helper `nf_conntrack_tftp`). Allow UDP from this host’s transfer ports: `server.tftp.ports` fixes them to a range. In a container, use the host’s network.',
  find(view) {
    const stall = newestStall(view);
    const unheard = heard(view.events, 'tftp.unanswered').at(-1);
    if (unheard && (stall === undefined || stall.seq < unheard.seq)) return unheardYet(view, unheard);
    if (stall === undefined || stall.data.bytes > 0 || stall.data.how === 'silent' || isTooLarge(stall))
      return undefined;
    const starts = heard(view.events, 'tftp.stalled', 'tftp.start').filter(({ data }) => data.file === stall.data.file);
    return {
      evidence: starts,
      confidence: 0.85,
      cause: `${whoIs(view)} asked for ${stall.data.file} and none of our answers reached it in ${stall.data.seconds} s: something drops UDP from our transfer ports`,
      remedy: LET_THROUGH,
    };
  },
};

function unheardYet(view: View, unheard: Heard<'tftp.unanswered'>) {
  if (after(view.events, unheard).some(({ id }) => id.startsWith('tftp.') || id.startsWith('http.'))) return undefined;
  return {
    evidence: [unheard],
    confidence: 0.75,
    cause: `${whoIs(view)} asked for ${unheard.data.file} and answers nothing of what it is sent: something drops UDP from our transfer ports`,
    remedy: LET_THROUGH,
  };
}

/** Case 29. */
const pathMtu: Rule = {
  id: 'path-mtu',
  when: ['tftp.stalled', 'tftp.smaller-blocks', 'http.aborted'],
  help: 'The request and small files get through, the first full block never does: a tunnel, VXLAN or VLAN tag on the way makes frames larger than the path carries, and boot firmware takes no fragments. rackready gives that machine smaller blocks from its next try on, for a day. For good: set `mtu` of the network to what the path carries (1450 for VXLAN, 1420 for WireGuard), or mend the path. Over HTTP the same looks like a download that stands still after some 100 kB.',
  find(view) {
    const shrunk = heard(view.events, 'tftp.smaller-blocks').at(-1);
    const stall = newestStall(view);
    const stalled = stall && isTooLarge(stall) ? stall : undefined;
    const shown = stalled ?? (shrunk && !hasArrived(view, shrunk) ? shrunk : undefined);
    if (shown === undefined) return stalledOverHttp(view);
    const blockSize = shown.data.blockSize ?? 0;
    const small = heard(view.events, 'tftp.done').filter(({ data }) => data.bytes <= 512);
    return {
      evidence: [...small.slice(-1), ...(shrunk ? [shrunk] : []), ...(stalled ? [stalled] : [])],
      confidence: small.length > 0 ? 0.95 : 0.85,
      cause: `the first block of ${shown.data.file}, ${blockSize} bytes, does not reach ${whoIs(view)}: the path carries less than ${blockSize + 32} bytes`,
      remedy: `Set \`mtu\` of network ${shown.network ?? 'NAME'} to what the path carries, or mend the path`,
      applied: shrunk && `its next transfers have blocks of ${shrunk.data.next} bytes`,
    };
  },
};

function stalledOverHttp(view: View) {
  const aborted = heard(view.events, 'http.aborted').filter(
    ({ data }) => data.bytes > 0 && data.bytes < HTTP_STALL_BYTES && data.ofBytes > data.bytes,
  );
  const last = aborted.at(-1);
  if (last === undefined || aborted.length < 2) return undefined;
  if (after(view.events, last).some(({ id }) => id === 'http.done')) return undefined;
  return {
    evidence: aborted,
    confidence: 0.6,
    cause: `${aborted.length} downloads of ${whoIs(view)} broke off within the first ${Math.round(HTTP_STALL_BYTES / 1024)} kB (${last.data.path}: ${formatPart(last.data.bytes, last.data.ofBytes)}), as they do where the path carries less than full frames`,
    remedy: `Set \`mtu\` of network ${last.network ?? 'NAME'} to what the path carries, or mend the path`,
  };
}

/** Case 30. */
const blockRollover: Rule = {
  id: 'block-rollover',
  when: ['tftp.stalled', 'tftp.aborted'],
  help: 'The transfer stops at block 65535, which is 32 MB with blocks of 512 bytes, 64 MB with 1024, 92 MB with 1468: the block number has 16 bits, and this client (or something on the way) cannot begin again at 0. Load large files over HTTP: iPXE and GRUB with HTTP do so by themselves. A larger block size moves the limit.',
  find(view) {
    const stopped = heard(view.events, 'tftp.stalled', 'tftp.aborted').findLast(({ data }) => {
      const blocks = data.bytes / (data.blockSize ?? Number.POSITIVE_INFINITY);
      return blocks >= 65_533 && blocks <= 65_536;
    });
    if (stopped === undefined || hasArrived(view, stopped)) return undefined;
    const { file, bytes, ofBytes, blockSize } = stopped.data;
    return {
      evidence: [stopped],
      confidence: 0.9,
      cause: `${whoIs(view)} stopped in ${file} at ${bytes} of ${ofBytes} bytes, block 65535 of ${blockSize} bytes: it cannot count further`,
      remedy:
        'Have it load over HTTP (`loader: ipxe` for the machine), or with larger blocks (`server.tftp.maxBlockSize`)',
    };
  },
};

/** Case 28. */
const slowTransfer: Rule = {
  id: 'slow-transfer',
  when: ['tftp.done', 'http.done'],
  help: 'Loading takes minutes. By TFTP with blocks sent again: packets are lost on the way (a bad cable, a duplex mismatch, a congested link); look at the error counters of the switch port. By TFTP without: the client takes small blocks one by one, as shim does with 512 bytes, and each block waits for the round trip. HTTP is many times faster: iPXE and GRUB with HTTP take it by themselves. Over HTTP: the way carries no more, or loses much: look which speed the ports agreed on (10 Mbit/s is 1.2 MB/s), at their error counters, and at what else is on the way. GRUB may also be slow by the firmware’s driver of the card; iPXE has drivers of its own (`loader: ipxe`).',
  find(view) {
    if (hasInstaller(view)) return undefined;
    const crawled = heard(view.events, 'tftp.done', 'http.done').findLast((one) =>
      one.id === 'tftp.done' ? lossOf(one.data) > LOSS || isSlow(one.data) : isSlow(one.data),
    );
    if (crawled === undefined) return undefined;
    return { evidence: [crawled], ...(crawled.id === 'tftp.done' ? whyTftp(view, crawled) : whyHttp(view, crawled)) };
  },
};

function whyTftp(view: View, { data }: Heard<'tftp.done'>) {
  const { file, ms, blockSize = 512 } = data;
  const loss = lossOf(data);
  const isLossy = loss > LOSS;
  return {
    confidence: isLossy ? 0.75 : 0.5,
    cause: isLossy
      ? `${(loss * 100).toFixed(1)} % of the blocks of ${file} had to be sent again to ${whoIs(view)} (${rateOf(data)})`
      : `${whoIs(view)} took ${span(ms)} for ${file} (${rateOf(data)}, blocks of ${blockSize} bytes, one at a time)`,
    remedy: isLossy
      ? 'Look at the error counters of its switch port; change the cable; check that both ends agree on speed and duplex'
      : 'Have it load over HTTP: `loader: ipxe` for the machine, or the package of GRUB with HTTP',
  };
}

function whyHttp(view: View, { data }: Heard<'http.done'>) {
  const way = 'the speed that the ports on the way agreed on, their error counters, and what else is on the way';
  return {
    confidence: 0.5,
    cause: `${whoIs(view)} took ${span(data.ms)} for ${data.path} over HTTP (${rateOf(data)})`,
    remedy: data.userAgent.startsWith('GRUB')
      ? `Have iPXE load it, which has drivers of its own (\`loader: ipxe\` for the machine); if that is as slow, look at ${way}`
      : `Look at ${way}`,
  };
}

interface Taken {
  readonly bytes: number;
  readonly ms: number;
}

function rateOf({ bytes, ms }: Taken): string {
  return `${formatBytes((bytes / Math.max(ms, 1)) * 1000)}/s`;
}

function lossOf({ bytes, blockSize = 512, retransmits }: Heard<'tftp.done'>['data']): number {
  const blocks = bytes / blockSize;
  return blocks < LOSS_FROM_BLOCKS ? 0 : retransmits / blocks;
}

function isSlow({ bytes, ms }: Taken): boolean {
  return bytes >= SLOW_FROM_BYTES && (bytes / Math.max(ms, 1)) * 1000 < SLOW_BYTES_PER_SECOND;
}

export const transferRules: readonly Rule[] = [tftpAnswersLost, pathMtu, blockRollover, slowTransfer];
