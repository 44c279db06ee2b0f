import assert from 'node:assert/strict';

/** A DHCP reply as a test reads it, without the decoder under test. Addresses are dotted text, options hex. */
export interface WireReply {
  readonly hex: string;
  readonly op: number;
  readonly xid: string;
  readonly flags: number;
  readonly ciaddr: string;
  readonly yiaddr: string;
  readonly siaddr: string;
  readonly giaddr: string;
  readonly mac: string;
  readonly sname: string;
  readonly file: string;
  /** Option 53; undefined in a BOOTP reply. */
  readonly type: number | undefined;
  readonly options: ReadonlyMap<number, string>;
  /** Option codes in the order in which they stand. */
  readonly order: readonly number[];
}

export const OFFER = 2;
export const ACK = 5;
export const NAK = 6;

export function readReply(bytes: Buffer): WireReply {
  assert.equal(bytes.toString('hex', 236, 240), '63825363', 'the magic cookie');
  const options = new Map<number, string>();
  const order: number[] = [];
  let at = 240;
  for (;;) {
    const code = bytes[at];
    assert.notEqual(code, undefined, 'the options have an end');
    if (code === undefined || code === 255) break;
    if (code === 0) {
      at += 1;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    assert.ok(at + 2 + length < bytes.length, `option ${code} fits the message`);
    options.set(code, (options.get(code) ?? '') + bytes.toString('hex', at + 2, at + 2 + length));
    order.push(code);
    at += 2 + length;
  }
  const type = options.get(53);
  return {
    hex: bytes.toString('hex'),
    op: bytes[0] ?? 0,
    xid: bytes.toString('hex', 4, 8),
    flags: bytes.readUInt16BE(10),
    ciaddr: dotted(bytes, 12),
    yiaddr: dotted(bytes, 16),
    siaddr: dotted(bytes, 20),
    giaddr: dotted(bytes, 24),
    mac: [...bytes.subarray(28, 34)].map((byte) => byte.toString(16).padStart(2, '0')).join(':'),
    sname: text(bytes.subarray(44, 108)),
    file: text(bytes.subarray(108, 236)),
    type: type === undefined ? undefined : Number.parseInt(type, 16),
    options,
    order,
  };
}

/** Option values in the form people write them. */
export function optionAddresses(reply: WireReply, code: number): readonly string[] {
  const bytes = Buffer.from(reply.options.get(code) ?? '', 'hex');
  return Array.from({ length: bytes.length / 4 }, (_, index) => dotted(bytes, index * 4));
}

export function optionText(reply: WireReply, code: number): string | undefined {
  const hex = reply.options.get(code);
  return hex === undefined ? undefined : text(Buffer.from(hex, 'hex'));
}

export function optionNumber(reply: WireReply, code: number): number | undefined {
  const hex = reply.options.get(code);
  return hex === undefined ? undefined : Number.parseInt(hex, 16);
}

function dotted(bytes: Buffer, at: number): string {
  return [...bytes.subarray(at, at + 4)].join('.');
}

function text(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
}
