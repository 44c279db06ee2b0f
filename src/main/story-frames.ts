/** Lengths of the head and of the body, 32 bits each, big endian. */
const PREFIX = 8;

/**
 * A message as it goes over the pipe between the main thread and the process of the stories: the lengths, then a short head as
 * JSON, then a body that whoever hands it on never looks into.
 */
export function frameOf(head: object, body?: Uint8Array): readonly Uint8Array[] {
  const bytes = Buffer.from(`${' '.repeat(PREFIX)}${JSON.stringify(head)}`);
  bytes.writeUInt32BE(bytes.length - PREFIX, 0);
  bytes.writeUInt32BE(body?.length ?? 0, 4);
  return body === undefined ? [bytes] : [bytes, body];
}

/**
 * Puts together what comes in pieces of any size. `take` gets each message once it is whole; a body that came in one piece is
 * part of that piece, and not copied.
 */
export function createFrameReader(take: (head: unknown, body: Uint8Array) => void): (piece: Buffer) => void {
  let held: Buffer[] = [];
  let size = 0;
  /** With fewer bytes there is nothing to do. */
  let wanted = PREFIX;
  return (piece) => {
    held.push(piece);
    size += piece.length;
    if (size < wanted) return;
    let rest = held.length === 1 ? piece : Buffer.concat(held, size);
    for (;;) {
      wanted = rest.length < PREFIX ? PREFIX : PREFIX + rest.readUInt32BE(0) + rest.readUInt32BE(4);
      if (rest.length < wanted) break;
      const bodyAt = PREFIX + rest.readUInt32BE(0);
      take(JSON.parse(rest.toString('utf8', PREFIX, bodyAt)), rest.subarray(bodyAt, wanted));
      rest = rest.subarray(wanted);
    }
    // An empty one would have the next piece copied.
    held = rest.length === 0 ? [] : [rest];
    size = rest.length;
  };
}
