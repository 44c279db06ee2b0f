import type { Ipv4 } from '../net/ipv4.ts';
import type { Mac } from '../net/mac.ts';
import type { CapturedDatagram } from '../wire/pcap.ts';

/** A datagram that was just received or is being sent; `length` where not all of its payload is given. */
export type Passing = Omit<CapturedDatagram, 'time' | 'length'> & { readonly length?: number | undefined };

/** The last datagrams of each machine: DHCP by its MAC, TFTP (without the files) by its address. */
export interface Tapes {
  /** Costs an answer no more than a note: the bytes are copied when the turn of the event loop is over. */
  record(of: Mac | Ipv4, datagram: Passing): void;
  /** What there is of these between two times (ms since 1970), ascending, without tokens. */
  read(of: readonly (Mac | Ipv4)[], from: number, to: number): CapturedDatagram[];
}

export interface TapeLimits {
  /** Of one MAC or address. */
  readonly datagrams: number;
  /** Of all. */
  readonly bytes: number;
}

const defaultLimits: TapeLimits = { datagrams: 100, bytes: 16 * 1024 * 1024 };
/** A rack of 1,000 that boots comes to some hundreds. Of a storm nobody wants a record, and answering comes first. */
const MOST_A_SECOND = 4_000;
/** What a datagram takes besides its bytes. */
const OVERHEAD = 160;

interface Tape {
  datagrams: CapturedDatagram[];
}

export function createTapes(now: () => number, limits: TapeLimits = defaultLimits): Tapes {
  /** The one that was written last stands last. */
  const tapes = new Map<Mac | Ipv4, Tape>();
  let waiting: { readonly of: Mac | Ipv4; readonly datagram: Passing; readonly time: number }[] = [];
  let held = 0;
  let window = { second: 0, count: 0 };

  const forget = (datagrams: readonly CapturedDatagram[]) => {
    for (const { bytes } of datagrams) held -= bytes.length + OVERHEAD;
  };
  const put = (of: Mac | Ipv4, datagram: CapturedDatagram) => {
    const tape = tapes.get(of) ?? { datagrams: [] };
    tapes.delete(of);
    tapes.set(of, tape);
    tape.datagrams.push(datagram);
    held += datagram.bytes.length + OVERHEAD;
    if (tape.datagrams.length > limits.datagrams * 1.25) {
      forget(tape.datagrams.slice(0, -limits.datagrams));
      tape.datagrams = tape.datagrams.slice(-limits.datagrams);
    }
    while (held > limits.bytes) {
      const [oldest] = tapes;
      if (oldest === undefined) return;
      forget(oldest[1].datagrams);
      tapes.delete(oldest[0]);
    }
  };
  const settle = () => {
    const now = waiting;
    waiting = [];
    for (const { of, datagram, time } of now) {
      // Exactly its own bytes: what was received may lie in memory that is shared with others.
      put(of, {
        ...datagram,
        time,
        bytes: new Uint8Array(datagram.bytes),
        length: datagram.length ?? datagram.bytes.length,
      });
    }
  };
  return {
    record: (of, datagram) => {
      const time = now();
      const second = Math.floor(time / 1000);
      if (second !== window.second) window = { second, count: 0 };
      if (++window.count > MOST_A_SECOND) return;
      if (waiting.length === 0) setImmediate(settle);
      waiting.push({ of, datagram, time });
    },
    read: (of, from, to) => {
      settle();
      const found = of.flatMap((one) => tapes.get(one)?.datagrams ?? []);
      return found
        .filter(({ time }) => time >= from && time < to)
        .sort((a, b) => a.time - b.time)
        .map(withoutTokens);
    },
  };
}

const DHCP_PORTS = [67, 68, 4011];
/** RRQ, WRQ and ERROR have text in them. */
const TFTP_TEXTS = [1, 2, 5];

/** In requests and in errors that repeat the name; more is hidden here than in events, where texts are for people. */
const TOKEN = /((?:answer|report)(?:[/\\]|%2f)+)[^/\\\s\0"'<>]+/gi;

/** A file that is asked for by its URL has the grant's token in its name. */
function withoutTokens(datagram: CapturedDatagram): CapturedDatagram {
  const { bytes, destinationPort, sourcePort } = datagram;
  const isDhcp = DHCP_PORTS.includes(destinationPort) || DHCP_PORTS.includes(sourcePort);
  if (isDhcp || !TFTP_TEXTS.includes(bytes[1] ?? 0)) return datagram;
  const text = Buffer.from(bytes).toString('latin1');
  const hidden = text.replace(TOKEN, '$1...');
  if (hidden === text) return datagram;
  const shown = Uint8Array.from(Buffer.from(hidden, 'latin1'));
  return { ...datagram, bytes: shown, length: shown.length };
}
