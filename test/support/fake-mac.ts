import type { TestContext } from 'node:test';
import type { Rack, RackClient } from '../../src/lab/rack.ts';
import { ipv4 } from '../../src/net/ipv4.ts';
import { macBytes, mac as macOf } from '../../src/net/mac.ts';
import { type BsdpReply, decodeBsdpReply } from '../../src/wire/bsdp/reply.ts';
import { encodeAppleClass } from '../../src/wire/bsdp/vendor-class.ts';
import { decodePacket, encodeQuestion, optionInstances } from '../../src/wire/dhcp4/packet.ts';
import { type Heard, ip, openReplayer, type Replayer } from './segment.ts';

/** A Mac for tests that want each datagram by itself: asks as firmware or Startup Disk does, with bytes that a test names. */
export interface TestMac {
  readonly client: RackClient;
  readonly replayer: Replayer;
  /** Sends an INFORM; `area` is option 43 in hex. Returns its transaction number. */
  inform(area: string, more?: InformParts): number;
  /** The same, and the reply to it. */
  ask(area: string, more?: InformParts): Promise<MacReply>;
  /** DISCOVER and REQUEST as a Mac: afterwards the server has a lease for it. */
  lease(): Promise<Heard>;
}

export interface InformParts {
  readonly model?: string;
  readonly arch?: string;
  /** The port that it is sent from, and waits on. */
  readonly port?: number;
  /** Option 57. */
  readonly maxBytes?: number;
}

export interface MacReply extends Heard {
  readonly bsdp: BsdpReply;
}

export const LIST = '010101 02020101';
export const SELECT = '010102 02020101';

interface MacOptions {
  readonly name: string;
  readonly mac: string;
  readonly address: string;
  readonly model?: string;
}

/** Puts a Mac on the segment. Its address is set from the start, as after its own DHCP. */
export async function addTestMac(t: TestContext, rack: Rack, options: MacOptions): Promise<TestMac> {
  const { name, mac, address, model: usual = 'Macmini6,2' } = options;
  const client = await rack.addClient(name, { mac });
  ip(`-n ${client.namespace} address add ${address}/24 dev ${client.interfaceName}`);
  const replayer = await openReplayer(t, client);
  const chaddr = macBytes(macOf(mac));
  let xid = 0x4d41_0000;
  const inform = (area: string, { model = usual, arch = 'i386', port = 68, maxBytes = 1500 }: InformParts = {}) => {
    xid++;
    const bytes = encodeQuestion({
      chaddr,
      xid,
      type: 'inform',
      ciaddr: ipv4(address),
      options: [
        [55, Uint8Array.of(1, 3, 43, 60)],
        [57, Uint8Array.of(maxBytes >> 8, maxBytes & 255)],
        [60, encodeAppleClass(arch, model)],
        [43, Uint8Array.from(Buffer.from(area.replaceAll(' ', ''), 'hex'))],
      ],
    });
    replayer.send(bytes, { address, port }, { address: '255.255.255.255', port: 67 });
    return xid;
  };
  const dhcp = async (type: 'discover' | 'request', options: readonly (readonly [number, Uint8Array])[]) => {
    xid++;
    const apple = [
      [60, encodeAppleClass('i386', usual)],
      [43, Uint8Array.of(2, 2, 1, 1)],
    ] as const;
    replayer.broadcast(encodeQuestion({ chaddr, xid, type, options: [...apple, ...options] }));
    return replayer.reply(xid);
  };
  return {
    client,
    replayer,
    inform,
    ask: async (area, more) => {
      const heard = await replayer.reply(inform(area, more));
      const packet = decodePacket(Buffer.from(heard.hex, 'hex'));
      return { ...heard, bsdp: decodeBsdpReply(optionInstances(packet, 43)) };
    },
    lease: async () => {
      const offer = await dhcp('discover', []);
      const quad = (text: string) => Uint8Array.from(text.split('.'), Number);
      const server = Uint8Array.from(Buffer.from(offer.options.get(54) ?? '', 'hex'));
      return dhcp('request', [
        [50, quad(offer.yiaddr)],
        [54, server],
      ]);
    },
  };
}
